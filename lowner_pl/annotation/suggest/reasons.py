"""Why a sentence was suggested, in words."""

from collections.abc import Mapping, Sequence

from lowner_pl.annotation.suggest.scoring import Measure, TaggedSentence
from lowner_pl.annotation.suggest.strategies import Chosen
from lowner_pl.corpus import entities_of

_SHOWN = 0.05  # expected entities below this are not worth mentioning
_MEASURES: Mapping[Measure, str] = {
    "path": "the best tags have a -log p of {:.3f} per word",
    "entropy": "the entropy of a tag is {:.3f} nats",
    "bald": "passes with dropout disagree by {:.4f} nats per word",
}


def why_unsure(measure: Measure, value: float, words: Sequence[str], tagged: TaggedSentence) -> str:
    """Say how unsure the tagger is of a sentence, and of which entity most."""
    return _MEASURES[measure].format(value) + _least_sure(words, tagged)


def why_diverse(one: Chosen, unsure: float, words: Sequence[str], tagged: TaggedSentence) -> str:
    """Say how unsure the tagger is of a sentence, and how far it is from all others."""
    distance = one.score / unsure if unsure else 0.0
    return (
        f"uncertainty {unsure:.3f} x distance {distance:.2f} from the nearest annotated or chosen "
        f"sentence{_least_sure(words, tagged)}"
    )


def why_balanced(expected: Mapping[str, float], known: Mapping[str, int]) -> str:
    """Say how many entities of which types are expected, those of the rarest type first."""
    worth = sorted(expected, key=lambda type_: -expected[type_] / (1 + known.get(type_, 0)))
    parts = [
        f"{expected[type_]:.1f} {type_} ({known.get(type_, 0):,} annotated)"
        for type_ in worth
        if expected[type_] >= _SHOWN
    ]
    return f"expected: {', '.join(parts) or 'few entities'}"


def _least_sure(words: Sequence[str], tagged: TaggedSentence) -> str:
    """Name the entity with the lowest confidence, if there is an entity."""
    entities = entities_of(tagged.tags)
    if not entities:
        return ""
    entity, sure = min(zip(entities, tagged.confidences, strict=True), key=lambda pair: pair[1])
    text = " ".join(words[entity.start : entity.end])
    shown = text if len(text) <= 40 else f"{text[:40]}…"
    return f"; least sure of {shown!r}, {entity.type} {100 * sure:.0f} %"
