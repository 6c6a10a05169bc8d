"""The audit: all findings and all numbers of a corpus."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from lowner_pl.auditing.finding import Finding, Kind, Place, Severity
from lowner_pl.auditing.findings.borders import doubtful_borders
from lowner_pl.auditing.findings.differences import differing_tags
from lowner_pl.auditing.findings.rare_types import rare_types
from lowner_pl.auditing.findings.scripts import mixed_scripts
from lowner_pl.auditing.findings.sequences import broken_sequences
from lowner_pl.auditing.findings.shared import shared_sentences
from lowner_pl.auditing.findings.type_names import mistyped_types
from lowner_pl.auditing.numbers.learning_curve import Curve
from lowner_pl.auditing.numbers.subwords import Subwords
from lowner_pl.auditing.split import Split

Search = Callable[[Sequence[Split]], Iterator[Finding]]
SEARCHES: dict[Kind, Search] = {
    Kind.SEQUENCE: broken_sequences,
    Kind.TYPE: mistyped_types,
    Kind.DIFFERENT: differing_tags,
    Kind.BORDER: doubtful_borders,
    Kind.SHARED: shared_sentences,
    Kind.SCRIPT: mixed_scripts,
    Kind.RARE: rare_types,
}
"""The function that looks for each kind of finding."""
_SEVERITIES, _KINDS = list(Severity), list(Kind)


@dataclass(frozen=True)
class Audit:
    """What was found in a corpus.

    Attributes:
        splits: The corpus.
        findings: What is wrong or may be, in the order of the report.
        subwords: How backbones spell the words, one entry per backbone and split.
        curve: How the score grows with the number of training sentences, if it was measured.
    """

    splits: Sequence[Split]
    findings: Sequence[Finding]
    subwords: Sequence[Subwords] = field(default_factory=tuple)
    curve: Curve | None = None

    def count(self, severity: Severity, kind: Kind | None = None) -> int:
        """Count the findings of a severity, of all kinds or of one."""
        return sum(one.severity is severity and kind in (None, one.kind) for one in self.findings)

    def of(self, kind: Kind) -> list[Finding]:
        """Return the findings of a kind."""
        return [one for one in self.findings if one.kind is kind]


def audit(
    splits: Sequence[Split],
    *,
    more: Iterable[Finding] = (),
    subwords: Sequence[Subwords] = (),
    curve: Curve | None = None,
) -> Audit:
    """Audit a corpus.

    Args:
        splits: The corpus.
        more: Findings that were made before, such as the reader's warnings.
        subwords: How backbones spell the words.
        curve: The learning curve, if it was measured.
    """
    found = [*more, *search(splits)]
    return Audit(splits, ordered(found), subwords, curve)


def search(splits: Sequence[Split], kinds: Iterable[Kind] = SEARCHES) -> Iterator[Finding]:
    """Yield the findings of some kinds."""
    for kind in kinds:
        yield from SEARCHES[kind](splits)


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Order findings by kind, then by severity and by how likely they are errors."""
    return sorted(
        findings,
        key=lambda one: (
            _KINDS.index(one.kind),
            _SEVERITIES.index(one.severity),
            -one.weight,
            one.place or Place("", 0),
        ),
    )
