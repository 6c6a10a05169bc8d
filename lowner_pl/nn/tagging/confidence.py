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

import torch
from torch import Tensor

from lowner_pl.corpus import Entity, TagSet
from lowner_pl.nn.tagging.heads import Chain, Head
from lowner_pl.nn.tagging.paths import Paths, path_sums, scaled


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
    paths = Paths.of(*scaled(head.tag_set, head.chain(), scores, mask, temperature), mask)
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
    scores, chain = scaled(tag_set, chain, emissions, mask, temperature)
    tags = tags.cpu().masked_fill(~mask, 0)
    size, number, row = len(tags), len(tag_set), torch.arange(len(tags))
    starts, ends = (part.expand(size, number) for part in (chain.starts, chain.ends))
    steps = chain.transitions.expand(size, number, number)
    moved = steps[row.unsqueeze(1), tags[:, :-1], tags[:, 1:]].masked_fill(~mask[:, 1:], 0.0)
    emitted = scores.take_along_dim(tags.unsqueeze(2), dim=2).sum((1, 2))
    last = mask.sum(1) - 1
    score = starts[row, tags[:, 0]] + emitted + moved.sum(1) + ends[row, tags[row, last]]
    sums = path_sums([chain.starts], [chain.transitions], [scores])[0]
    return score - (sums[row, last] + chain.ends).logsumexp(1)


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
