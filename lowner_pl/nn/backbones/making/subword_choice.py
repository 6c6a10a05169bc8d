"""Which subwords a smaller vocabulary keeps."""

from collections.abc import Iterable, Mapping, Set

import numpy as np
import numpy.typing as npt

_ROUNDING = 1e-9  # of sums of shares
Parts = Mapping[int, Set[int]]
"""The subwords that are merged into a subword (BPE). All others have none."""


def most_frequent(
    shares: npt.NDArray[np.float64],
    always: Iterable[int],
    parts: Parts,
    *,
    coverage: float,
    size: int | None = None,
) -> set[int]:
    """Choose the most frequent subwords, each with its parts, and theirs.

    Args:
        shares: Each subword's share of the running subwords of the text. Shape ``(V,)``.
        always: Subwords to keep in any case.
        parts: The parts of each subword.
        coverage: Keep as few subwords as together have this share of the running subwords.
        size: Keep this many subwords instead, or fewer if not so many occur. A subword is left
            out if its parts would be too many, and the next one takes its place.
    """
    kept = with_parts(always, parts)
    covered = float(shares[sorted(kept)].sum())
    for subword in map(int, np.argsort(-shares, kind="stable")):
        enough = covered >= coverage - _ROUNDING if size is None else len(kept) >= size
        if enough or shares[subword] == 0:
            break
        new = with_parts([subword], parts) - kept
        if size is None or len(kept) + len(new) <= size:
            kept |= new
            covered += float(shares[sorted(new)].sum())
    return kept


def with_parts(subwords: Iterable[int], parts: Parts) -> set[int]:
    """Add to some subwords their parts, the parts of those, and so on."""
    found: set[int] = set()
    waiting = list(subwords)
    while waiting:
        subword = waiting.pop()
        if subword not in found:
            found.add(subword)
            waiting += parts.get(subword, ())
    return found
