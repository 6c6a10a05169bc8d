import tarfile
from pathlib import Path

import pytest

from lowner_pl.corpus import Sentence
from lowner_pl.datamodules import WikiANNDataModule
from tests.datamodules.corpus_folders import DATA, wikiann

SWAHILI = DATA / "wikiann" / "sw"


class TestFiles:
    def test_language_prefixes_are_removed(self) -> None:
        words = {word for sentence in wikiann().sentences("train") for word in sentence.words}
        assert "Nairobi" in words
        assert not any(":" in word for word in words)

    def test_an_archive_is_read_without_being_unpacked(self, tmp_path: Path) -> None:
        with tarfile.open(tmp_path / "sw.tar.gz", "w:gz") as archive:
            for split in ("dev", "test", "train"):
                archive.add(SWAHILI / split, f"sw/{split}")
        data = WikiANNDataModule(root=tmp_path, language="sw")
        for split in ("train", "dev", "test"):
            assert data.sentences(split) == wikiann().sentences(split)  # type: ignore[arg-type]
        assert data.sentences("test")[0].place == (f"{tmp_path}/sw.tar.gz/sw/test", 1)
        assert [path.name for path in tmp_path.iterdir()] == ["sw.tar.gz"]

    def test_a_broken_archive_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "sw.tar.gz").write_bytes(b"nonsense")
        with pytest.raises(ValueError, match=r"sw\.tar\.gz isn't a complete tar\.gz file"):
            WikiANNDataModule(root=tmp_path).sentences("train")

    def test_a_split_that_an_archive_lacks_is_none(self, tmp_path: Path) -> None:
        with tarfile.open(tmp_path / "sw.tar.gz", "w:gz") as archive:
            archive.add(SWAHILI / "test", "test")
        assert WikiANNDataModule(root=tmp_path).read("dev") is None


class TestTables:
    """Tables saved by `datasets` or downloaded from the hub."""

    ROWS = {  # noqa: RUF012
        "tokens": [["Juma", "Ali", "Nairobi"], ["\u200f", "na"], []],
        "ner_tags": [[1, 2, 5], [0, 0], []],
    }
    EXPECTED = [  # noqa: RUF012
        Sentence(("Juma", "Ali", "Nairobi"), ("B-PER", "I-PER", "B-LOC"), "sw"),
        Sentence(("\u200f", "na"), ("O", "O"), "sw"),
    ]

    @pytest.fixture(autouse=True)
    def _cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import datasets

        monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
        datasets.disable_progress_bars()

    @pytest.mark.parametrize("named", [True, False])
    def test_parquet_files_are_read(self, tmp_path: Path, named: bool) -> None:
        from datasets import ClassLabel, Dataset, Features, List, Value

        names = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]
        tags = List(ClassLabel(names=names) if named else Value("int64"))
        features = Features({"tokens": List(Value("string")), "ner_tags": tags})
        rows = Dataset.from_dict(self.ROWS, features=features)
        (tmp_path / "sw").mkdir()
        for split in ("train", "validation", "test"):
            rows.to_parquet(tmp_path / "sw" / f"{split}-00000-of-00001.parquet")
        data = WikiANNDataModule(root=tmp_path)
        for split in ("train", "dev", "test"):
            assert data.sentences(split) == self.EXPECTED  # type: ignore[arg-type]

    def test_tag_names_are_taken_from_the_table(self, tmp_path: Path) -> None:
        from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value

        names = ["B-LOC", "B-PER", "I-PER", "O"]
        features = Features(
            {"tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=names))}
        )
        rows = {"tokens": [["Juma", "Ali", "na"]], "ner_tags": [[1, 2, 3]]}
        table = Dataset.from_dict(rows, features=features)
        DatasetDict(test=table).save_to_disk(tmp_path / "sw")
        data = WikiANNDataModule(root=tmp_path)
        assert data.sentences("test")[0].tags == ("B-PER", "I-PER", "O")
        assert data.read("dev") is None

    def test_rows_from_the_hub_are_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import datasets

        asked: list[tuple[str, ...]] = []

        def load(path: str, name: str, *, split: str) -> datasets.Dataset:
            asked.append((path, name, split))
            return datasets.Dataset.from_dict(self.ROWS)

        monkeypatch.setattr(datasets, "load_dataset", load)
        assert WikiANNDataModule().sentences("dev") == self.EXPECTED
        assert ("unimelb-nlp/wikiann", "sw", "validation") in asked

    def test_without_a_network_the_message_says_what_to_do(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import datasets
        import huggingface_hub

        monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        expected = r"can't be loaded from the hub \(unimelb-nlp/wikiann, language 'sw'\).*`root`"
        with pytest.raises(ConnectionError, match=expected):
            WikiANNDataModule().setup("fit")

    def test_entity_types_need_no_network(self) -> None:
        assert WikiANNDataModule().entity_types == ("PER", "ORG", "LOC")
