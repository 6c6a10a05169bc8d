"""How backbones spell the words of a corpus, and how many windows its sentences need."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from lowner_pl.auditing.finding import Finding, Kind, Severity
from lowner_pl.auditing.split import Split

if TYPE_CHECKING:
    from lowner_pl.encoding import Coverage, WordEncoder

MANY_SUBWORDS = 4.0
"""Subwords per word from which a backbone has hardly seen a language."""
UNSPELT_SHARE = 0.1
"""Share of unknown words, or of words in single bytes, that is too high."""


class Spelt(Protocol):
    """How a vocabulary spells words; see `lowner_pl.encoding.Coverage`."""

    @property
    def words(self) -> int:
        """Number of words."""

    @property
    def unknown(self) -> int:
        """Number of words with an unknown token."""

    @property
    def bytes(self) -> int:
        """Number of words that are at least partly spelt by single bytes."""

    @property
    def unknown_token(self) -> str:
        """The unknown token."""

    @property
    def per_word(self) -> float:
        """Mean number of subwords per word."""


class Subwords(NamedTuple):
    """How a backbone spells a split.

    Attributes:
        backbone: Name of the backbone.
        split: Name of the split.
        coverage: Numbers of words and subwords.
        sentences: Number of sentences.
        long: Number of sentences that need more than one window.
        marked: The same with a marker before each word, as in MANER.
        windows: Number of windows of all sentences.
        most: Number of subwords that fit into a window.
    """

    backbone: str
    split: str
    coverage: "Coverage"
    sentences: int
    long: int
    marked: int
    windows: int
    most: int


def subwords_of(backbone: str, encoder: "WordEncoder", split: Split) -> Subwords:
    """Measure how a backbone spells a split.

    Args:
        backbone: Name of the backbone.
        encoder: Its encoder, without a marker.
        split: The split.
    """
    from lowner_pl.encoding import coverage  # imports torch
    from lowner_pl.encoding.windows import windows

    sentences = [entry.sentence for entry in split.entries]
    spelt = coverage(encoder, (word for sentence in sentences for word in sentence.words))
    long = marked = total = 0
    for sentence in sentences:
        sizes = [len(encoder.subwords(word)) for word in sentence.words]
        needed = 1
        if sum(sizes) > encoder.budget:
            needed = sum(1 for _ in windows(sizes, budget=encoder.budget, context=encoder.context))
        total += needed
        long += needed > 1
        marked += sum(sizes) + len(sizes) > encoder.budget
    return Subwords(
        backbone, split.name, spelt, len(sentences), long, marked, total, encoder.max_length
    )


def badly_spelt(found: Sequence[Subwords]) -> Iterator[Finding]:
    """Yield the splits that a backbone spells badly."""
    for one in found:
        if text := spells_nothing(one.coverage, one.split, one.backbone):
            yield Finding(Kind.SPELLING, Severity.WARNING, text)


def spells_nothing(spelt: Spelt | None, split: str, backbone: str) -> str | None:
    """Say that a vocabulary spells the words of a split badly, or return ``None`` if well.

    Args:
        spelt: How it spells them.
        split: Name of the split.
        backbone: Name of the backbone.
    """
    if spelt is None or not spelt.words:
        return None
    data = f"the words in the {'training' if split == 'train' else split} data"
    unknown, pieces = spelt.unknown / spelt.words, spelt.bytes / spelt.words
    if unknown >= UNSPELT_SHARE:
        return (
            f"The vocabulary of the backbone {backbone!r} does not know {unknown:.0%} of {data}. "
            f"The tagger reads {spelt.unknown_token} instead of them. Choose a backbone that "
            "knows their script."
        )
    many = spelt.per_word > MANY_SUBWORDS
    if not many and pieces < UNSPELT_SHARE:
        return None
    how = (
        f", {pieces:.0%} of them at least partly by single bytes" if pieces >= UNSPELT_SHARE else ""
    )
    return (
        f"The backbone {backbone!r} spells {data} in {spelt.per_word:.1f} subwords each on "
        f"average{how}. It has hardly seen this language, and more training does not make up for "
        "that. Choose a backbone that was trained on it."
    )
