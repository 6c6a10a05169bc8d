"""The numbers of an audit as tables of text, for the screen and for the page."""

from collections.abc import Sequence
from typing import NamedTuple

from lowner_pl.auditing.audit import Audit
from lowner_pl.auditing.numbers.counts import Novelty, counts_of, novelty_of, types_of
from lowner_pl.auditing.numbers.learning_curve import Curve
from lowner_pl.auditing.numbers.subwords import Subwords
from lowner_pl.corpus import Familiarity


class TextTable(NamedTuple):
    """A table of text.

    Attributes:
        heading: What it shows.
        columns: Headings of the columns; the first column holds names.
        rows: The cells.
        note: What the numbers are.
    """

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


def tables_of(audit: Audit) -> list[TextTable]:
    """Make the tables of an audit, leaving out those without rows."""
    tables = [
        _counts(audit),
        _novelty(novelty_of(audit.splits)),
        _subwords(audit.subwords),
        *([] if audit.curve is None else [_curve(audit.curve)]),
    ]
    return [table for table in tables if table.rows]


def _counts(audit: Audit) -> TextTable:
    """Count sentences, words and entities per split."""
    counts = [counts_of(split) for split in audit.splits]
    rows = [
        ["sentences", *(f"{one.sentences:,}" for one in counts)],
        ["  without entities", *(f"{one.empty:,}" for one in counts)],
        ["words", *(f"{one.words:,}" for one in counts)],
        ["entities", *(f"{one.types.total():,}" for one in counts)],
    ]
    rows += [
        [f"  {type_}", *(f"{one.types[type_]:,}" for one in counts)] for type_ in types_of(counts)
    ]
    return TextTable("The corpus", ["", *(one.split for one in counts)], rows)


def _novelty(found: Sequence[Novelty]) -> TextTable:
    """Say how new the scored entities are."""
    several = len({one.split for one in found}) > 1
    rows = []
    for one in found:
        total = one.counts.total()
        name = f"  {one.type}" if one.type else "all"
        shares = [_share(one.counts[kind], total) for kind in Familiarity]
        split = [one.split] if several else []
        rows.append([name, *split, f"{total:,}", *shares, _share(one.words, total)])
    return TextTable(
        "How new the scored entities are, in percent",
        ["", *(["split"] if several else []), "entities", *Familiarity, "new, of known words"],
        rows,
        "An entity is seen if exactly its words are an entity of the training sentences; upper and "
        "lower case differ. A score on entities that are mostly seen says little about new text.",
    )


def _subwords(found: Sequence[Subwords]) -> TextTable:
    """Say how backbones spell the words, and which sentences need several windows."""
    rows = [
        [
            one.backbone,
            one.split,
            f"{one.coverage.per_word:.2f}",
            _share(one.coverage.unknown, one.coverage.words),
            _share(one.coverage.bytes, one.coverage.words),
            f"{one.windows:,}",
            f"{one.long:,}",
            f"{one.marked:,}",
        ]
        for one in found
    ]
    columns = ["backbone", "split", "subwords per word", "unknown %", "in bytes %", "windows"]
    window = f"{found[0].most:,}" if len({one.most for one in found}) == 1 else "at most 512"
    return TextTable(
        "Subwords and windows",
        [*columns, "long sentences", "with markers"],
        rows,
        f"A window holds {window} subwords. Long sentences need several windows, which costs time "
        "and context; markers are the tokens that MANER puts before each word.",
    )


def _curve(curve: Curve) -> TextTable:
    """List the trainings of a learning curve and its forecasts."""
    rows = [[f"{point.sentences:,}", f"{point.f1:.1f}", "measured"] for point in curve.points]
    rows += [
        [f"{one.sentences:,}", f"{one.f1:.0f}", f"expected, {one.low:.0f} to {one.high:.0f}"]
        for one in curve.forecasts
    ]
    return TextTable("More sentences", ["training sentences", "dev F1 %", ""], rows, curve.said)


def _share(part: int, whole: int) -> str:
    """Write a share in percent; empty if it is of nothing."""
    return f"{100 * part / whole:.1f}" if whole else ""
