import pytest

from lowner_pl.corpus import Entity, entities_of, tags_of


def test_entities_end_where_the_next_begins_and_where_the_type_changes() -> None:
    tags = ("B-PER", "I-PER", "B-PER", "O", "B-LOC", "B-ORG", "I-ORG")
    assert entities_of(tags) == (
        Entity(0, 2, "PER"),
        Entity(2, 3, "PER"),
        Entity(4, 5, "LOC"),
        Entity(5, 7, "ORG"),
    )


def test_a_dangling_tag_begins_an_entity() -> None:
    assert entities_of(("O", "I-PER", "I-LOC", "I-LOC")) == (
        Entity(1, 2, "PER"),
        Entity(2, 4, "LOC"),
    )


def test_tags_and_entities_are_inverse() -> None:
    tags = ("B-PER", "B-PER", "I-PER", "O", "B-LOC")
    assert tags_of(entities_of(tags), len(tags)) == tags


def test_a_sentence_without_entities_has_none() -> None:
    assert entities_of(("O", "O")) == ()
    assert entities_of(()) == ()


@pytest.mark.parametrize(("start", "end"), [(1, 1), (2, 1), (-1, 1)])
def test_an_entity_without_words_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="An entity needs 0 <= start < end, was"):
        Entity(start, end, "PER")


def test_entities_that_overlap_or_leave_the_sentence_are_refused() -> None:
    with pytest.raises(ValueError, match="must not overlap another one"):
        tags_of([Entity(0, 2, "PER"), Entity(1, 3, "LOC")], 3)
    with pytest.raises(ValueError, match="must end within 2 words"):
        tags_of([Entity(0, 3, "PER")], 2)
