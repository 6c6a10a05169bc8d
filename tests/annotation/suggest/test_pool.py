import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from lowner_pl.annotation.suggest.pool import Pool, pool_sources, read_pool
from lowner_pl.corpus import Sentence
from lowner_pl.tagging import Splitter


def pool_of(*names: str, **options: Any) -> Pool:
    """Read a pool."""
    sources = pool_sources(
        names,
        kind=options.pop("kind", None),
        column=options.pop("column", "text"),
        encoding=options.pop("encoding", "utf-8"),
    )
    return read_pool(sources, Splitter(), **options)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


def test_every_sentence_knows_its_words_text_and_line() -> None:
    Path("a.txt").write_text("Anna left Kenya.  Berta stays.\n\n Carla, too.\n")
    pool = pool_of("a.txt", language="sw")
    assert [(s.words, s.place) for s in pool.sentences] == [
        (("Anna", "left", "Kenya", "."), ("a.txt", 1)),
        (("Berta", "stays", "."), ("a.txt", 1)),
        (("Carla", ",", "too", "."), ("a.txt", 3)),
    ]
    assert pool.texts == ["Anna left Kenya.", "Berta stays.", "Carla, too."]
    assert {s.language for s in pool.sentences} == {"sw"}
    assert pool.read == 3


def test_lines_of_records_count_as_an_editor_counts_them() -> None:
    Path("a.jsonl").write_text('\n{"text": "One\\r\\nBerta."}\n\n{"text": "Two."}\n')
    Path("b.csv").write_text('id,text\n1,"Three\nCarla"\n2,Four\n')
    found = pool_of("a.jsonl", "b.csv")
    assert [s.place for s in found.sentences] == [
        ("a.jsonl", 2),
        ("a.jsonl", 2),
        ("a.jsonl", 4),
        ("b.csv", 3),
        ("b.csv", 3),
        ("b.csv", 4),
    ]
    assert not any("\n" in text or "\r" in text for text in found.texts if text)


def test_conll_is_read_without_its_tags() -> None:
    Path("a.conll").write_text("Anna\tB-PER\nleft\tO\n\nBerta\tB-PER\n")
    Path("words.conll").write_text("Carla\nleft\n\n")
    pool = pool_of("a.conll", "words.conll")
    assert [(s.words, s.tags, s.place) for s in pool.sentences] == [
        (("Anna", "left"), None, ("a.conll", 1)),
        (("Berta",), None, ("a.conll", 4)),
        (("Carla", "left"), None, ("words.conll", 1)),
    ]
    assert pool.texts == [None, None, None]


def test_a_folder_stands_for_all_its_files_of_text() -> None:
    Path("texts/more").mkdir(parents=True)
    Path("texts/b.txt").write_text("Anna\n")
    Path("texts/more/a.jsonl").write_text('{"text": "Berta"}\n')
    Path("texts/c.conll").write_text("Carla\tO\n")
    Path("texts/picture.png").write_bytes(b"\x89PNG")
    found = pool_of("texts")
    assert [s.words for s in found.sentences] == [("Anna",), ("Carla",), ("Berta",)]
    Path("empty").mkdir()
    with pytest.raises(FileNotFoundError, match="folder 'empty' has no file of text"):
        pool_of("empty")


def test_duplicates_annotated_short_and_long_sentences_are_left_out_and_counted() -> None:
    lines = ["Anna left in 1999", "ANNA left, in 2000!", "Berta stays here", "hm", "a b c d e f g"]
    Path("a.txt").write_text("\n".join([*lines, "Carla stays here"]))
    annotated = [Sentence(("berta", "stays", "here", "."), ("B-PER", "O", "O", "O"))]
    pool = pool_of("a.txt", annotated=annotated, min_words=2, max_words=6)
    assert [s.words[0] for s in pool.sentences] == ["Anna", "Carla"]
    assert pool.read == 6
    assert pool.left_out == {
        "duplicates": 1,
        "already annotated": 1,
        "too short": 1,
        "too long": 1,
    }


def test_standard_input_and_odd_names_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Anna\nBerta")))
    assert [s.place for s in pool_of("-").sentences] == [
        ("standard input", 1),
        ("standard input", 2),
    ]
    Path("odd.log").write_text(json.dumps({"body": "Anna \ud800 left"}) + "\n")
    (one,) = pool_of("odd.log", kind="jsonl", column="body").sentences
    assert one.words == ("Anna", "\ufffd", "left")
    Path("latin.txt").write_bytes("Jürg".encode("latin-1"))
    assert pool_of("latin.txt", encoding="latin-1").sentences[0].words == ("Jürg",)


def test_progress_is_told_in_shares_of_all_files() -> None:
    Path("a.txt").write_text("Anna\nBerta\n")
    Path("b.conll").write_text("Carla\tO\n\nDora\tO\n")
    shown: list[tuple[float, int]] = []
    pool_of("a.txt", "b.conll", show=lambda share, read: shown.append((round(share, 2), read)))
    assert shown == [(0.23, 1), (0.5, 2), (0.75, 3), (1.0, 4)]


def test_bad_inputs_are_named() -> None:
    with pytest.raises(FileNotFoundError, match="There is no file 'Anna left'"):
        pool_of("Anna left")
    with pytest.raises(ValueError, match="can be read only once"):
        pool_of("-", "-")
    Path("a.pdf").write_bytes(b"%PDF")
    with pytest.raises(ValueError, match="Save its text as"):
        pool_of("a.pdf")
    Path("a.txt").write_bytes(b"Anna \xff\n")
    with pytest.raises(ValueError, match=r"a\.txt, line 1: The byte 0xff"):
        pool_of("a.txt")
