"""An audit as values for JSON."""

from typing import Any

from lowner_pl.auditing.audit import Audit
from lowner_pl.auditing.finding import Finding, Place, Severity
from lowner_pl.auditing.numbers.counts import counts_of, novelty_of
from lowner_pl.corpus import Familiarity


def record_of(audit: Audit) -> dict[str, Any]:
    """Convert an audit to values for JSON."""
    return {
        "counts": {f"{severity}s": audit.count(severity) for severity in Severity},
        "findings": [_finding(one) for one in audit.findings],
        "splits": {
            one.split: {
                "sentences": one.sentences,
                "without_entities": one.empty,
                "words": one.words,
                "entities": dict(one.types.most_common()),
            }
            for one in map(counts_of, audit.splits)
        },
        "novelty": [
            {
                "split": one.split,
                "type": one.type,
                **{kind.name.lower(): one.counts[kind] for kind in Familiarity},
                "new_of_known_words": one.words,
            }
            for one in novelty_of(audit.splits)
        ],
        "subwords": [
            {
                "backbone": one.backbone,
                "split": one.split,
                "subwords_per_word": round(one.coverage.per_word, 3),
                "unknown_words": one.coverage.unknown,
                "words_with_bytes": one.coverage.bytes,
                "windows": one.windows,
                "sentences_of_several_windows": one.long,
                "the_same_with_markers": one.marked,
                "window": one.most,
            }
            for one in audit.subwords
        ],
        "curve": None
        if audit.curve is None
        else {
            "points": [point._asdict() for point in audit.curve.points],
            "forecasts": [one._asdict() for one in audit.curve.forecasts],
            "said": audit.curve.said,
        },
    }


def _finding(one: Finding) -> dict[str, Any]:
    """Convert a finding."""
    words = None if one.entry is None else list(one.entry.sentence.words[one.start : one.end])
    return {
        "kind": str(one.kind),
        "severity": str(one.severity),
        "text": one.text,
        "place": _place(one.place),
        "words": words,
        "others": [_place(place) for place in one.others],
        "advice": one.kind.advice,
    }


def _place(place: Place | None) -> dict[str, Any] | None:
    """Convert a place."""
    if place is None:
        return None
    number = "sentence" if place.of_sentence else "line"
    return {"split" if place.of_sentence else "file": place.file, number: place.number}
