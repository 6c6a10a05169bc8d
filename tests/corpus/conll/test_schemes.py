import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowner_pl.corpus import Entity, Scheme, detect_scheme, entities_of, tags_of, to_iob2

# Smith | Ann Lee | Ann Reed in Oslo: PER, PER PER, PER PER, O, LOC.
IOB2 = ("B-PER", "B-PER", "I-PER", "B-PER", "I-PER", "O", "B-LOC")
SPELT: dict[Scheme, tuple[str, ...]] = {
    "iob2": IOB2,
    "iob1": ("I-PER", "B-PER", "I-PER", "B-PER", "I-PER", "O", "I-LOC"),
    "iobes": ("S-PER", "B-PER", "E-PER", "B-PER", "E-PER", "O", "S-LOC"),
    "bmes": ("S-PER", "B-PER", "E-PER", "B-PER", "E-PER", "O", "S-LOC"),
    "bilou": ("U-PER", "B-PER", "L-PER", "B-PER", "L-PER", "O", "U-LOC"),
}


@pytest.mark.parametrize("scheme", SPELT)
def test_every_scheme_converts_to_the_same_iob2_tags(scheme: Scheme) -> None:
    assert to_iob2(SPELT[scheme], scheme) == IOB2
    assert to_iob2(SPELT[scheme]) == IOB2


@pytest.mark.parametrize(
    "tags", [("PER", "PER", "LOC", "O", "ORG"), ("I-PER", "I-PER", "I-LOC", "O", "I-ORG")]
)
def test_with_io_a_run_of_the_same_type_is_one_entity(tags: tuple[str, ...]) -> None:
    assert to_iob2(tags, "io") == ("B-PER", "I-PER", "B-LOC", "O", "B-ORG")
    assert to_iob2(tags) == ("B-PER", "I-PER", "B-LOC", "O", "B-ORG")


def test_the_inner_tags_of_long_entities_are_converted() -> None:
    expected = ("B-X", "I-X", "I-X", "I-X")
    assert to_iob2(("B-X", "I-X", "I-X", "E-X")) == expected
    assert to_iob2(("B-X", "M-X", "M-X", "E-X")) == expected
    assert to_iob2(("B-X", "I-X", "I-X", "L-X")) == expected


def test_tags_that_break_their_scheme_are_read_as_conlleval_reads_them() -> None:
    assert to_iob2(("O", "I-PER", "I-LOC"), "iob2") == ("O", "B-PER", "B-LOC")
    assert to_iob2(("E-X", "I-X", "E-X", "E-X")) == ("B-X", "B-X", "I-X", "B-X")


def test_a_bare_type_may_contain_a_hyphen() -> None:
    assert to_iob2(("DERIV-PER", "O")) == ("B-DERIV-PER", "O")
    assert to_iob2(("B-DERIV-PER", "I-DERIV-PER")) == ("B-DERIV-PER", "I-DERIV-PER")


def test_all_sentences_of_a_file_decide_its_scheme() -> None:
    ambiguous = ("I-PER", "I-PER", "O")
    assert detect_scheme([ambiguous, ("B-PER", "O", "O")]) == "iob2"
    assert detect_scheme([ambiguous, ("I-LOC", "B-LOC", "O")]) == "iob1"
    assert detect_scheme([ambiguous, ("B-LOC", "E-LOC", "O")]) == "iobes"
    assert detect_scheme([("PER", "O")]) == "io"
    assert detect_scheme([("O", "O")]) == "iob2"


@pytest.mark.parametrize("scheme", ["iob2", "iob1", "iobes", "bilou"])
def test_schemes_are_detected(scheme: Scheme) -> None:
    assert detect_scheme([SPELT[scheme]]) == scheme


def test_the_middle_tag_distinguishes_bmes_from_iobes() -> None:
    assert detect_scheme([("B-X", "M-X", "E-X", "S-X")]) == "bmes"


@pytest.mark.parametrize(
    ("tags", "tag"),
    [
        (("B-PER", "X-PER"), "X-PER"),  # no such prefix
        (("O", "B"), "B"),  # no type
        (("B-PER", "PER"), "PER"),  # with and without prefix
        (("PER", "I-PER"), "I-PER"),
        (("E-PER", "L-PER"), "L-PER"),  # two schemes
        (("O", ""), ""),
        (("O", "_"), "_"),
        (("O", "b-PER"), "b-PER"),
    ],
)
def test_tags_of_no_known_scheme_are_refused_naming_the_tag(
    tags: tuple[str, ...], tag: str
) -> None:
    with pytest.raises(
        ValueError, match=f"^'{tag}' (is not a tag|does not fit).*Correct the tag, or"
    ):
        to_iob2(tags)
    with pytest.raises(ValueError, match=f"^'{tag}' (is not a tag|does not fit)"):
        detect_scheme([tags])


def test_a_tag_that_does_not_fit_the_given_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="'S-PER' is not a tag of the scheme iob2"):
        to_iob2(("B-PER", "S-PER"), "iob2")


def test_an_unknown_scheme_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no tag scheme 'iob3'. Use one of \('iob1'"):
        to_iob2(("O",), "iob3")  # type: ignore[arg-type]


def spell(entities: tuple[Entity, ...], length: int, letters: str) -> list[str]:
    """Tag entities with the given prefixes of a first, an inner, a last and an only word."""
    first, inner, last, only = tuple(letters)
    tags = ["O"] * length
    for entity in entities:
        for position in range(entity.start, entity.end):
            is_first, is_last = position == entity.start, position == entity.end - 1
            letter = (
                only if is_first and is_last else first if is_first else last if is_last else inner
            )
            tags[position] = f"{letter}-{entity.type}"
    return tags


@st.composite
def iob2_tags(draw: st.DrawFn) -> tuple[str, ...]:
    entities, length = [], 0
    for size, type_ in draw(
        st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["", "A", "B-C"])))
    ):
        if type_:
            entities.append(Entity(length, length + size, type_))
        length += size
    return tags_of(entities, length)


@given(iob2_tags(), st.sampled_from(["BIES", "BMES", "BILU"]))
def test_converting_from_any_scheme_restores_the_entities(
    tags: tuple[str, ...], letters: str
) -> None:
    assert to_iob2(spell(entities_of(tags), len(tags), letters)) == tags


@given(iob2_tags())
def test_converting_from_iob1_and_iob2_restores_the_tags(tags: tuple[str, ...]) -> None:
    iob1 = list(tags)
    for position, tag in enumerate(tags):
        follows_its_type = position > 0 and tags[position - 1][2:] == tag[2:]
        if tag != "O" and not follows_its_type:
            iob1[position] = f"I-{tag[2:]}"
    assert to_iob2(iob1) == tags
    assert to_iob2(tags) == tags
