"""Fixtures shared by all tests."""

from pathlib import Path

import pytest
import torch

from lowner_pl.corpus import Sentence, read_conll
from lowner_pl.nn.fresh import Kind, fresh_backbone

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "lowner_pl" / "assets" / "sample"
KINDS: tuple[Kind, ...] = ("xlm-roberta", "bert", "modernbert")
ALL_KINDS: tuple[Kind, ...] = (*KINDS, "multilingual")

torch.set_num_threads(1)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the Hugging Face hub out, however the tests are started."""
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


@pytest.fixture(scope="session")
def swahili() -> list[Sentence]:
    """The training sentences of the Swahili sample corpus."""
    return read_conll(SAMPLE / "sw" / "train.conll", language="sw")


@pytest.fixture(scope="session")
def backbones(tmp_path_factory: pytest.TempPathFactory, swahili: list[Sentence]) -> dict[str, Path]:
    """A tiny untrained backbone of each kind."""
    texts = [" ".join(sentence.words) for sentence in swahili]
    root = tmp_path_factory.mktemp("backbones")
    return {
        kind: fresh_backbone(root / kind, texts, kind=kind, vocabulary=400, hidden=16, heads=2)
        for kind in ALL_KINDS
    }


@pytest.fixture(scope="session")
def tiny(backbones: dict[str, Path]) -> str:
    """A tiny backbone of the XLM-R kind."""
    return str(backbones["xlm-roberta"])
