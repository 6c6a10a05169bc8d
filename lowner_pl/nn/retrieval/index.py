"""Exact search for the nearest sentences of a corpus, by cosine similarity."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn.functional import normalize


class SentenceIndex:
    """Sentences of a source corpus, searchable by vector (Wu et al., 2020, Eq. 5 and 6).

    The search is exact. Sentences with the same text share one vector, so their scores are equal to
    the last bit. Ties between cosines in 32-bit floats go to the sentence with the lowest index. A
    vector of zeros has cosine 0 with every other.

    Args:
        texts: Text id of each of the N sentences, from 0 to U - 1. Every id is used, and new ids
            appear in ascending order.
        vectors: Vector of each text. Shape ``(U, H)``.
        rows: Number of queries compared at a time, which bounds memory to ``(rows, U)`` scores.

    Raises:
        ValueError: If a vector is not finite.
    """

    def __init__(self, texts: Sequence[int], vectors: Tensor, *, rows: int = 256) -> None:
        self._rows = rows
        self._units = _units(vectors)
        numbered = torch.tensor(texts, device=self._units.device)
        # The sentences of text u, in order: order[first[u]], …, order[first[u] + copies[u] - 1].
        self._order = numbered.argsort(stable=True)
        self._copies = numbered.bincount(minlength=len(vectors))
        self._first = self._copies.cumsum(0) - self._copies

    def __len__(self) -> int:
        return len(self._order)

    def nearest(self, vectors: Tensor, k: int) -> Tensor:
        """Find the sentences nearest to each query, nearest first.

        Args:
            vectors: Query vectors. Shape ``(Q, H)``.
            k: Number of sentences per query.

        Returns:
            Sentence indices from 0. Shape ``(Q, k)``.

        Raises:
            ValueError: If there are fewer than ``k`` sentences, or a vector is not finite.
        """
        _check_k(k, len(self))
        return self._search(_units(vectors), k, own=None)

    def others(self, k: int) -> Tensor:
        """Find the sentences nearest to each text of the source, among those with another text.

        Args:
            k: Number of sentences per text.

        Returns:
            Sentence indices from 0. Shape ``(U, k)``.

        Raises:
            ValueError: If some text has fewer than ``k`` sentences with another text.
        """
        _check_k(k, len(self) - int(self._copies.max()))
        return self._search(self._units, k, own=torch.arange(len(self._units)))

    def _search(self, units: Tensor, k: int, own: Tensor | None) -> Tensor:
        """Find the nearest sentences, in chunks of queries, except those of the ``own`` text."""
        found = [torch.empty(0, k, dtype=torch.long)]
        count = min(k, len(self._units) - (own is not None))
        for start in range(0, len(units), self._rows):
            chunk = units[start : start + self._rows]
            with full_precision():
                scores = chunk @ self._units.T
            if own is not None:
                mine = own[start : start + self._rows, None].to(scores.device)
                scores.scatter_(1, mine, -torch.inf)
            best, texts = _top(scores, count)
            found.append(self._sentences(texts, best, k).cpu())
        return torch.cat(found)

    def _sentences(self, texts: Tensor, scores: Tensor, k: int) -> Tensor:
        """Select the best sentences of the best texts.

        The K best sentences are among the K best texts, because ties between texts go to the text
        whose first sentence comes first.

        Args:
            texts: Text ids. Shape ``(Q, C)``.
            scores: Their scores. Shape ``(Q, C)``.
            k: Number of sentences to select; the texts have at least as many.

        Returns:
            Sentence indices, the best first. Shape ``(Q, k)``.
        """
        copy = torch.arange(min(k, int(self._copies.max())), device=texts.device)
        place = (self._first[texts][..., None] + copy).clamp(max=len(self) - 1)
        exists = copy < self._copies[texts][..., None]
        numbers = self._order[place].flatten(1)
        scores = scores[..., None].where(exists, -torch.inf).flatten(1)
        ascending = numbers.argsort(dim=1)
        ranks = scores.gather(1, ascending).argsort(dim=1, descending=True, stable=True)
        return numbers.gather(1, ascending).gather(1, ranks[:, :k])


def _top(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Find the highest scores of each row and their columns; ties go to the lowest columns.

    `torch.topk` picks arbitrarily when only some of several equal scores fit in.

    Args:
        scores: Shape ``(Q, U)``.
        count: Number of scores C to find.

    Returns:
        Scores and columns, in any order. Each has shape ``(Q, C)``.
    """
    best, columns = scores.topk(count, dim=1)
    lowest = best[:, -1:]
    tied = (scores >= lowest).sum(1) > count
    if tied.any():
        rows, lowest = scores[tied], lowest[tied]
        above, level = rows > lowest, rows == lowest
        room = count - above.sum(1, keepdim=True)
        kept = above | (level & (level.cumsum(1, dtype=torch.int32) <= room))
        columns[tied] = kept.nonzero()[:, 1].view(-1, count)
        best[tied] = rows.gather(1, columns[tied])
    return best, columns


def _units(vectors: Tensor) -> Tensor:
    """Scale vectors to length 1, except zeros, on the fastest device.

    Raises:
        ValueError: If one is not finite.
    """
    check_finite(vectors)
    return normalize(vectors.to(fastest_device(), torch.float32), dim=1)


def check_finite(vectors: Tensor) -> None:
    """Raise an error if a vector contains infinities or NaN, which would be near everything.

    Raises:
        ValueError: If one does.
    """
    bad = ~vectors.isfinite().all(1)
    if bad.any():
        raise ValueError(
            f"{int(bad.sum()):,} of {len(vectors):,} sentence vectors contain infinities or NaN. "
            "Use another `retrieval_backbone`, or an undamaged copy of it."
        )


def _check_k(k: int, most: int) -> None:
    """Raise an error if ``k`` is below 1 or above the number of possible neighbours."""
    if not 1 <= k <= most:
        raise ValueError(
            f"`k` is {k}, but a query has {most} possible neighbours. Choose a number between 1 "
            f"and {most}."
        )


@contextmanager
def full_precision() -> Iterator[None]:
    """Multiply in full 32-bit precision, even if training may use less (TF32)."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def fastest_device() -> torch.device:
    """Return this process's GPU if there is one, otherwise the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
