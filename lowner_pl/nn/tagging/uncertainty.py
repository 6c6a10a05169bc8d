r"""How unsure a tagger is of a whole sentence.

All measures are per word, so that long sentences are not preferred for their length alone
(`Shen et al., 2017 <https://arxiv.org/abs/1707.05928>`_). They are exact for the
distribution :math:`p(y)` over legal tag paths that `lowner_pl.nn.tagging.confidence` defines.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lowner_pl.nn.tagging.heads import Head
from lowner_pl.nn.tagging.paths import Paths, scaled


class Uncertainty(NamedTuple):
    r"""How unsure a tagger is of each sentence, for sentences of :math:`L` words.

    Attributes:
        path: :math:`-\frac{1}{L} \max_y \log p(y)`, in nats: the negated maximum normalised
            log-probability (MNLP) of Shen et al. (2017). At least 0. Shape ``(B,)``.
        entropy: :math:`-\frac{1}{L} \sum_i \sum_t p(y_i = t) \log p(y_i = t)`, in nats: the token
            entropy of `Settles and Craven, 2008 <https://aclanthology.org/D08-1112>`_. At least
            0 and at most the logarithm of the number of tags. Shape ``(B,)``.
        expected: Expected number of entities of each type. Shape ``(B, E)``.
    """

    path: Tensor
    entropy: Tensor
    expected: Tensor


@torch.no_grad()
def uncertainty(
    head: Head, emissions: Tensor, mask: Tensor, temperature: float = 1.0
) -> Uncertainty:
    """Compute how unsure a tagger is of sentences, and how many entities it expects in them.

    All computation is in float64 on the CPU. The padding never matters.

    Args:
        head: The head that computed the emissions.
        emissions: Scores of each tag. Shape ``(B, W, T)``.
        mask: ``True`` on real words, which come first. Shape ``(B, W)``.
        temperature: Divides all scores, above 0.
    """
    mask = mask.cpu()
    paths = Paths.of(*scaled(head.tag_set, head.chain(), emissions, mask, temperature), mask)
    entropy = _mean_over_words(torch.special.entr(paths.word_probabilities()).sum(2), mask)
    begins = paths.begins(head.tag_set).masked_fill(~mask.unsqueeze(2), 0.0)
    lost = -paths.best(mask) / paths.lengths
    return Uncertainty(lost.clamp(min=0.0), entropy, begins.sum(1).clamp(min=0.0))


@torch.no_grad()
def word_probabilities(
    head: Head, emissions: Tensor, mask: Tensor, temperature: float = 1.0
) -> Tensor:
    """Compute the probability of each tag of each word, in float64 on the CPU.

    Args:
        head: The head that computed the emissions.
        emissions: Scores of each tag. Shape ``(B, W, T)``.
        mask: ``True`` on real words, which come first. Shape ``(B, W)``.
        temperature: Divides all scores, above 0.

    Returns:
        Shape ``(B, W, T)``; 0 in the padding.
    """
    mask = mask.cpu()
    paths = Paths.of(*scaled(head.tag_set, head.chain(), emissions, mask, temperature), mask)
    return paths.word_probabilities().masked_fill(~mask.unsqueeze(2), 0.0)


def mutual_information(probabilities: Tensor, mask: Tensor) -> Tensor:
    r"""Compute how much several models disagree on the tags, in nats per word. Shape ``(B,)``.

    .. math:: \frac{1}{L} \sum_i H\Big(\frac{1}{K} \sum_k p_k(y_i)\Big)
        - \frac{1}{K} \sum_k H\big(p_k(y_i)\big)

    is the mutual information between the tag of a word and the model (BALD;
    `Houlsby et al., 2011 <https://arxiv.org/abs/1112.5745>`_), averaged over the words. The
    :math:`K` models are passes with dropout
    (`Gal et al., 2017 <https://arxiv.org/abs/1703.02910>`_).

    Args:
        probabilities: Probability of each tag by each model. Shape ``(K, B, W, T)``.
        mask: ``True`` on real words. Shape ``(B, W)``.
    """
    of_mean = torch.special.entr(probabilities.mean(0)).sum(2)
    mean_of = torch.special.entr(probabilities).sum(3).mean(0)
    return _mean_over_words(of_mean - mean_of, mask.to(probabilities.device)).clamp(min=0.0)


@contextmanager
def dropout_on(model: nn.Module) -> Iterator[None]:
    """Let dropout work in a model for the length of a ``with`` block, as in training.

    Args:
        model: The model, in evaluation mode.
    """
    modules = [module for module in model.modules() if not module.training]
    try:
        for module in modules:
            # Layers would compute their activations again for a backward pass, which never comes.
            module.training = not getattr(module, "gradient_checkpointing", False)
        yield
    finally:
        for module in modules:
            module.training = False


def has_dropout(model: nn.Module) -> bool:
    """Tell whether any dropout rate of a model is above 0."""
    return any(
        module.p > 0
        if isinstance(module, nn.Dropout)
        else float(getattr(module, "attention_dropout", 0.0) or 0.0) > 0
        for module in model.modules()
    )


def _mean_over_words(values: Tensor, mask: Tensor) -> Tensor:
    """Average the values ``(B, W)`` of the real words of each sentence. Shape ``(B,)``."""
    return values.masked_fill(~mask, 0.0).sum(1) / mask.sum(1)
