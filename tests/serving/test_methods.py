"""Methods that need more than a batch of words: a CRF, and adaptation to each sentence."""

from pathlib import Path

import pytest
import torch

from lowner_pl.modules import MetaLightningModule, SNERLightningModule
from lowner_pl.tagging import TextTagger
from lowner_pl.tagging.run_files import RunFiles
from lowner_pl.tagging.support import support_of

from ..tagging.test_loading import EPISODES, TEXT
from .served import served, tag

TYPES = ("PER", "ORG", "LOC")


def as_called(tagger: TextTagger, text: str) -> list[tuple[int, int, str]]:
    """Return what a tagger finds, without a server."""
    return [(one.start, one.end, one.type) for one in tagger(text)]


def as_served(port: int, text: str) -> list[tuple[int, int, str]]:
    """Return what a server finds."""
    return [(one["start"], one["end"], one["type"]) for one in tag(port, text)["entities"]]


def test_a_crf_is_served(tiny: str) -> None:
    torch.manual_seed(0)
    module = SNERLightningModule(entity_types=TYPES, backbone=tiny, head="crf").eval()
    tagger = TextTagger(module)
    expected = as_called(tagger, TEXT)
    assert expected
    with served(tagger) as port:
        assert as_served(port, TEXT) == expected


@pytest.mark.usefixtures("offline")
def test_a_meta_learned_tagger_adapts_in_the_server(tiny: str) -> None:
    torch.manual_seed(0)
    module = MetaLightningModule(entity_types=TYPES, backbone=tiny).eval()
    before = {name: weight.clone() for name, weight in module.state_dict().items()}
    tagger = TextTagger(module, batches=support_of(EPISODES, RunFiles(Path("x.ckpt"), None)))
    expected = as_called(tagger, TEXT)
    assert expected
    with served(tagger) as port:
        assert as_served(port, TEXT) == expected
    assert all(weight.equal(before[name]) for name, weight in module.state_dict().items())
