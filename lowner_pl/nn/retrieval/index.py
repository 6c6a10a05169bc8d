"""The sentences of a corpus that are nearest to another, by the cosine of their vectors."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import normalize

from lowner_pl.nn.backbones.compute import fastest_device, full_precision


class SentenceIndex:
    """The sentences of a source, found by vectors (Wu et al., 2020, Eq. 5 and 6).

    The search is exact. Sentences of one text share a vector and so, to the last bit, a score.
    Where cosines are equal in 32-bit floats, the sentence of the lowest number is the nearer one.
    A vector of zeros has the cosine 0 with every other.

    Args:
        texts: For each of the N sentences the number of its text, from 0 to U - 1, each text
            used, new ones in ascending order.
        vectors: One for each text. Shape ``(U, H)``.
        rows: Queries that are compared at a time: ``(rows, U)`` scores are held.

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
        """Return the numbers of the sentences nearest to each query, nearest first.

        Args:
            vectors: Of the queries. Shape ``(Q, H)``.
            k: How many sentences each is to get.

        Returns:
            Numbers of sentences, from 0. Shape ``(Q, k)``.

        Raises:
            ValueError: If there are fewer sentences than ``k``, or a vector is not finite.
        """
        _check_k(k, len(self))
        return self._search(_units(vectors), k, own=None)

    def others(self, k: int) -> Tensor:
        """Return what is nearest to each text of the source, among sentences of other texts.

        Args:
            k: How many sentences each is to get.

        Returns:
            Numbers of sentences, from 0. Shape ``(U, k)``.

        Raises:
            ValueError: If the other texts of one have fewer sentences than ``k``.
        """
        _check_k(k, len(self) - int(self._copies.max()))
        return self._search(self._units, k, own=torch.arange(len(self._units)))

    def _search(self, units: Tensor, k: int, own: Tensor | None) -> Tensor:
        """Return the nearest sentences, chunk by chunk, on the host; ``own`` texts are left out."""
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
        """Return the best sentences of the best texts.

        The K best sentences are of the K best texts, ties of which fall to the lowest first
        sentence, as numbers of texts follow that of their first sentence.

        Args:
            texts: Shape ``(Q, C)``.
            scores: Of the texts. Shape ``(Q, C)``.
            k: How many sentences to return, at most those of the texts.

        Returns:
            Numbers of sentences, the best first. Shape ``(Q, k)``.
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
    """Return the best scores of each row and their columns, of equal ones the lowest columns.

    `torch.topk` chooses freely among equal scores where not all of them are among the best.

    Args:
        scores: Shape ``(Q, U)``.
        count: How many to return, C.

    Returns:
        Scores and columns, in any order. Shape ``(Q, C)``, both.
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
    """Return the vectors at length 1, but for zeros, on the device that compares them.

    Raises:
        ValueError: If one is not finite.
    """
    check_finite(vectors)
    return normalize(vectors.to(fastest_device(), torch.float32), dim=1)


def check_finite(vectors: Tensor) -> None:
    """Refuse vectors with infinities or what is no number, which would be next to everything.

    Raises:
        ValueError: If there is one.
    """
    odd = ~vectors.isfinite().all(1)
    if odd.any():
        raise ValueError(
            f"The vector of a sentence must be finite numbers, was: not so for {int(odd.sum()):,} "
            f"of {len(vectors):,}. Choose another `retrieval_backbone`, or take a whole copy of it."
        )


def _check_k(k: int, most: int) -> None:
    """Refuse a number of neighbours that the source does not have."""
    if not 1 <= k <= most:
        raise ValueError(
            f"`k` must be from 1 to {most}, the sentences that there are for a query, was: {k}. "
            "Choose one of these."
        )
