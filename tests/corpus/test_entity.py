import pytest

from lowner_pl.corpus import Entity, entities_of, tags_of


def test_an_entity_ends_at_the_next_beginning_and_where_the_type_changes() -> None:
    tags = ("B-PER", "I-PER", "B-PER", "O", "B-LOC", "B-ORG", "I-ORG")
    assert entities_of(tags) == (
        Entity(0, 2, "PER"),
        Entity(2, 3, "PER"),
        Entity(4, 5, "LOC"),
        Entity(5, 7, "ORG"),
    )


def test_an_inside_tag_without_a_beginning_begins_an_entity() -> None:
    assert entities_of(("O", "I-PER", "I-LOC", "I-LOC")) == (
        Entity(1, 2, "PER"),
        Entity(2, 4, "LOC"),
    )


def test_converting_tags_to_entities_and_back_changes_nothing() -> None:
    tags = ("B-PER", "B-PER", "I-PER", "O", "B-LOC")
    assert tags_of(entities_of(tags), len(tags)) == tags


def test_outside_tags_give_no_entities() -> None:
    assert entities_of(("O", "O")) == ()
    assert entities_of(()) == ()


@pytest.mark.parametrize(("start", "end"), [(1, 1), (2, 1), (-1, 1)])
def test_an_empty_or_negative_span_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match=f"can't span the words {start} to {end}"):
        Entity(start, end, "PER")


def test_entities_that_overlap_or_end_after_the_sentence_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Entity\(start=1, .* overlaps another entity"):
        tags_of([Entity(0, 2, "PER"), Entity(1, 3, "LOC")], 3)
    with pytest.raises(ValueError, match="ends after the sentence, which has 2 words"):
        tags_of([Entity(0, 3, "PER")], 2)
