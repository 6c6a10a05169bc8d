"""The file layouts of published corpora."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lowner_pl.corpus import write_conll
from lowner_pl.datamodules import (
    CoNLL2002DataModule,
    CoNLL2003DataModule,
    EuropeanaDataModule,
    MasakhaNERDataModule,
    MSRADataModule,
    NERDataModule,
    Split,
    WikiANNDataModule,
)
from lowner_pl.datamodules.corpora.folder import find_split
from tests.datamodules.corpus_folders import DATA, dutch, english, german, masakhaner, mine, spanish

SPLITS: tuple[Split, ...] = ("train", "dev", "test")


def test_the_first_file_that_exists_is_found(tmp_path: Path) -> None:
    (tmp_path / "b").touch()
    (tmp_path / "c").touch()
    (tmp_path / "a").mkdir()
    assert find_split(tmp_path, ["a", "b", "c"]) == tmp_path / "b"
    assert find_split(tmp_path, ["d"]) is None


@pytest.mark.parametrize(
    ("data", "words"),
    [(german(), "Jürgen"), (german(), "Käthe"), (spanish(), "Núñez"), (dutch(), "België")],
)
def test_latin_1_files_of_the_shared_tasks_are_read(data: NERDataModule, words: str) -> None:
    assert any(words in sentence.words for sentence in data.sentences("train"))


def test_copies_converted_to_utf_8_are_read_too(tmp_path: Path) -> None:
    for path in (DATA / "conll2003").glob("deu.*"):
        text = path.read_bytes().decode("latin-1")
        (tmp_path / path.name).write_text(text)
    converted = CoNLL2003DataModule(tmp_path, language="de")
    assert converted.sentences("train") == german().sentences("train")


def test_iob1_becomes_iob2() -> None:
    tags = {tag for sentence in english().sentences("train") for tag in sentence.tags or ()}
    assert {"B-PER", "I-PER", "B-MISC"} <= tags


def test_document_boundaries_are_not_sentences() -> None:
    assert len(dutch().sentences("train")) == 24
    assert len(english().sentences("train")) == 24


AT: dict[str, Callable[[Path], NERDataModule]] = {
    "conll2003-en": lambda root: CoNLL2003DataModule(root),
    "conll2003-de": lambda root: CoNLL2003DataModule(root, language="de"),
    "conll2002-es": lambda root: CoNLL2002DataModule(root),
    "europeana-fr": lambda root: EuropeanaDataModule(root),
    "msra-zh": lambda root: MSRADataModule(root),
    "masakhaner2-sw": lambda root: MasakhaNERDataModule(root),
    "masakhaner1-wo": lambda root: MasakhaNERDataModule(root, language="wol", version=1),
    "wikiann-yo": lambda root: WikiANNDataModule(root=root, language="yo"),
}


@pytest.mark.parametrize("name", AT)
class TestEveryCorpus:
    def test_may_lie_in_conll_files_of_its_own_name(self, name: str, tmp_path: Path) -> None:
        for split in SPLITS:
            write_conll(tmp_path / name / f"{split}.conll", mine().sentences(split))
        data = AT[name](tmp_path)
        assert data.name == name
        for split in SPLITS:
            read = [(s.words, s.tags) for s in data.sentences(split)]
            assert read == [(s.words, s.tags) for s in mine().sentences(split)]

    def test_is_reported_missing_with_its_folder_and_the_remedy(
        self, name: str, tmp_path: Path
    ) -> None:
        for root in (tmp_path, tmp_path / "none"):
            expected = rf"is not in {root}\. .* there"
            with pytest.raises(FileNotFoundError, match=expected):
                AT[name](root).sentences("train")


def test_if_some_files_are_missing_their_splits_are_missing(tmp_path: Path) -> None:
    (tmp_path / "eng.testb").write_bytes((DATA / "conll2003" / "eng.testb").read_bytes())
    data = CoNLL2003DataModule(tmp_path)
    assert len(data.sentences("test")) == 9
    with pytest.raises(ValueError, match=r"conll2003-en has no training data.*put eng\.train"):
        data.sentences("train")


def test_a_malformed_line_is_named_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "msra_train_bio").write_text("北\tB-LOC\n京\n")
    with pytest.raises(ValueError, match=r"msra_train_bio, line 2: .* has no tag"):
        MSRADataModule(tmp_path).sentences("train")


class TestMasakhaNER:
    def test_versions_are_kept_apart(self) -> None:
        second = MasakhaNERDataModule(DATA / "masakhaner", version=1)
        assert second.sentences("train") == masakhaner().sentences("train")[::-1]

    def test_both_codes_of_a_language_are_accepted(self) -> None:
        data = MasakhaNERDataModule(DATA / "masakhaner", language="swa")
        assert (data.language, data.name) == ("sw", "masakhaner2-sw")
        assert data.sentences("dev") == masakhaner().sentences("dev")

    def test_root_may_be_the_folder_of_the_languages(self) -> None:
        data = MasakhaNERDataModule(DATA / "masakhaner" / "MasakhaNER2.0" / "data")
        assert data.sentences("dev") == masakhaner().sentences("dev")
