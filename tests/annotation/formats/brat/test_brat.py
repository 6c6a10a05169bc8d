from pathlib import Path

import pytest

from lowner_pl.annotation import Document, Notes, Span, write_documents
from lowner_pl.annotation.formats.brat.reading import read

TEXT = "👋 Ada and Charles Byron.\nNew\nYork\n"
ANNOTATION = """T1\tPER 2 5;18 23\tAda Byron
T2\tLOC 25 28;29 33\tNew York
T3\tPER 10 23\tCharles Byron
T4\tMeet 6 9\tand
R1\tIn Arg1:T1 Arg2:T2\t
*\tEquiv T1 T3
A1\tSure T1
E1\tMeet:T4 Who:T1
#1\tAnnotatorNotes T3\tscore 0.5000
#2\tAnnotatorNotes T1\tis this right?
N1\tReference T1 Wikidata:Q7259\tAda
"""


def pair(folder: Path, text: str = TEXT, annotation: str = ANNOTATION, name: str = "a") -> Path:
    """Write a pair of files."""
    (folder / f"{name}.txt").write_text(text, encoding="utf-8", newline="\n")
    (folder / f"{name}.ann").write_text(annotation, encoding="utf-8", newline="\n")
    return folder


def test_a_folder_is_read(tmp_path: Path) -> None:
    notes = Notes()
    (document,) = read(pair(tmp_path), notes)
    assert document.text == TEXT
    assert document.spans == (
        Span(2, 23, "PER", None, ((2, 5), (18, 23))),
        Span(25, 33, "LOC"),
        Span(10, 23, "PER", 0.5),
    )
    assert [line.partition("a.ann, ")[2].partition(" is left")[0] for line in notes.lines()] == [
        "line 4: The trigger of an event",
        "line 5: One relation",
        "line 6: One equivalence",
        "line 7: One attribute",
        "line 8: One event",
        "line 10: One note",
        "line 11: One normalisation",
    ]


def test_positions_in_utf_16_units_are_converted(tmp_path: Path) -> None:
    (document,) = read(pair(tmp_path, annotation="T1\tPER 3 6\tAda\n"), Notes())
    assert document.spans == (Span(2, 5, "PER"),)


def test_a_text_that_was_changed_is_a_problem(tmp_path: Path) -> None:
    notes = Notes()
    (document,) = read(pair(tmp_path, annotation="T1\tPER 6 9\tAda\n"), notes)
    assert document.spans == ()
    assert "a.ann, line 1: PER at 6-9, 'and', should be \"Ada\": left out" in notes.lines()[0]


def test_windows_line_ends_count_as_one_character(tmp_path: Path) -> None:
    pair(tmp_path, annotation="T1\tLOC 3 6\tNew\r\n")
    (tmp_path / "a.txt").write_bytes(b"a\r\n New\r\n")
    (document,) = read(tmp_path, Notes())
    assert document.spans == (Span(3, 6, "LOC"),)


def test_the_folder_that_brat_opens(tmp_path: Path) -> None:
    documents = [
        Document("Ada left.", (Span(0, 3, "PER", 0.5),), ((0, 3), (4, 8), (8, 9)), (0,), {"n": 1}),
        Document("In Nyeri.", (Span(3, 8, "LOC"),), ((0, 2), (3, 8), (8, 9)), (0,)),
        Document("New\nYork", (Span(0, 8, "LOC"),), score=0.25),
    ]
    write_documents(tmp_path / "b", "brat", documents)
    files = {file.name: file.read_text(encoding="utf-8") for file in (tmp_path / "b").iterdir()}
    assert files == {
        "annotation.conf": "[entities]\nLOC\nPER\n\n[relations]\n\n[events]\n\n[attributes]\n",
        "b-001.txt": "Ada left.\nIn Nyeri.\n",
        "b-001.ann": "T1\tPER 0 3\tAda\nT2\tLOC 13 18\tNyeri\n"
        "#1\tAnnotatorNotes T1\tscore 0.5000\n",
        "b-002.txt": "New\nYork\n",
        "b-002.ann": "T1\tLOC 0 3;4 8\tNew York\n",
        "documents.jsonl": '{"file": "b-001", "start": 0, "line": 1, "text": "Ada left.", '
        '"words": ["Ada", "left", "."], "metadata": {"n": 1}}\n'
        '{"file": "b-001", "start": 10, "line": 2, "text": "In Nyeri.", '
        '"words": ["In", "Nyeri", "."]}\n'
        '{"file": "b-002", "start": 0, "line": 1, "text": "New\\nYork", "score": 0.25}\n',
    }
    notes = Notes()
    assert [document.spans for document in read(tmp_path / "b", notes)] == [
        document.spans for document in documents
    ]
    assert not notes.lines()


def test_spans_over_the_end_of_a_document_are_a_problem(tmp_path: Path) -> None:
    write_documents(tmp_path / "b", "brat", [Document("New"), Document("York")])
    (tmp_path / "b" / "b-001.ann").write_text("T1\tLOC 0 3;4 8\tNew York\n")
    notes = Notes()
    assert [document.spans for document in read(tmp_path / "b", notes)] == [(), ()]
    assert "LOC at 0-8, 'New\\nYork', goes over a line end between sentences" in notes.lines()[0]


def test_a_changed_text_is_read_without_its_words(tmp_path: Path) -> None:
    write_documents(tmp_path / "b", "brat", [Document("New York", (), ((0, 3), (4, 8)), (0,))])
    (tmp_path / "b" / "b-001.txt").write_text("Old York\n")
    notes = Notes()
    (document,) = read(tmp_path / "b", notes)
    assert (document.text, document.words) == ("Old York\n", None)
    assert "The text was changed since it was written" in notes.lines()[0]


def test_types_with_spaces_are_refused(tmp_path: Path) -> None:
    document = Document("Ada", (Span(0, 3, "a person"),))
    with pytest.raises(ValueError, match="The entity type 'a person' has white space"):
        write_documents(tmp_path / "b", "brat", [document])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("T1\tPER 0\tAda", "has no type, start and end, as in 'PER 0 5'"),
        ("X1\tPER 0 3\tAda", "is no annotation of brat"),
    ],
)
def test_damaged_lines_are_refused(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"a.ann, line 1: .*{message}"):
        list(read(pair(tmp_path, annotation=line), Notes()))


def test_annotation_without_text_is_refused(tmp_path: Path) -> None:
    (pair(tmp_path) / "a.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"there is no 'a.txt' beside it. Put it there"):
        list(read(tmp_path, Notes()))


def test_a_damaged_list_of_documents_is_refused(tmp_path: Path) -> None:
    pair(tmp_path)
    (tmp_path / "documents.jsonl").write_text('{"file": "a"}\n')
    with pytest.raises(ValueError, match=r"documents.jsonl, line 1: .*Delete documents.jsonl"):
        list(read(tmp_path, Notes()))
