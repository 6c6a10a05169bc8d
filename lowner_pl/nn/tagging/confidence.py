r"""How sure a tagger is of an entity: the probability of its whole span.

A head defines a distribution over the tag paths :math:`y` of a sentence. With the emissions
:math:`P`, the starts :math:`b`, transitions :math:`A` and ends :math:`e` of :class:`Chain`, and a
temperature :math:`\tau`,

.. math:: p(y) = \frac{1}{Z} \exp \frac{1}{\tau} \Big( b_{y_1} + \sum_{i=1}^{L} P_{i,y_i}
    + \sum_{i=2}^{L} A_{y_{i-1},y_i} + e_{y_L} \Big)

for the legal paths, which are well-formed in the tag scheme, and 0 for all others. :math:`Z` is the
sum over all legal paths. For a softmax head, :math:`p(y)` is the product of the words'
probabilities, renormalised over the legal paths.

The confidence of an entity is the sum of :math:`p(y)` over the paths that have exactly this entity:
its type and both borders. It is computed exactly, for all entities of a batch at once.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from lowner_pl.corpus import Entity, TagSet
from lowner_pl.nn.tagging.heads import Chain, Head


@torch.inference_mode()
def entity_confidences(
    head: Head,
    emissions: Tensor,
    mask: Tensor,
    spans: Sequence[Sequence[Entity]],
    temperature: float = 1.0,
) -> list[list[float]]:
    """Compute the probability of entities: that type and both borders are right.

    All computation is in float64 on the CPU. The padding never matters.

    Args:
        head: The head that computed the emissions.
        emissions: Scores of each tag. Shape ``(B, W, T)``.
        mask: ``True`` on real words, which come first. Shape ``(B, W)``.
        spans: The entities of each sentence, in any order. Length B.
        temperature: Divides all scores, above 0. Above 1, it lowers high probabilities.

    Returns:
        One probability per entity, from 0 to 1, in the order of ``spans``.

    Raises:
        ValueError: If the temperature is not above 0, the number of lists is not B, or an entity
            ends after its sentence or has a type that the head does not score.
    """
    lengths = mask.sum(1).tolist()
    _check(head.tag_set, lengths, spans, temperature)
    rows = [row for row, entities in enumerate(spans) if entities]
    if not rows:
        return [[] for _ in spans]
    longest = max(lengths[row] for row in rows)
    mask = mask[rows, :longest].cpu()
    scores = emissions[rows, :longest]
    paths = _Paths.of(*_scaled(head.tag_set, head.chain(), scores, mask, temperature), mask)
    found = [(place, entity) for place, row in enumerate(rows) for entity in spans[row]]
    values = iter(paths.log_probabilities(head.tag_set, found).exp().clamp(max=1.0).tolist())
    return [[next(values) for _ in entities] for entities in spans]


@torch.no_grad()
def log_likelihoods(
    tag_set: TagSet,
    chain: Chain,
    emissions: Tensor,
    tags: Tensor,
    mask: Tensor,
    temperature: float = 1.0,
) -> Tensor:
    """Compute the log-probability of each sentence's tags among all legal paths. Shape ``(B,)``.

    Args:
        tag_set: The T tags.
        chain: The scores of the head besides the emissions, for all sentences or, with a first axis
            B, for each.
        emissions: Scores of each tag. Shape ``(B, W, T)``.
        tags: Tag ids of a legal path. Shape ``(B, W)``.
        mask: ``True`` on real words, which come first. Shape ``(B, W)``.
        temperature: Divides all scores, above 0.
    """
    mask = mask.cpu()
    scores, chain = _scaled(tag_set, chain, emissions, mask, temperature)
    tags = tags.cpu().masked_fill(~mask, 0)
    size, number, row = len(tags), len(tag_set), torch.arange(len(tags))
    starts, ends = (part.expand(size, number) for part in (chain.starts, chain.ends))
    steps = chain.transitions.expand(size, number, number)
    moved = steps[row.unsqueeze(1), tags[:, :-1], tags[:, 1:]].masked_fill(~mask[:, 1:], 0.0)
    emitted = scores.take_along_dim(tags.unsqueeze(2), dim=2).sum((1, 2))
    last = mask.sum(1) - 1
    score = starts[row, tags[:, 0]] + emitted + moved.sum(1) + ends[row, tags[row, last]]
    sums = _path_sums([chain.starts], [chain.transitions], [scores])[0]
    return score - (sums[row, last] + chain.ends).logsumexp(1)


class _Paths(NamedTuple):
    """Log sums over the legal paths through each sentence of a batch.

    Attributes:
        chain: Starts, transitions and ends; -inf where illegal.
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
    def of(cls, scores: Tensor, chain: Chain, mask: Tensor) -> "_Paths":
        """Sum over the paths in both directions. Backward is forward in the reversed sentences."""
        lengths = mask.sum(1)
        words = torch.arange(scores.shape[1])
        mirror = (lengths.unsqueeze(1) - 1 - words).where(mask, words).unsqueeze(2)
        before, after = _path_sums(
            [chain.starts, chain.ends],
            [chain.transitions, chain.transitions.T],
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
        chain, number = self.chain, torch.arange(len(found))

        into = self.before[row, (start - 1).clamp(min=0)] + chain.transitions.T[first]
        if tag_set.scheme == "io":  # a word of its type before it would belong to it
            into[number, inside] = -torch.inf
        reached = torch.where(start > 0, into.logsumexp(1), chain.starts[first])

        sums = self.emissions.cumsum(1)
        later = sums[row, end - 1, inside] - sums[row, start, inside]
        more = chain.transitions[inside, inside] * (end - start - 2).clamp(min=0)
        moved = torch.where(end - start > 1, chain.transitions[first, inside] + more, 0.0)
        own = self.emissions[row, start, first] + later + moved

        last = inside.where(end - start > 1, first)
        out = chain.transitions[last] + self.after[row, end.clamp(max=sums.shape[1] - 1)]
        out[number, inside] = -torch.inf
        left = torch.where(end < self.lengths[row], out.logsumexp(1), chain.ends[last])
        return reached + own + left - (chain.starts + self.after[:, 0]).logsumexp(1)[row]


def _scaled(
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


def _path_sums(
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


def _check(
    tag_set: TagSet, lengths: Sequence[int], spans: Sequence[Sequence[Entity]], temperature: float
) -> None:
    """Check the arguments of `entity_confidences`."""
    if not temperature > 0:
        raise ValueError(f"The temperature is {temperature}, but it must be above 0.")
    if len(spans) != len(lengths):
        raise ValueError(
            f"There are {len(spans)} lists of entities for {len(lengths)} sentences. Pass one list "
            "per sentence; it may be empty."
        )
    for length, entities in zip(lengths, spans, strict=True):
        for entity in entities:
            if entity.end > length:
                raise ValueError(f"{entity} ends after its sentence, which has {length} words.")
            if entity.type not in tag_set.entity_types:
                raise ValueError(
                    f"{entity} has a type that the tagger does not know. It knows "
                    f"{', '.join(tag_set.entity_types)[:80]}."
                )
