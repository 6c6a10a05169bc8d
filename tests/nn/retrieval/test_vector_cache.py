from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import pytest
import torch
from torch import Tensor

from lowner_pl.nn.retrieval.vector_cache import VectorCache, key_of


def test_only_one_of_several_callers_computes_the_vectors(tmp_path: Path) -> None:
    made: list[int] = []

    def want(number: int) -> Tensor:
        def make() -> Tensor:
            sleep(0.2)
            made.append(number)
            return torch.full((3, 2), float(number))

        return VectorCache(tmp_path).get("key", 3, make)

    with ThreadPoolExecutor(4) as pool:
        vectors = list(pool.map(want, range(4)))
    assert len(made) == 1
    assert all(torch.equal(each, torch.full((3, 2), float(made[0]))) for each in vectors)


def test_a_failed_computation_leaves_no_file_and_can_be_repeated(tmp_path: Path) -> None:
    def fail() -> Tensor:
        raise FileNotFoundError("the backbone")

    with pytest.raises(FileNotFoundError, match=r"^the backbone$"):
        VectorCache(tmp_path).get("key", 1, fail)
    assert not list(tmp_path.glob("*.npz"))
    assert VectorCache(tmp_path).get("key", 1, lambda: torch.ones(1, 1)).item() == 1.0


def test_a_file_is_written_completely_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numpy.savez", full)
    with pytest.raises(OSError, match=r"`vector_cache` is .* \(No space left on device\)"):
        VectorCache(tmp_path).get("key", 1, lambda: torch.ones(1, 1))
    assert [file.suffix for file in tmp_path.iterdir()] == [".lock"]


def test_different_parts_give_different_keys() -> None:
    parts: list[tuple[object, ...]] = [
        (("a", "b"),),
        (("a b",),),
        (("a",), ("b",)),
        ("a", "b"),
        (("\udcff", "b"),),
    ]
    assert len({key_of(*part) for part in parts}) == len(parts)
    assert key_of(("a", "b")) == key_of(("a", "b"))
