"""Sums over the legal tag paths of each sentence of a batch, in logarithms."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from lowner_pl.corpus import Entity, TagSet
from lowner_pl.nn.tagging.heads import Chain


class Paths(NamedTuple):
    """Log sums over the legal paths through each sentence of a batch.

    Attributes:
        chain: Starts, transitions and ends, for all sentences or, with a first axis B, for each;
            -inf where illegal.
        emissions: Log-probability of each tag, 0 in the padding. Shape ``(B, W, T)``.
        before: Sums over the paths from the first word to each tag, inclusive. Shape ``(B, W, T)``.
        after: Sums over the paths from each tag, inclusive, to the last word. Shape ``(B, W, T)``.
        lengths: Number of words. Shape ``(B,)``.
    """

    chain: Chain
    emissions: Tensor
    before: Tensor
    after: Tensor
    lengths: Tensor

    @classmethod
    def of(cls, scores: Tensor, chain: Chain, mask: Tensor) -> "Paths":
        """Sum over the paths in both directions. Backward is forward in the reversed sentences."""
        lengths = mask.sum(1)
        words = torch.arange(scores.shape[1])
        mirror = (lengths.unsqueeze(1) - 1 - words).where(mask, words).unsqueeze(2)
        before, after = path_sums(
            [chain.starts, chain.ends],
            [chain.transitions, chain.transitions.mT],
            [scores, scores.take_along_dim(mirror, dim=1)],
        )
        return cls(chain, scores, before, after.take_along_dim(mirror, dim=1), lengths)

    def log_probabilities(self, tag_set: TagSet, found: Sequence[tuple[int, Entity]]) -> Tensor:
        """Compute the log-probability of entities, each given with its row. Shape ``(N,)``.

        It is the log sum over the paths up to the first word, the score of the entity's own tags,
        and the log sum over the paths after it, where its type must not continue.
        """
        row, start, end = torch.tensor([(row, e.start, e.end) for row, e in found]).unbind(1)
        tags = [tag_set.encode((f"B-{e.type}", f"I-{e.type}")) for _, e in found]
        first, inside = torch.tensor(tags).unbind(1)  # the same tag with `io`
        number = torch.arange(len(found))
        size, _, every = self.emissions.shape
        starts, ends = (part.expand(size, every) for part in (self.chain.starts, self.chain.ends))
        steps = self.chain.transitions.expand(size, every, every)

        into = self.before[row, (start - 1).clamp(min=0)] + steps[row, :, first]
        if tag_set.scheme == "io":  # a word of its type before it would belong to it
            into[number, inside] = -torch.inf
        reached = torch.where(start > 0, into.logsumexp(1), starts[row, first])

        sums = self.emissions.cumsum(1)
        later = sums[row, end - 1, inside] - sums[row, start, inside]
        more = steps[row, inside, inside] * (end - start - 2).clamp(min=0)
        moved = torch.where(end - start > 1, steps[row, first, inside] + more, 0.0)
        own = self.emissions[row, start, first] + later + moved

        last = inside.where(end - start > 1, first)
        out = steps[row, last] + self.after[row, end.clamp(max=sums.shape[1] - 1)]
        out[number, inside] = -torch.inf
        left = torch.where(end < self.lengths[row], out.logsumexp(1), ends[row, last])
        return reached + own + left - self.total()[row]

    def total(self) -> Tensor:
        """Compute the log sum over all paths. Shape ``(B,)``."""
        return (self.chain.starts + self.after[:, 0]).logsumexp(1)

    def best(self, mask: Tensor) -> Tensor:
        r"""Compute the log-probability :math:`\max_y \log p(y)` of the best path. Shape ``(B,)``.

        Args:
            mask: ``True`` on real words, which come first. Shape ``(B, W)``.
        """
        first, *others = self.emissions.unbind(1)
        scores = self.chain.starts + first
        for word, emitted in enumerate(others, 1):
            moved = (scores.unsqueeze(2) + self.chain.transitions).amax(1) + emitted
            scores = moved.where(mask[:, word, None], scores)
        return (scores + self.chain.ends).amax(1) - self.total()

    def word_probabilities(self) -> Tensor:
        """Compute the probability of each tag of each word. Shape ``(B, W, T)``.

        Values in the padding are meaningless.
        """
        through = self.before + self.after - self.emissions
        return (through - self.total()[:, None, None]).exp()

    def begins(self, tag_set: TagSet) -> Tensor:
        """Compute how likely an entity of each type begins at each word. Shape ``(B, W, E)``.

        Values in the padding are meaningless.

        Args:
            tag_set: The tags, of E entity types.
        """
        first = torch.tensor(tag_set.encode([f"B-{type_}" for type_ in tag_set.entity_types]))
        begun = self.word_probabilities()[:, :, first]
        if tag_set.scheme == "iob2":
            return begun
        steps = self.chain.transitions[first, first]  # a word after its own type goes on with it
        both = self.before[:, :-1, first] + steps + self.after[:, 1:, first]
        begun[:, 1:] -= (both - self.total()[:, None, None]).exp()
        return begun


def scaled(
    tag_set: TagSet, chain: Chain, emissions: Tensor, mask: Tensor, temperature: float
) -> tuple[Tensor, Chain]:
    """Divide all scores by the temperature.

    Returns:
        Emissions as log-probabilities of each word, which changes all paths by the same amount and
        keeps sums small, with 0 in the padding; and the chain, with -inf where illegal.
    """
    scores = (emissions.cpu().double() / temperature).log_softmax(2)
    starts, transitions, ends = (part.detach().cpu().double() / temperature for part in chain)
    starts = starts.masked_fill(~torch.tensor(tag_set.starts()), -torch.inf)
    illegal = ~torch.tensor(tag_set.transitions())
    chain = Chain(starts, transitions.masked_fill(illegal, -torch.inf), ends)
    return scores.masked_fill(~mask.unsqueeze(2), 0.0), chain


def path_sums(
    starts: Sequence[Tensor], transitions: Sequence[Tensor], scores: Sequence[Tensor]
) -> Tensor:
    """Compute the log sums over all paths to each tag of each word.

    Each step is a matrix product of odds relative to the best tag, which is much faster than log
    sums if there are many tags. Only paths with less than 1e-300 of the best path's odds are lost.

    Args:
        starts: Score of the first tag. D tensors of shape ``(T,)`` or ``(B, T)``, for D problems.
        transitions: Score of each tag (column) after each other (row). D tensors of shape
            ``(T, T)`` or ``(B, T, T)``.
        scores: Score of each tag of each word. D tensors of shape ``(B, W, T)``.

    Returns:
        Shape ``(D, B, W, T)``.
    """
    number = scores[0].shape[2]
    steps = torch.stack(list(transitions))
    highest = steps.amax((-2, -1), keepdim=True)
    odds = (steps - highest).exp()
    shift = highest.reshape(len(steps), -1, 1)
    shared = odds.dim() == 3  # by all sentences
    first, *others = torch.stack(list(scores)).unbind(2)
    sums = [torch.stack([part.reshape(-1, number) for part in starts]) + first]
    for emitted in others:
        best = sums[-1].amax(2, keepdim=True)
        before = (sums[-1] - best).exp()
        after = before @ odds if shared else (before.unsqueeze(2) @ odds).squeeze(2)
        sums.append(after.log() + (emitted + best + shift))
    return torch.stack(sums, dim=2)
