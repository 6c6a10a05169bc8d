"""A tagger whose frozen embeddings stay in 4 bits per number tags as one with all of them."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from lowner_pl.annotation.suggest import choose
from lowner_pl.corpus import Sentence, entities_of
from lowner_pl.modules import MANERLightningModule, NERModule
from lowner_pl.nn import PackedTable
from lowner_pl.nn.backbones.files.packed_folder import PackedNumbers
from lowner_pl.runs.checkpoints import AtomicCheckpointIO
from lowner_pl.tagging import TextTagger, load
from lowner_pl.tagging.loading import load_run

from ..commands.backbones.test_backbones import checkpoint
from ..packed import pack
from ..running import small_backbone

pytestmark = pytest.mark.usefixtures("offline")

WORDS = [["Wangari", "Maathai", "alizaliwa", "Nyeri", "."], ["Nairobi"]]


@pytest.fixture
def backbone(tmp_path: Path) -> Path:
    return pack(small_backbone(), tmp_path / "backbone")


def written(backbone: Path, train_embeddings: str) -> Path:
    """Write a checkpoint of MANER, in which all that may be trained has changed."""
    options: dict[str, Any] = {
        "entity_types": ("PER", "LOC"),
        "backbone": str(backbone),
        "train_embeddings": train_embeddings,
    }
    torch.manual_seed(0)
    module = MANERLightningModule(**options)
    if train_embeddings == "used":
        module.train_rows(module.word_encoder.ids(["Wangari", "Nyeri"]))
    with torch.no_grad():
        for weight in module.trained_weights():
            weight.add_(0.1 * torch.randn_like(weight))
    file = backbone.parent / f"{train_embeddings}.ckpt"
    AtomicCheckpointIO().save_checkpoint({**checkpoint(module, **options), "epoch": 0}, file)
    return file


def table_of(module: Any) -> Any:
    return module.tagger.backbone.embeddings


def never(self: PackedNumbers) -> torch.Tensor:
    raise AssertionError(f"all vectors of {self} are computed")


@pytest.mark.parametrize("train_embeddings", ["used", "none"])
def test_it_tags_the_same_and_never_computes_the_whole_table(
    train_embeddings: str, backbone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(backbone, train_embeddings)
    whole: NERModule = load_run(file).module.eval()
    monkeypatch.setattr(PackedNumbers, "whole", never)
    tagger = load(file)
    assert isinstance(table_of(tagger.module), PackedTable)
    with torch.inference_mode():
        batch = whole.encode(sentences := [Sentence(tuple(words)) for words in WORDS], train=False)
        expected = whole.tagger(batch)
        assert tagger.module.tagger(batch).equal(expected)
        tags, _ = whole.tag_with_confidence(sentences, 1.0)
    assert any(tag != "O" for row in tags for tag in row)
    assert [[(e.start, e.end, e.type) for e in row] for row in tagger.tag_words(WORDS)] == [
        [(e.start, e.end, e.type) for e in entities_of(row)] for row in tags
    ]


def test_embeddings_that_were_trained_come_from_the_checkpoint(backbone: Path) -> None:
    file = written(backbone, "all")
    tagger, whole = load(file), load_run(file).module
    assert not isinstance(table_of(tagger.module), PackedTable)
    assert table_of(tagger.module).weight.equal(table_of(whole).weight)


def test_other_files_with_the_same_numbers_will_do_and_other_numbers_will_not(
    backbone: Path,
) -> None:
    file = written(backbone, "used")
    expected = load(file).tag_words(WORDS)
    config = backbone / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"note": "copied"}))
    tagger = load(file)
    assert isinstance(table_of(tagger.module), PackedTable)
    assert tagger.tag_words(WORDS) == expected
    with pytest.MonkeyPatch.context() as patch:
        whole = PackedNumbers.whole
        patch.setattr(PackedNumbers, "whole", lambda self: whole(self) + 1)
        with pytest.raises(ValueError, match=r"has another 'tagger\..*word_embeddings\.weight'"):
            load(file)


def test_sentences_are_chosen_with_dropout_as_by_the_whole_tagger(backbone: Path) -> None:
    file = written(backbone, "used")
    texts = ("Wangari alizaliwa Nyeri", "Rais yuko Nairobi leo", "Watoto wanapenda shule")
    pool = [Sentence(tuple(text.split())) for text in texts]
    taggers = load(file), TextTagger(load_run(file).module.eval(), language="sw")
    assert [isinstance(table_of(one.module), PackedTable) for one in taggers] == [True, False]
    packed, whole = (choose(one, pool, "bald", 2, 0) for one in taggers)
    assert packed == whole
