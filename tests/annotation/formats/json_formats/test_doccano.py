import json
from pathlib import Path
from typing import Any

import pytest

from lowner_pl.annotation import Document, Notes, Span, write_documents
from lowner_pl.annotation.formats.json_formats.doccano import read

TEXT = "Ada lives in Nyeri."
PLACES = [(0, 3, "PER"), (13, 18, "LOC")]


def documents(folder: Path, *records: Any, notes: Notes | None = None) -> list[Document]:
    """Read records as an export."""
    file = folder / "admin.jsonl"
    file.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in records), encoding="utf-8")
    return list(read(file, Notes() if notes is None else notes))


def places(document: Document) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.type) for span in document.spans]


@pytest.mark.parametrize(
    "spans",
    [
        {"label": [[0, 3, "PER"], [13, 18, "LOC"]]},
        {"labels": [[0, 3, "PER"], [13, 18, "LOC"]]},
        {"entities": [[0, 3, "PER"], [13, 18, "LOC"]]},
        {
            "entities": [
                {"id": 1, "label": "PER", "start_offset": 0, "end_offset": 3},
                {"id": 2, "label": "LOC", "start_offset": 13, "end_offset": 18},
            ],
            "relations": [],
        },
    ],
    ids=["label", "labels", "entities", "relations"],
)
def test_exports_of_all_versions_are_read(tmp_path: Path, spans: dict[str, Any]) -> None:
    (document,) = documents(tmp_path, {"id": 7, "text": TEXT, "source": "news", **spans})
    assert (document.text, places(document)) == (TEXT, PLACES)
    assert document.metadata == {"id": 7, "source": "news"}
    assert (document.words, document.state) == (None, "annotated")


def test_relations_are_listed(tmp_path: Path) -> None:
    notes = Notes()
    relation = {"id": 3, "from_id": 1, "to_id": 2, "type": "in"}
    documents(tmp_path, {"text": TEXT, "entities": [], "relations": [relation]}, notes=notes)
    assert notes.lines() == [
        f"{tmp_path}/admin.jsonl, line 1: A relation is left out: {json.dumps(relation)}"
    ]


def test_the_annotators_of_the_oldest_exports_stay_apart(tmp_path: Path) -> None:
    spans = [
        {"label": "PER", "start_offset": 0, "end_offset": 3, "user": 1},
        {"label": "LOC", "start_offset": 13, "end_offset": 18, "user": 2},
    ]
    one, two = documents(tmp_path, {"text": TEXT, "annotations": spans})
    assert (one.annotator, two.annotator) == ("1", "2")
    assert one.key == two.key is not None
    assert places(one) + places(two) == PLACES


def test_the_file_that_doccano_imports(tmp_path: Path) -> None:
    document = Document(
        TEXT, (Span(0, 3, "PER"),), ((0, 3), (4, 9), (10, 18), (18, 19)), (0,), {"id": 7}, 0.87654
    )
    write_documents(tmp_path / "out.jsonl", "doccano", [document])
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == (
        '{"text": "Ada lives in Nyeri.", "label": [[0, 3, "PER"]], "id": 7, '
        '"words": ["Ada", "lives", "in Nyeri", "."], "score": 0.8765}\n'
    )


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"text": TEXT, "label": "PER"}, "The field 'label' is \"PER\", but it must be a list"),
        ({"text": TEXT, "label": ["PER"]}, '"PER" is not a span such as'),
        ({"text": TEXT, "label": [[0, None, "PER"]]}, "has no start, end and label"),
        (
            {"text": TEXT, "annotations": [{"label": 5, "start_offset": 0, "end_offset": 3}]},
            "is a number, not a name. Export the project as 'JSONL",
        ),
        ({"texts": TEXT}, "There is no field 'text', only 'texts'. Name the field"),
        ({"text": 5}, "The field 'text' holds no text. Name the field with --column"),
        ([TEXT], "It is .*, but each record must be an object"),
    ],
)
def test_bad_records_are_refused_with_their_line(tmp_path: Path, record: Any, message: str) -> None:
    good = {"text": TEXT, "label": []}
    with pytest.raises(ValueError, match=rf"admin.jsonl, line 2: .*{message}"):
        documents(tmp_path, good, record)


def test_a_damaged_line_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n\n{"text": \n')
    with pytest.raises(ValueError, match=r"a.jsonl, line 3: It is no JSON \(Expecting value in"):
        list(read(tmp_path / "a.jsonl", Notes()))


def test_words_that_are_no_longer_those_of_the_text_are_not_used(tmp_path: Path) -> None:
    notes = Notes()
    record = {"text": TEXT, "label": [], "words": ["Ada", "left"]}
    (document,) = documents(tmp_path, record, notes=notes)
    assert document.words is None
    assert "the text is split anew" in notes.lines()[0]


def test_a_file_in_utf_16_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "all.jsonl"
    file.write_text('{"text": "Anna"}\n', encoding="utf-16")
    with pytest.raises(ValueError, match=r"all\.jsonl: The file is in UTF-16, but JSON is in"):
        list(read(file, Notes()))
