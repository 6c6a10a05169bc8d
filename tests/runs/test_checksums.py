import pytest
import torch

from lowner_pl.runs import checksums
from lowner_pl.runs.checksums import checksum, rounded_checksum


def test_a_rounded_checksum_is_that_of_the_rounded_tensor(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = torch.linspace(-3, 3, 35).view(5, 7)
    for at_once in (4, 35, 1000):
        monkeypatch.setattr(checksums, "_AT_ONCE", at_once)
        assert rounded_checksum(matrix) == checksum(matrix.bfloat16()) != checksum(matrix)
        assert rounded_checksum(matrix.T) == checksum(matrix.T.bfloat16())
