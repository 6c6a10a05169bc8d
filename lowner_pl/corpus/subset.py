"""Random parts of a corpus that depend on a seed only."""

from collections.abc import Sequence
from random import Random

from lowner_pl.corpus.sentence import Sentence


def subset(sentences: Sequence[Sentence], size: int | None, *, seed: int) -> list[Sentence]:
    """Draw ``size`` sentences and return them in corpus order.

    Subsets are nested: with the same seed, a larger subset contains every smaller one.

    Args:
        sentences: The corpus.
        size: How many sentences to draw, at least 1; ``None`` takes all.
        seed: The same seed gives the same sentences.

    Raises:
        ValueError: If ``size`` is below 1 or above the size of the corpus.
    """
    if size is None:
        return list(sentences)
    if not 1 <= size <= len(sentences):
        raise ValueError(
            f"A subset of {size} sentences is not possible: the corpus has {len(sentences)}. "
            f"Choose a size from 1 to {len(sentences)}."
        )
    return [sentences[i] for i in sorted(_permutation(len(sentences), seed)[:size])]


def split_off(
    sentences: Sequence[Sentence], *, fraction: float = 0.1, size: int | None = None, seed: int
) -> tuple[list[Sentence], list[Sentence]]:
    """Split a corpus into the rest and the held-out sentences, both in corpus order.

    Sentences with the same words go to the same part, so the two parts have none in common.

    Args:
        sentences: The corpus.
        fraction: Share of the sentences to hold out, between 0 and 1; at least 1 sentence.
        size: Number of sentences to hold out, instead of a fraction.
        seed: The same seed gives the same parts.

    Raises:
        ValueError: If either part would be empty.
    """
    wanted = max(1, round(fraction * len(sentences))) if size is None else size
    groups: dict[tuple[str, ...], list[int]] = {}
    for position, sentence in enumerate(sentences):
        groups.setdefault(sentence.words, []).append(position)
    alike = list(groups.values())
    held_out: set[int] = set()
    for group in _permutation(len(alike), seed):
        if len(held_out) + len(alike[group]) <= wanted:
            held_out.update(alike[group])
    if not 0 < len(held_out) < len(sentences):
        raise ValueError(
            f"{wanted} of {len(sentences)} sentences ({len(alike)} distinct) can't be split off: "
            "one part would be empty. Give a separate file (`dev_path`), or more sentences."
        )
    rest = [s for position, s in enumerate(sentences) if position not in held_out]
    return rest, [sentences[position] for position in sorted(held_out)]


def _permutation(length: int, seed: int) -> list[int]:
    positions = list(range(length))
    Random(seed).shuffle(positions)
    return positions
