"""Random masks over words and subwords, drawn from a generator of the caller's."""

from collections.abc import Sequence
from random import Random

import torch
from torch import Tensor

from lowner_pl.corpus import Sentence


def mask_words(
    lengths: list[int], probability: float, generator: torch.Generator
) -> list[list[bool]]:
    r"""Return for each word of each sentence whether MLM-NER replaces it by one mask token.

    Eq. 1 in appendix A.2 of `Sonkar et al. (2023) <https://arxiv.org/abs/2212.09723>`_: word
    :math:`i` is masked where :math:`p_i \le p_{ner}`, :math:`p_i` uniform.

    Args:
        lengths: Words in each sentence.
        probability: Chance of each word, from 0 to 1.
        generator: Source of randomness.
    """
    draws = torch.rand(sum(lengths), generator=generator).le(probability)
    if probability == 0.0:  # rand may draw exactly 0
        draws.zero_()
    return [part.tolist() for part in draws.split(lengths)]


def mask_entity_words(
    sentences: Sequence[Sentence], probability: float, generator: torch.Generator
) -> list[list[bool]]:
    """Return for each word of each sentence whether meta-training masks it.

    Each word of an entity, and no other, is masked with the probability (`Wu et al., 2020
    <https://arxiv.org/abs/1911.06161>`_, "Masking on Named Entities").

    Args:
        sentences: Sentences with tags.
        probability: Chance of each word of an entity, from 0 to 1.
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
    """Return masked ids and the positions to predict, the 80/10/10 way of BERT.

    Of the chosen subwords 80 % become the mask token, 10 % a random subword, 10 % stay
    (`Devlin et al., 2019 <https://arxiv.org/abs/1810.04805>`_, section 3.1). At least one subword
    is chosen where any may be.

    Args:
        input_ids: Subword ids on the host. Shape ``(N,)``.
        maskable: ``True`` where a subword may be chosen. Shape ``(N,)``.
        probability: Chance of each subword, from 0 to 1.
        mask_id: Id of the mask token.
        vocabulary: Ids below this number may be drawn as random subwords.
        generator: Source of randomness.
        masked_share: Share of the chosen subwords that become the mask token, from 0 to 1; of the
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
    r"""Return which subwords of the entities of each sentence MELM masks to be fine-tuned.

    Each subword of an entity is masked with probability :math:`\eta` (section 2.2 of
    `Zhou et al., 2022 <https://arxiv.org/abs/2108.13655>`_), and at least one where there is one.

    Args:
        sizes: Subwords of entities in each sentence.
        probability: The masking rate :math:`\eta`, from 0 to 1.
        generator: Source of randomness.
    """
    masked = []
    for draws in torch.rand(sum(sizes), generator=generator).split(list(sizes)):
        chosen: list[int] = (draws < probability).nonzero().flatten().tolist()
        masked.append(chosen or draws.argsort()[:1].tolist())
    return masked


def gaussian_mask(size: int, mean: float, random: Random) -> list[int]:
    r"""Return which of the subwords of an entity MELM masks to generate, ascending.

    The masking rate is :math:`\epsilon \sim \mathcal N(\mu, 1/n^2)` for :math:`n` subwords
    (section 2.3 of `Zhou et al., 2022 <https://arxiv.org/abs/2108.13655>`_): so many are masked
    as a draw from :math:`\mathcal N(\mu n, 1)` says, rounded, drawn again until it is from 1 to
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
