from dataclasses import replace
from pathlib import Path

import pytest

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
from lowner_pl.corpus.sentence import Sentence

SENTENCES = [
    Sentence(
        ("Wangari", "Maathai", "alizaliwa", "Nyeri", "."), ("B-PER", "I-PER", "O", "B-LOC", "O")
    ),
    Sentence(("毛泽东", "在", "北京", "。"), ("B-PER", "O", "B-LOC", "O")),
    Sentence(("อยู่", "กรุงเทพ", "2563"), ("O", "B-LOC", "B-DATE")),
    Sentence(
        ("👋🏽", "Zoe\u0308", "\U0001d4a9airobi", "\U0001f1f0\U0001f1ea"),
        ("O", "B-PER", "B-LOC", "I-LOC"),
    ),
    Sentence(("\u200fأحمد\u200f", "،", "محمّد"), ("B-PER", "O", "B-PER")),
    Sentence(
        ("a\u00a0b", "c d", "\u200c", "\\n", "#x", "_|[1]*"), ("B-X", "B-X", "I-X", "O", "O", "B-X")
    ),
    Sentence(("O", "only"), ("O", "O")),
]
"""Words of many scripts, and words that need escapes."""


def path_for(folder: Path, format: Format) -> Path:
    return folder / ("out.tsv" if format == "webanno" else f"out-{format}")


@pytest.mark.parametrize("format", FORMATS)
def test_words_and_tags_survive_every_format(tmp_path: Path, format: Format) -> None:
    notes = Notes()
    there, back = path_for(tmp_path, format), tmp_path / "back.conll"
    write_documents(there, format, map(document_of, SENTENCES), notes=notes)
    write_documents(back, "conll", read_documents(there, format, notes=notes), notes=notes)
    assert [sentence_of(d) for d in read_documents(back, "conll")] == SENTENCES
    assert not notes.lines()


def sentence_of(document: Document) -> Sentence:
    """Read a document of one sentence as the corpus has it."""
    from lowner_pl.annotation.formats.conll import sentences
    from lowner_pl.tagging.splitting.splitter import Splitter

    notes = Notes()
    if not document.spans:
        assert document.words is not None
        words = tuple(document.text[a:b] for a, b in document.words)
        return Sentence(words, ("O",) * len(words))
    (sentence,) = sentences([document], Splitter(), notes)
    assert not notes.problems
    return sentence


SUGGESTED = Document(
    "Ada 👋 lives in Nyeri.",
    (Span(0, 3, "PER", 0.25), Span(15, 20, "LOC", 0.125)),
    metadata={"source": "news"},
    score=0.5,
    state="predicted",
)


@pytest.mark.parametrize("format", ["label_studio", "prodigy"])
def test_suggestions_stay_suggestions_with_their_scores(tmp_path: Path, format: Format) -> None:
    notes = Notes()
    write_documents(tmp_path / "out", format, [SUGGESTED], notes=notes)
    (back,) = read_documents(tmp_path / "out", format, notes=notes)
    assert replace(back, key=None, annotator=None) == SUGGESTED
    assert not notes.lines()


def test_doccano_keeps_the_score_of_a_text_and_says_what_it_drops(tmp_path: Path) -> None:
    notes = Notes()
    write_documents(tmp_path / "out", "doccano", [SUGGESTED], notes=notes)
    (back,) = read_documents(tmp_path / "out", "doccano")
    assert (back.score, back.metadata) == (0.5, {"source": "news"})
    assert [(s.start, s.end, s.type) for s in back.spans] == [(0, 3, "PER"), (15, 20, "LOC")]
    assert notes.lines() == [
        "1 text with suggestions of a tagger: doccano can't tell these from a person's annotation, "
        "so check them all",
        "Left out: the scores of spans (1)",
    ]


def test_brat_keeps_scores_and_metadata(tmp_path: Path) -> None:
    write_documents(tmp_path / "out", "brat", [SUGGESTED])
    (back,) = read_documents(tmp_path / "out", "brat")
    assert (back.spans, back.score, back.metadata) == (
        SUGGESTED.spans,
        SUGGESTED.score,
        SUGGESTED.metadata,
    )


@pytest.mark.parametrize("format", FORMATS)
def test_a_refused_span_leaves_no_file(tmp_path: Path, format: Format) -> None:
    document = Document("Ada", (Span(0, 3, "PER"), Span(1, 9, "LOC")), place="x.jsonl, line 3")
    with pytest.raises(
        ValueError, match=r"x.jsonl, line 3: LOC at 1-9, 'da', lies outside the text of 3"
    ):
        write_documents(tmp_path / "out.tsv", format, [document])
    assert not list(tmp_path.iterdir())
