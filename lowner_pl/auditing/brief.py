"""The audit that `fit` makes: what it does not say itself, in a part of a large corpus."""

from lowner_pl.auditing.audit import search
from lowner_pl.auditing.finding import Finding, Kind, Severity
from lowner_pl.auditing.reading import TaggedData, splits_of
from lowner_pl.runs.page.text import counted

MOST = 2000
"""Sentences of each split that are looked at."""
KINDS = (Kind.SEQUENCE, Kind.DIFFERENT, Kind.BORDER, Kind.SHARED, Kind.SCRIPT)
"""`fit` itself names unknown and mistyped types and badly spelt words, and counts types."""


def brief(data: TaggedData) -> str | None:
    """Count the errors and warnings that `fit` does not list; ``None`` if there are none.

    Args:
        data: The data module of the run.

    Returns:
        What was found, to follow "`check` also finds".
    """
    splits = splits_of(data, most=MOST)
    found = [one for one in search(splits, KINDS) if not _is_said(one)]
    errors = sum(one.severity is Severity.ERROR for one in found)
    warnings = sum(one.severity is Severity.WARNING for one in found)
    if not errors + warnings:
        return None
    numbers = [(errors, "error"), (warnings, "warning")]
    listed = " and ".join(counted(number, noun) for number, noun in numbers if number)
    if any(len(split.entries) == MOST for split in splits):
        return f"{listed} in the first {MOST:,} sentences of each split"
    return f"{listed} in the data"


def _is_said(finding: Finding) -> bool:
    """Tell whether `fit` has counted a finding: a test sentence among the training sentences."""
    return finding.kind is Kind.SHARED and finding.severity is Severity.ERROR
