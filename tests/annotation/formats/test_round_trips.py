"""Words and tags that hypothesis makes up, and those of real corpora, in every format and back."""

from functools import cache
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lowner_pl.annotation import (
    FORMATS,
    Document,
    Format,
    Notes,
    Span,
    read_documents,
    write_documents,
)
from lowner_pl.annotation.joining import document_of
from lowner_pl.corpus import ConllFormat, Sentence, parse_conll, read_conll, tags_of
from lowner_pl.corpus.entity import Entity

CORPORA = Path(__file__).parents[4] / "shared" / "data" / "ner"
SENTENCES = 20  # of each corpus

letters = st.one_of(
    st.sampled_from("ab_|[]*;->\\#. \u00a0é"),  # escapes and spaces
    st.sampled_from("\u0301\u0e01\u0e34\u0e49\u1000\u103a\u4e00\u3002\uff0c\u05d0\u0627\u064b"),
    st.sampled_from("😊👋🏽\U0001f1f0\U0001d4a9\u200b\u200d\u200f\ufeff\x85\u2028\x0b\x1f\x01"),
    st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r"),
)
words_ = st.text(letters, min_size=1, max_size=5).filter(lambda word: bool(word.strip()))
types = st.sampled_from(["PER", "LOC", "A_B[1]", "x-y", "Größe", "北", "*", "\\n"])


@st.composite
def sentences(draw: st.DrawFn) -> Sentence:
    """Draw a sentence with at least one entity."""
    words = draw(st.lists(words_, min_size=1, max_size=6))
    entities, at = [], 0
    while at < len(words):
        length = draw(st.integers(1, len(words) - at))
        if not at or draw(st.booleans()):
            entities.append(Entity(at, at + length, draw(types)))
        at += length
    return Sentence(tuple(words), tags_of(entities, len(words)))


def there_and_back(given: list[Sentence], format: Format) -> list[Sentence]:
    """Convert sentences to a format and back to CoNLL; nothing may be said about it."""
    notes = Notes()
    with TemporaryDirectory() as name:
        there = Path(name) / ("there.tsv" if format == "webanno" else "there")
        back = Path(name) / "back.conll"
        write_documents(there, format, map(document_of, given), notes=notes)
        write_documents(back, "conll", read_documents(there, format, notes=notes), notes=notes)
        assert notes.lines() == []
        return read_conll(back)


@pytest.mark.parametrize("format", FORMATS)
@given(st.lists(sentences(), min_size=1, max_size=3))
@settings(max_examples=25, deadline=None)
def test_all_words_and_tags_come_back(format: Format, given: list[Sentence]) -> None:
    assert there_and_back(given, format) == given


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Draw a text without words, and spans that may overlap and begin anywhere."""
    text = draw(st.text(letters, min_size=1, max_size=12).filter(lambda text: bool(text.strip())))
    spans = set()
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        if text[start:end].strip():
            spans.add(Span(start, end, draw(types)))
    return Document(text, tuple(sorted(spans, key=lambda s: (s.start, -s.end, s.type))))


@pytest.mark.parametrize("format", ["doccano", "label_studio", "prodigy", "brat"])
@given(documents())
@settings(max_examples=25, deadline=None)
def test_all_spans_of_raw_texts_come_back(format: Format, given: Document) -> None:
    with TemporaryDirectory() as name:
        write_documents(Path(name) / "there", format, [given])
        (back,) = read_documents(Path(name) / "there", format)
    assert (back.text, back.words, back.spans) == (given.text, given.words, given.spans)


@pytest.mark.skipif(not CORPORA.is_dir(), reason="there are no real corpora beside the project")
@pytest.mark.parametrize("format", [one for one in FORMATS if one != "conll"])
def test_real_corpora_come_back(format: Format) -> None:
    for corpus in sorted(CORPORA.glob("*/dev.conll")):
        given = start_of(corpus)
        assert there_and_back(given, format) == given, corpus.parent.name


@cache
def start_of(file: Path) -> list[Sentence]:
    """Read a few sentences of a corpus from the first one with an entity."""
    with file.open(encoding="utf-8", newline="\n") as lines:
        read = list(islice(lines, 60 * SENTENCES))
    end = max(number for number, line in enumerate(read) if not line.strip())
    found = parse_conll("".join(read[:end]).encode(), str(file), ConllFormat())
    first = next(number for number, sentence in enumerate(found) if sentence.entities)
    return found[first : first + SENTENCES]
