"""Floor 2: an audit of a corpus before anything is trained on it."""

from lowner_pl.auditing.audit import Audit, audit
from lowner_pl.auditing.finding import Finding, Kind, Place, Severity
from lowner_pl.auditing.reading import of_sentences, read_split, splits_of
from lowner_pl.auditing.split import Entry, Role, Split

__all__ = [
    "Audit",
    "Entry",
    "Finding",
    "Kind",
    "Place",
    "Role",
    "Severity",
    "Split",
    "audit",
    "of_sentences",
    "read_split",
    "splits_of",
]
