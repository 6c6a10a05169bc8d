import pytest

from lowner_pl.annotation.documents import Document, Span
from lowner_pl.annotation.notes import Notes
from lowner_pl.annotation.versions import one_version

ADA = Document("Ada", (Span(0, 3, "PER"),), annotator="anna", key="1", place="task 1")
BEN = Document("Ada", (Span(0, 3, "LOC"),), annotator="2021/ben", key="1", place="task 1")
ONCE = Document("b", annotator="ben", key="2")


def test_people_who_agree_are_one() -> None:
    notes = Notes()
    other = Document("Ada", ADA.spans, annotator="ben", key="1")
    assert one_version([ONCE, ADA, other], None, notes) == [ONCE, ADA]
    assert notes.lines() == ["Left out: annotations that agree with another (1)"]


def test_people_who_differ_are_refused_until_one_is_chosen() -> None:
    with pytest.raises(
        ValueError, match=r"task 1: 2 annotators \(anna, 2021/ben\) marked different"
    ):
        one_version([ADA, BEN], None, Notes())
    for name in ("ben", "2021/ben"):
        notes = Notes()
        assert one_version([ADA, ONCE, BEN], name, notes) == [BEN, ONCE]
        assert notes.lines() == ["task 1: The annotation of anna is left out with 1 span"]


def test_a_person_who_did_not_annotate_a_disputed_text_is_no_choice() -> None:
    third = Document("c", annotator="cleo", key="3")
    with pytest.raises(ValueError, match="marked different spans"):
        one_version([ADA, BEN, third], "cleo", Notes())


def test_unknown_people_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Nobody called 'zoe' annotated anything\. .* anna"):
        one_version([ADA], "zoe", Notes())


def test_equal_texts_of_one_person_stay_two_in_their_order() -> None:
    again = Document("Ada", annotator="anna", key="1")
    given = [ADA, ONCE, again, Document("Ada"), Document("Ada")]
    assert one_version(given, None, Notes()) == given
