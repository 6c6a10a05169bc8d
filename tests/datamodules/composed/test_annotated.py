from pathlib import Path

import pytest

from lowner_pl.corpus import Sentence, write_conll
from lowner_pl.datamodules import AnnotatedDataModule
from tests.datamodules.corpus_folders import mine

FEW = [Sentence(("Zed", "sings"), ("B-PER", "O"))]


def test_only_the_training_sentences_are_those_of_the_file(tmp_path: Path) -> None:
    write_conll(tmp_path / "few.conll", FEW)
    source = mine()
    data = AnnotatedDataModule(source, file=tmp_path / "few.conll")
    assert data.sentences("train") == FEW
    assert data.sentences("dev") == source.sentences("dev")
    assert data.test_sets() == source.test_sets()
    assert (data.name, data.language) == (source.name, source.language)
    assert data.entity_types == source.entity_types
    assert data.seen_types == ("PER",)
    assert data.description()["train_size"] == data.description()["train_sentences"] == 1


def test_an_unknown_entity_type_is_refused(tmp_path: Path) -> None:
    write_conll(tmp_path / "odd.conll", [Sentence(("Zed",), ("B-GOD",))])
    with pytest.raises(ValueError, match="GOD"):
        AnnotatedDataModule(mine(), file=tmp_path / "odd.conll").sentences("train")
