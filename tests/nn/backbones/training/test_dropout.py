"""Setting the dropout of a backbone."""

from pathlib import Path

import pytest
import torch

from lowner_pl.nn import load_backbone, set_dropout

from ....conftest import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_without_dropout_training_repeats_itself(kind: str, backbones: dict[str, Path]) -> None:
    backbone, _, _ = load_backbone(str(backbones[kind]))
    ids, lengths = torch.arange(5, 25), (12, 8)
    set_dropout(backbone, 0.5)
    assert not backbone(ids, lengths).equal(backbone(ids, lengths))
    set_dropout(backbone, 0.0)
    assert backbone(ids, lengths).equal(backbone(ids, lengths))
