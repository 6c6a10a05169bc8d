from itertools import pairwise, product
from typing import Literal

import pytest

from lowner_pl.corpus import TagSet, entities_of


def test_the_outside_tag_comes_first_and_then_the_tags_of_each_type() -> None:
    assert TagSet(["PER", "LOC"]).tags == ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
    assert TagSet(["PER", "LOC"], scheme="io").tags == ("O", "PER", "LOC")
    assert len(TagSet(["PER", "LOC"])) == 5


def test_decoding_undoes_encoding_for_legal_tags() -> None:
    tag_set = TagSet(["PER", "LOC"])
    tags = ("B-PER", "I-PER", "B-PER", "O", "B-LOC")
    assert tag_set.encode(tags) == [1, 2, 1, 0, 3]
    assert tag_set.decode([1, 2, 1, 0, 3]) == tags


def test_io_merges_neighbours_of_the_same_type_only() -> None:
    tag_set = TagSet(["PER", "LOC"], scheme="io")
    ids = tag_set.encode(("B-PER", "B-PER", "I-PER", "B-LOC", "O", "B-LOC"))
    assert ids == [1, 1, 1, 2, 0, 2]
    assert tag_set.decode(ids) == ("B-PER", "I-PER", "I-PER", "B-LOC", "O", "B-LOC")


def test_decoding_turns_an_inside_tag_without_a_beginning_into_a_beginning() -> None:
    # I-PER O I-PER I-LOC, then B-PER I-LOC.
    assert TagSet(["PER", "LOC"]).decode([2, 0, 2, 4]) == ("B-PER", "O", "B-PER", "B-LOC")
    assert TagSet(["PER", "LOC"]).decode([1, 4]) == ("B-PER", "B-LOC")


@pytest.mark.parametrize("types", [["PER"], ["PER", "LOC"], ["PER", "LOC", "ORG"]])
def test_the_legal_paths_are_those_that_decoding_does_not_change(types: list[str]) -> None:
    # Brute force over all tag sequences of three words: 3³, 5³ and 7³.
    tag_set = TagSet(types)
    starts, transitions = tag_set.starts(), tag_set.transitions()
    for path in product(range(len(tag_set)), repeat=3):
        legal = starts[path[0]] and all(transitions[i][j] for i, j in pairwise(path))
        assert legal == (tag_set.decode(path) == tuple(tag_set.tags[i] for i in path))


@pytest.mark.parametrize("types", [["PER"], ["PER", "LOC"]])
def test_every_path_decodes_to_well_formed_tags(types: list[str]) -> None:
    for scheme in ("iob2", "io"):
        tag_set = TagSet(types, scheme=scheme)
        for path in product(range(len(tag_set)), repeat=3):
            tags = tag_set.decode(path)
            begun = {entity.start for entity in entities_of(tags)}
            assert begun == {i for i, tag in enumerate(tags) if tag.startswith("B-")}


@pytest.mark.parametrize("types", [["PER"], ["PER", "LOC"]])
def test_with_io_every_tag_may_follow_every_other(types: list[str]) -> None:
    tag_set = TagSet(types, scheme="io")
    assert all(tag_set.starts())
    assert tag_set.transitions() == [[True] * len(tag_set)] * len(tag_set)


@pytest.mark.parametrize("scheme", ["iob2", "io"])
@pytest.mark.parametrize("number", [1, 2, 5])
def test_starts_and_transitions_have_the_size_of_the_tag_set(
    scheme: Literal["iob2", "io"], number: int
) -> None:
    tag_set = TagSet([f"TYPE{n}" for n in range(number)], scheme=scheme)
    assert len(tag_set.starts()) == len(tag_set)
    assert [len(row) for row in tag_set.transitions()] == [len(tag_set)] * len(tag_set)


def test_entity_types_may_contain_hyphens() -> None:
    tag_set = TagSet(["PER", "DERIV-PER"])
    assert tag_set.decode(tag_set.encode(("B-DERIV-PER", "I-DERIV-PER"))) == (
        "B-DERIV-PER",
        "I-DERIV-PER",
    )


def test_tag_sets_are_equal_if_types_order_and_scheme_are() -> None:
    assert TagSet(["PER", "LOC"]) == TagSet(("PER", "LOC"))
    assert hash(TagSet(["PER"])) == hash(TagSet(["PER"]))
    assert TagSet(["PER", "LOC"]) != TagSet(["LOC", "PER"])
    assert TagSet(["PER"]) != TagSet(["PER"], scheme="io")
    assert TagSet(["PER"]) != ("O", "B-PER", "I-PER")
    assert repr(TagSet(["PER"])) == "TagSet(('PER',), scheme='iob2')"


def test_an_unknown_tag_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"does not know the tag 'B-MISC', only \('O', 'B-PER'"):
        TagSet(["PER"]).encode(["O", "B-MISC"])


@pytest.mark.parametrize("types", [[], [""]])
def test_a_tag_set_without_types_or_with_an_empty_one_is_refused(types: list[str]) -> None:
    with pytest.raises(ValueError, match=r"There are no entity types|is empty"):
        TagSet(types)


def test_repeated_types_and_unknown_schemes_are_refused() -> None:
    with pytest.raises(ValueError, match="repeat a type"):
        TagSet(["PER", "PER"])
    with pytest.raises(ValueError, match="scheme is 'iobes', but it must be 'iob2' or 'io'"):
        TagSet(["PER"], scheme="iobes")  # type: ignore[arg-type]
