import json
from pathlib import Path

from lowner_pl.corpus import read_conll
from lowner_pl.tagging import TaggedEntity
from lowner_pl.tagging.formats import Format, Writer
from lowner_pl.tagging.inputs import Document
from lowner_pl.tagging.markup import bracketed

from .capitals import capitals

TEXT = "Anna left.\nBerta \ud800 & <Carla Dora>."


def written(format: Format, text: str = TEXT, *, least: float = 0.0) -> str:
    """Return a tagged text in a format."""
    write = Writer(format, min_confidence=least, title="a & b", language="sw")
    words = next(capitals().stream([text]))
    record = {"id": 7, "text": text, "entities": "old"}
    return write.start + write(Document(text, record), words) + write.end


def test_json_keeps_the_record_and_the_text_exactly() -> None:
    line = written("jsonl")
    record = json.loads(line)
    line.encode()
    assert line.count("\n") == 1
    assert (record["id"], record["text"]) == (7, TEXT)
    found = [record["text"][e["start"] : e["end"]] for e in record["entities"]]
    assert found == ["Anna", "Berta", "Carla Dora"]
    first = {"start": 0, "end": 4, "type": "PER", "text": "Anna", "confidence": 0.1}
    assert record["entities"][0] == first
    assert "é" in written("jsonl", "Zoé")


def test_conll_can_be_read_back_and_leaves_out_what_is_not_sure(tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text(written("conll", least=0.2), encoding="utf-8")
    sentences = read_conll(tmp_path / "a.conll")
    assert [sentence.words for sentence in sentences] == [
        ("Anna", "left", "."),
        ("Berta", "\ufffd", "&", "<", "Carla", "Dora", ">", "."),
    ]
    assert [e.start for s in sentences for e in s.entities] == [4]


def test_a_page_holds_the_texts_and_nothing_from_outside() -> None:
    page = written("html")
    page.encode()
    assert page.startswith("<!DOCTYPE html>")
    assert page.endswith("</html>\n")
    assert '<html lang="sw">' in page
    assert "<title>a &amp; b</title>" in page
    assert "&lt;<mark" in page
    assert "http" not in page


def test_brackets_stand_around_entities() -> None:
    assert written("text", "Anna left Berta.") == "[Anna | PER 10 %] left [Berta | PER 10 %].\n"
    almost, sure = (TaggedEntity(0, 4, "PER", "Anna", value) for value in (0.999, 1.0))
    assert bracketed("Anna", [almost]) == "[Anna | PER 99 %]"
    assert bracketed("Anna", [sure]) == "[Anna | PER 100 %]"


def test_a_text_without_words_is_written_too() -> None:
    assert json.loads(written("jsonl", ""))["entities"] == []
    assert written("text", "") == "\n"
    assert written("conll", "") == ""
