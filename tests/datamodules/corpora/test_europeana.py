from pathlib import Path

from lowner_pl.corpus import Sentence
from lowner_pl.datamodules import EuropeanaDataModule
from lowner_pl.datamodules.corpora.europeana import cut
from tests.datamodules.corpus_folders import DATA, europeana


def words(sentences: list[Sentence]) -> list[str]:
    return [" ".join(sentence.words) for sentence in sentences]


def test_running_text_is_cut_after_full_stops_outside_entities() -> None:
    text = Sentence(
        ("Il", "pleut", ".", "M", ".", "Roi", "?", "St", ".", "Malo", "dort"),
        ("O", "O", "O", "O", "O", "B-PER", "O", "B-LOC", "I-LOC", "I-LOC", "O"),
        "fr",
        ("file", 5),
    )
    sentences = list(cut([text]))
    assert words(sentences) == ["Il pleut .", "M .", "Roi ?", "St . Malo dort"]
    assert [sentence.place for sentence in sentences] == [("file", n) for n in (5, 8, 10, 12)]
    assert sentences[3].tags == ("B-LOC", "I-LOC", "I-LOC", "O")


def test_running_text_without_full_stops_is_cut_outside_entities_after_the_limit() -> None:
    text = Sentence(("a", "b", "c", "d", "e"), ("O", "B-X", "I-X", "O", "O"))
    assert words(list(cut([text], limit=2))) == ["a b c d", "e"]


def test_a_tenth_is_test_data_and_a_tenth_of_the_rest_is_development_data() -> None:
    data = europeana()
    sizes = [len(data.sentences(split)) for split in ("train", "dev", "test")]
    total = sum(sizes)
    assert sizes[2] == round(total / 10)
    assert sizes[1] == round((total - sizes[2]) / 10)


def test_the_subset_seed_chooses_the_test_data() -> None:
    assert europeana(subset_seed=1).sentences("test") != europeana().sentences("test")


def test_no_word_is_lost() -> None:
    data = europeana()
    count = sum(len(s.words) for split in ("train", "dev", "test") for s in data.sentences(split))
    file = DATA / "europeana" / "enp_FR.bnf.bio" / "enp_FR.bnf.bio"
    assert count == len(file.read_text().splitlines())


def test_the_file_is_found_without_the_folders_of_the_repository(tmp_path: Path) -> None:
    file = DATA / "europeana" / "enp_FR.bnf.bio" / "enp_FR.bnf.bio"
    (tmp_path / file.name).write_bytes(file.read_bytes())
    assert EuropeanaDataModule(tmp_path).sentences("test") == europeana().sentences("test")


def test_running_text_of_any_length_needs_no_blank_lines(tmp_path: Path) -> None:
    file = DATA / "europeana" / "enp_FR.bnf.bio" / "enp_FR.bnf.bio"
    words = file.read_text() * (400 // len(file.read_text().splitlines()) + 1)
    (tmp_path / file.name).write_text(words)
    data = EuropeanaDataModule(tmp_path)
    counts = [len(s.words) for split in ("train", "dev", "test") for s in data.sentences(split)]
    assert sum(counts) == len(words.splitlines()) > 400
