import json
from pathlib import Path
from typing import Any

import pytest

from lowner_pl.annotation import Document, Notes, Span, write_documents
from lowner_pl.annotation.formats.json_formats.label_studio import read
from lowner_pl.annotation.formats.json_formats.label_studio_writing import interface

TEXT = "👋 Ada lives in Nyeri."


def region(start: object, end: object, *labels: str, text: str | None = None) -> dict[str, Any]:
    """Make a region."""
    value: dict[str, Any] = {"start": start, "end": end, "labels": list(labels)}
    if text is not None:
        value["text"] = text
    return {"id": "a", "from_name": "label", "to_name": "text", "type": "labels", "value": value}


def task(*annotations: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Make a task as Label Studio exports it."""
    return {
        "id": 12,
        "annotations": list(annotations),
        "drafts": [],
        "predictions": [],
        "data": {"text": TEXT, "source": "news"},
        "created_at": "2021-03-09T21:52:49.513742Z",
        **more,
    }


def annotation(*result: dict[str, Any], by: object = 1, **more: Any) -> dict[str, Any]:
    """Make an annotation."""
    return {"completed_by": by, "was_cancelled": False, "result": list(result), **more}


def documents(folder: Path, *tasks: Any, notes: Notes | None = None) -> list[Document]:
    """Read tasks as an export."""
    (folder / "tasks.json").write_text(json.dumps(tasks))
    return list(read(folder / "tasks.json", Notes() if notes is None else notes))


def test_an_export_is_read(tmp_path: Path) -> None:
    notes = Notes()
    done = annotation(region(2, 5, "PER", text="Ada"), region(15, 20, "LOC", text="Nyeri"))
    (document,) = documents(tmp_path, task(done), notes=notes)
    assert document == Document(
        TEXT,
        (Span(2, 5, "PER"), Span(15, 20, "LOC")),
        metadata={"source": "news", "id": 12},
        annotator="1",
        key=f"12 {TEXT}",
    )
    assert document.place.endswith("tasks.json, task 12")
    assert notes.lines() == ["Left out: the field 'created_at' (1)"]


def test_positions_in_utf_16_units_are_converted(tmp_path: Path) -> None:
    notes = Notes()
    done = annotation(region(3, 6, "PER", text="Ada"), region(16, 21, "LOC"))
    (document,) = documents(tmp_path, task(done), notes=notes)
    assert document.spans == (Span(2, 5, "PER"), Span(15, 20, "LOC"))
    assert not notes.problems
    assert not notes.said


def test_positions_that_nothing_confirms_are_said(tmp_path: Path) -> None:
    notes = Notes()
    (document,) = documents(tmp_path, task(annotation(region(2, 5, "PER"))), notes=notes)
    assert document.spans == (Span(2, 5, "PER"),)
    assert "The positions 2-5 are taken to count characters" in notes.said[0]


def test_a_region_whose_text_is_elsewhere_is_a_problem(tmp_path: Path) -> None:
    notes = Notes()
    documents(tmp_path, task(annotation(region(6, 11, "PER", text="Ada"))), notes=notes)
    assert "task 12: PER at 6-11, 'lives', should be \"Ada\": left out" in notes.lines()[0]


def test_line_ends_in_quoted_texts_may_be_written_out(tmp_path: Path) -> None:
    done = annotation(region(0, 5, "X", text="a\\n\\nb"))
    (document,) = documents(tmp_path, task(done, data={"text": "a\n\n b c"}))
    assert document.spans == (Span(0, 5, "X"),)


def test_cancelled_annotations_and_drafts_are_listed_and_left_out(tmp_path: Path) -> None:
    notes = Notes()
    cancelled = annotation(region(2, 5, "PER"), by={"id": 3, "email": "a@b.c"}, was_cancelled=True)
    draft = {"result": [region(2, 5, "PER"), region(15, 20, "LOC")]}
    (document,) = documents(tmp_path, task(cancelled, drafts=[draft]), notes=notes)
    assert (document.spans, document.state) == ((), "open")
    assert [line.partition("task 12: ")[2] for line in notes.listed] == [
        "An annotation of a@b.c was cancelled; it is left out with 1 region",
        "A draft was not submitted; it is left out with 2 regions",
    ]


def test_each_annotator_has_a_document(tmp_path: Path) -> None:
    both = (annotation(region(2, 5, "PER", text="Ada"), by=1), annotation(by=5))
    one, two = documents(tmp_path, task(*both))
    assert (one.annotator, two.annotator) == ("1", "5")
    assert one.key == two.key
    assert two.state == "annotated"


def test_the_ground_truth_counts(tmp_path: Path) -> None:
    notes = Notes()
    both = (annotation(by=1), annotation(region(2, 5, "PER", text="Ada"), by=5, ground_truth=True))
    (document,) = documents(tmp_path, task(*both), notes=notes)
    assert document.annotator == "5"
    assert "ground truth is taken, not the other 1" in notes.said[0]


def test_predictions_alone_are_suggestions(tmp_path: Path) -> None:
    made = {"model_version": "m", "score": 0.5, "result": [{**region(2, 5, "PER"), "score": 0.25}]}
    (document,) = documents(tmp_path, task(predictions=[made]))
    assert (document.state, document.score) == ("predicted", 0.5)
    assert document.spans == (Span(2, 5, "PER", 0.25),)


def test_other_results_are_listed_and_regions_without_label_kept_as_such(tmp_path: Path) -> None:
    notes = Notes()
    relation = {"type": "relation", "from_id": "a", "to_id": "b"}
    choice = {"type": "choices", "value": {"choices": ["good"]}}
    bare = {"type": "labels", "value": {"start": 2, "end": 5, "text": "Ada"}}
    two = region(2, 5, "PER", "LOC", text="Ada")
    done = annotation(relation, choice, bare, two)
    (document,) = documents(tmp_path, task(done), notes=notes)
    assert document.spans == (Span(2, 5, ""), Span(2, 5, "PER"), Span(2, 5, "LOC"))
    assert len(notes.listed) == 2


def test_json_min_is_read(tmp_path: Path) -> None:
    record = {
        "text": TEXT,
        "id": 3,
        "label": [{"start": 3, "end": 6, "text": "Ada", "labels": ["PER"]}],
        "annotator": 1,
        "annotation_id": 7,
        "lead_time": 4.3,
        "source": "news",
    }
    document, empty = documents(tmp_path, record, {"text": "a", "id": 4, "annotator": 1})
    assert document.spans == (Span(2, 5, "PER"),)
    assert document.metadata == {"id": 3, "source": "news"}
    assert (empty.spans, empty.state) == ((), "annotated")


def test_the_only_text_field_is_found_and_several_are_asked_for(tmp_path: Path) -> None:
    (document,) = documents(tmp_path, task(annotation(), data={"body": "a", "n": 3}))
    assert document.text == "a"
    with pytest.raises(ValueError, match=r"task 12: The text may be in 'body', 'title'\. Name its"):
        documents(tmp_path, task(annotation(), data={"body": "a", "title": "b"}))


def test_regions_of_html_are_refused(tmp_path: Path) -> None:
    done = annotation(region("/div[1]/text()[1]", "/div[1]/text()[1]", "PER"))
    with pytest.raises(ValueError, match="Only regions of plain text can be read, not of HTML"):
        documents(tmp_path, task(done))


@pytest.mark.parametrize("name", ["annotations", "completions", "predictions", "drafts"])
@pytest.mark.parametrize("value", ["x", [5]])
def test_fields_of_another_kind_are_refused(tmp_path: Path, name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"The field '{name}' is .*, but it must be a list of rec"):
        documents(tmp_path, task(**{name: value}))


def test_a_label_may_stand_alone(tmp_path: Path) -> None:
    value = {"start": 2, "end": 5, "labels": "PER"}
    (document,) = documents(tmp_path, task(annotation({"type": "labels", "value": value})))
    assert document.spans == (Span(2, 5, "PER"),)


def test_the_file_that_label_studio_imports(tmp_path: Path) -> None:
    gold = Document("Ada", (Span(0, 3, "PER"),), ((0, 3),), (0,), {"id": 4, "source": "news"})
    found = Document("Ada", (Span(0, 3, "PER", 0.5),), score=0.25, state="predicted")
    write_documents(tmp_path / "a.json", "label_studio", [gold, found, Document("b", state="open")])
    value = {"start": 0, "end": 3, "text": "Ada", "labels": ["PER"]}
    names = {"from_name": "label", "to_name": "text", "type": "labels", "value": value}
    assert json.loads((tmp_path / "a.json").read_text()) == [
        {
            "id": 4,
            "data": {"text": "Ada", "words": ["Ada"], "source": "news"},
            "annotations": [{"result": [{"id": "1-1", **names}]}],
        },
        {
            "data": {"text": "Ada"},
            "predictions": [
                {
                    "model_version": "lowner_pl",
                    "score": 0.25,
                    "result": [{"id": "2-1", **names, "score": 0.5}],
                }
            ],
        },
        {"data": {"text": "b"}},
    ]


def test_the_interface_lists_the_labels() -> None:
    assert interface(["A&B", "PER"]) == (
        '<View><Labels name="label" toName="text"><Label value="A&amp;B"/><Label value="PER"/>'
        '</Labels><Text name="text" value="$text"/></View>'
    )
