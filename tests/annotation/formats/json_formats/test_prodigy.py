import json
from pathlib import Path
from typing import Any

import pytest

from lowner_pl.annotation import Document, Notes, Span, write_documents
from lowner_pl.annotation.formats.json_formats.prodigy import read

EXPORTED: dict[str, Any] = {
    "text": "Hello  Apple",
    "_input_hash": 1886699658,
    "_task_hash": -1952856502,
    "tokens": [
        {"text": "Hello", "start": 0, "end": 5, "id": 0, "ws": True},
        {"text": " ", "start": 6, "end": 7, "id": 1, "ws": False},
        {"text": "Apple", "start": 7, "end": 12, "id": 2, "ws": False},
    ],
    "_session_id": None,
    "_view_id": "ner_manual",
    "spans": [{"start": 7, "end": 12, "token_start": 2, "token_end": 2, "label": "ORG"}],
    "meta": {"source": "news"},
    "answer": "accept",
}


def documents(folder: Path, *records: Any, notes: Notes | None = None) -> list[Document]:
    """Read records as an export."""
    (folder / "out.jsonl").write_text("\n".join(map(json.dumps, records)))
    return list(read(folder / "out.jsonl", Notes() if notes is None else notes))


def test_an_export_is_read_with_its_words(tmp_path: Path) -> None:
    (document,) = documents(tmp_path, EXPORTED)
    assert document == Document(
        "Hello  Apple", (Span(7, 12, "ORG"),), ((0, 5), (7, 12)), metadata={"source": "news"}
    )


def test_rejected_and_ignored_records_are_listed_and_left_out(tmp_path: Path) -> None:
    notes = Notes()
    answers = ("reject", "accept", "ignore")
    found = documents(tmp_path, *({**EXPORTED, "answer": one} for one in answers), notes=notes)
    assert [document.place[-6:] for document in found] == ["line 2"]
    assert [line.partition("jsonl, ")[2] for line in notes.lines()] == [
        f'line {n}: The text was answered with "{one}"; it is left out with 1 span: "Hello  Apple"'
        for n, one in ((1, "reject"), (3, "ignore"))
    ]


def test_scores_without_an_answer_are_suggestions(tmp_path: Path) -> None:
    record = {"text": "Ada", "spans": [{"start": 0, "end": 3, "label": "PER", "score": 0.5}]}
    assert [d.state for d in documents(tmp_path, record)] == ["predicted"]
    assert [d.state for d in documents(tmp_path, {**record, "answer": "accept"})] == ["annotated"]
    without_entities = {"text": "Hello", "spans": [], "meta": {"score": 0.9}}
    assert [d.state for d in documents(tmp_path, without_entities)] == ["predicted"]
    assert [d.state for d in documents(tmp_path, {"text": "Hello"})] == ["annotated"]


def test_sessions_are_annotators_of_one_text(tmp_path: Path) -> None:
    names = ("ner-ann", "ner-ben")
    one, two = documents(tmp_path, *({**EXPORTED, "_session_id": name} for name in names))
    assert (one.annotator, two.annotator) == names
    assert one.key == two.key is not None


def test_a_span_whose_text_is_elsewhere_is_a_problem(tmp_path: Path) -> None:
    notes = Notes()
    span = {"start": 0, "end": 5, "label": "ORG", "text": "Apple"}
    (document,) = documents(tmp_path, {**EXPORTED, "spans": [span]}, notes=notes)
    assert document.spans == ()
    assert "ORG at 0-5, 'Hello', should be \"Apple\": left out" in notes.lines()[0]


def test_the_file_that_prodigy_reads(tmp_path: Path) -> None:
    document = Document(
        "Ada, Nyeri",
        (Span(0, 3, "PER", 0.12345), Span(2, 10, "LOC")),
        ((0, 3), (3, 4), (5, 10)),
        (0,),
        {"source": "news"},
        0.5,
        "predicted",
    )
    write_documents(tmp_path / "out", "prodigy", [document])
    (record,) = map(json.loads, (tmp_path / "out").read_text().splitlines())
    assert record == {
        "text": "Ada, Nyeri",
        "tokens": [
            {"text": "Ada", "start": 0, "end": 3, "id": 0, "ws": False},
            {"text": ",", "start": 3, "end": 4, "id": 1, "ws": True},
            {"text": "Nyeri", "start": 5, "end": 10, "id": 2, "ws": False},
        ],
        "sentences": [0],
        "spans": [
            {
                "start": 0,
                "end": 3,
                "token_start": 0,
                "token_end": 0,
                "label": "PER",
                "score": 0.1235,
            },
            {"start": 2, "end": 10, "label": "LOC"},
        ],
        "meta": {"source": "news", "score": 0.5},
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spans": [{"label": "ORG"}]}, 'The span {"label": "ORG"} has no start and end'),
        ({"tokens": [{"text": "Hello"}]}, 'The token {"text": "Hello"} has no start and end'),
        ({"tokens": [{"start": 5, "end": 9}, {"start": 0, "end": 5}]}, "overlaps the word before"),
        ({"tokens": 5}, "The field 'tokens' is 5, but it must be a list of records"),
        ({"spans": [5]}, r"The field 'spans' is \[5\], but it must be a list of records"),
        ({"tokens": [{"start": 0, "end": 99}]}, "lies outside the text of 12 characters"),
    ],
)
def test_bad_records_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"line 1: .*{message}"):
        documents(tmp_path, {**EXPORTED, **change})
