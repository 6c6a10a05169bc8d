"""Random masks over words and subwords."""

from collections.abc import Sequence
from random import Random

import torch
from torch import Tensor

from lowner_pl.corpus import Sentence


def mask_words(
    lengths: list[int], probability: float, generator: torch.Generator
) -> list[list[bool]]:
    r"""Draw the words that MLM-NER replaces, each by a single mask token.

    Eq. 1 in appendix A.2 of `Sonkar et al. (2023) <https://arxiv.org/abs/2212.09723>`_: word
    :math:`i` is masked if :math:`p_i \le p_{ner}`, where :math:`p_i` is uniform.

    Args:
        lengths: Number of words in each sentence.
        probability: The masking probability :math:`p_{ner}` of each word, from 0 to 1.
        generator: Source of randomness.
    """
    draws = torch.rand(sum(lengths), generator=generator).le(probability)
    if probability == 0.0:  # rand may draw exactly 0
        draws.zero_()
    return [part.tolist() for part in draws.split(lengths)]


def mask_entity_words(
    sentences: Sequence[Sentence], probability: float, generator: torch.Generator
) -> list[list[bool]]:
    """Draw the words that meta-training masks: each word of an entity with the same probability.

    "Masking on Named Entities" in `Wu et al. (2020) <https://arxiv.org/abs/1911.06161>`_. Words
    outside entities are never masked.

    Args:
        sentences: Tagged sentences.
        probability: Masking probability of each word of an entity, from 0 to 1.
        generator: Source of randomness.
    """
    drawn = mask_words([len(sentence.words) for sentence in sentences], probability, generator)
    return [
        [hidden and tag != "O" for hidden, tag in zip(row, sentence.tags or (), strict=True)]
        for row, sentence in zip(drawn, sentences, strict=True)
    ]


def mask_subwords(
    input_ids: Tensor,
    maskable: Tensor,
    *,
    probability: float,
    mask_id: int,
    vocabulary: int,
    generator: torch.Generator,
    masked_share: float = 0.8,
) -> tuple[Tensor, Tensor]:
    """Mask subwords as BERT does, and return the masked ids and the positions to predict.

    By default, 80 % of the chosen subwords become the mask token, 10 % become a random subword and
    10 % stay (`Devlin et al., 2019 <https://arxiv.org/abs/1810.04805>`_, section 3.1). At least one
    subword is chosen if there is a maskable one.

    Args:
        input_ids: Subword ids on the CPU. Shape ``(N,)``.
        maskable: ``True`` where a subword may be chosen. Shape ``(N,)``.
        probability: Probability of choosing each subword, from 0 to 1.
        mask_id: Id of the mask token.
        vocabulary: Random subwords are drawn from the ids below this number.
        generator: Source of randomness.
        masked_share: Share of the chosen subwords that become the mask token, from 0 to 1. Of the
            others, half become a random subword and half stay.
    """
    draws = torch.rand(len(input_ids), generator=generator).masked_fill(~maskable, 2.0)
    chosen = draws < probability
    if not chosen.any() and maskable.any():
        chosen[draws.argmin()] = True
    kind = torch.rand(len(input_ids), generator=generator)
    random_ids = torch.randint(vocabulary, (len(input_ids),), generator=generator)
    masked = torch.where(chosen & (kind < masked_share), mask_id, input_ids)
    replaced = chosen & (kind >= (1.0 + masked_share) / 2)
    masked = torch.where(replaced, random_ids, masked)
    return masked, chosen.nonzero().squeeze(1)


def mask_entities(
    sizes: Sequence[int], probability: float, generator: torch.Generator
) -> list[list[int]]:
    r"""Draw the entity subwords of each sentence that MELM masks for fine-tuning.

    Each subword of an entity is masked with probability :math:`\eta` (section 2.2 of
    `Zhou et al., 2022 <https://arxiv.org/abs/2108.13655>`_). At least one is masked in each
    sentence with entities.

    Args:
        sizes: Number of entity subwords in each sentence.
        probability: The masking rate :math:`\eta`, from 0 to 1.
        generator: Source of randomness.
    """
    masked = []
    for draws in torch.rand(sum(sizes), generator=generator).split(list(sizes)):
        chosen: list[int] = (draws < probability).nonzero().flatten().tolist()
        masked.append(chosen or draws.argsort()[:1].tolist())
    return masked


def gaussian_mask(size: int, mean: float, random: Random) -> list[int]:
    r"""Draw the subwords of an entity that MELM masks for generation, as ascending positions.

    The masking rate of :math:`n` subwords is :math:`\epsilon \sim \mathcal N(\mu, 1/n^2)`
    (section 2.3 of `Zhou et al., 2022 <https://arxiv.org/abs/2108.13655>`_). The number of masks is
    a draw from :math:`\mathcal N(\mu n, 1)`, rounded, and drawn again until it is between 1 and
    :math:`n`.

    Args:
        size: The number of subwords :math:`n`, at least 1.
        mean: The mean rate :math:`\mu`, from 0 to 1.
        random: Source of randomness.
    """
    count = 0
    while not 1 <= count <= size:
        count = round(random.gauss(mean * size, 1.0))
    return sorted(random.sample(range(size), count))
