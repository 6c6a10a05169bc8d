"""Heads: from the hidden state of each word to its tag."""

from abc import ABC, abstractmethod
from typing import Literal, assert_never

import torch.nn.functional as F
from torch import Tensor, nn

from lowner_pl.corpus import TagSet
from lowner_pl.nn.tagging.crf import CRF

HeadName = Literal["softmax", "crf"]
Average = Literal["words", "sentences"]


class Head(nn.Module, ABC):
    r"""Scores the tags of each word: dropout, then :math:`P = HW^\top + b`.

    Weights start from a normal distribution with standard deviation 0.02 and biases from 0, as
    those of `BERT <https://arxiv.org/abs/1810.04805>`_. Axes: B sentences, W words, H hidden,
    T tags; a mask is ``True`` on real words, which come first, at least one per sentence.

    Args:
        hidden_size: Size H of the hidden state of a word.
        tag_set: The T tags.
        dropout: Probability of zeroing an element of the hidden state, from 0 to 1.
    """

    scores_words_alone: bool
    """Whether each word is tagged independently, so that the loss is a weighted sum over words."""

    def __init__(self, hidden_size: int, tag_set: TagSet, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(hidden_size, len(tag_set))
        nn.init.normal_(self.linear.weight, std=0.02)
        nn.init.zeros_(self.linear.bias)

    def emissions(self, words: Tensor) -> Tensor:
        """Return the scores of each tag. Shape ``(B, W, T)``.

        Args:
            words: Hidden state of each word. Shape ``(B, W, H)``.
        """
        emissions: Tensor = self.linear(self.dropout(words))
        return emissions

    @abstractmethod
    def loss(
        self,
        emissions: Tensor,
        tags: Tensor,
        mask: Tensor,
        *,
        max_weight: float = 0.0,
        average: Average = "words",
    ) -> Tensor:
        r"""Return the loss of the gold tags, a scalar that padding does not change.

        With a weight :math:`\lambda`, the maximum over the words of a sentence counts as well, as
        the mean over the sentences (`Wu et al., 2020 <https://arxiv.org/abs/1911.06161>`_, Eq. 13).

        Args:
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            tags: Gold tag ids. Shape ``(B, W)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
            max_weight: The weight of the maximum, :math:`\lambda`, at least 0.
            average: Whether a sentence counts by its words, or each the same.
        """

    def per_word(self, loss: Tensor, *, sentences: int, words: int) -> Tensor:
        """Convert a loss of a batch to one per word, so that curves of all heads compare.

        Args:
            loss: What `loss` returned, without a maximum.
            sentences: Sentences in the batch.
            words: Words in the batch.
        """
        del sentences, words
        return loss

    @abstractmethod
    def decode(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """Return the best tag ids, 0 where padded. Shape ``(B, W)``.

        Args:
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
        """


class SoftmaxHead(Head):
    r"""Tags each word on its own: :math:`p(y_i = t) = \mathrm{softmax}(P_i)_t`.

    Args:
        hidden_size: Size H of the hidden state of a word.
        tag_set: The T tags.
        dropout: Probability of zeroing an element of the hidden state, from 0 to 1.
    """

    scores_words_alone = True

    def loss(
        self,
        emissions: Tensor,
        tags: Tensor,
        mask: Tensor,
        *,
        max_weight: float = 0.0,
        average: Average = "words",
    ) -> Tensor:
        r"""Return the cross-entropy, mean over the :math:`N` words of the batch, and the maximum.

        .. math:: -\frac{1}{N} \sum_{i=1}^{N} \log p(y_i)
            + \frac{\lambda}{B} \sum_{s=1}^{B} \max_{i \in s} (-\log p(y_i))

        With ``average="sentences"`` the first term is
        :math:`-\frac{1}{B} \sum_s \frac{1}{N_s} \sum_{i \in s} \log p(y_i)`, as in Eq. 3 of
        `Wu et al., 2020 <https://arxiv.org/abs/1911.06161>`_.

        Args:
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            tags: Gold tag ids. Shape ``(B, W)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
            max_weight: The weight of the maximum, :math:`\lambda`, at least 0.
            average: Whether a sentence counts by its words, or each the same.
        """
        # ignore_index, not emissions[mask]: a boolean index makes the host wait for the GPU.
        targets = tags.masked_fill(~mask, -100).flatten()
        scores = emissions.float().flatten(0, 1)
        by_words = F.cross_entropy(scores, targets, ignore_index=-100)
        if max_weight == 0.0 and average == "words":
            return by_words
        each = F.cross_entropy(scores, targets, ignore_index=-100, reduction="none").view_as(tags)
        mean = by_words if average == "words" else (each.sum(1) / mask.sum(1)).mean()
        return mean + max_weight * each.max(1).values.mean()  # 0 where padded

    def word_weights(self, mask: Tensor, average: Average) -> Tensor:
        """Return how much each word counts in the loss without the maximum. Shape ``(B, W)``.

        Args:
            mask: ``True`` on real words. Shape ``(B, W)``.
            average: Whether a sentence counts by its words, or each the same.
        """
        counted = mask.sum() if average == "words" else mask.sum(1, keepdim=True) * len(mask)
        return mask / counted

    def decode(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """Return the best tag id of each word, 0 where padded. Shape ``(B, W)``.

        An ``I-`` may follow nothing: :meth:`TagSet.decode` makes the tags well-formed.

        Args:
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
        """
        return emissions.argmax(2).masked_fill(~mask, 0)


class CRFHead(Head):
    """Tags each sentence as a whole (`Lample et al., 2016 <https://arxiv.org/abs/1603.01360>`_).

    Args:
        hidden_size: Size H of the hidden state of a word.
        tag_set: The T tags; its rules hold in decoding.
        dropout: Probability of zeroing an element of the hidden state, from 0 to 1.
    """

    scores_words_alone = False

    def __init__(self, hidden_size: int, tag_set: TagSet, dropout: float) -> None:
        super().__init__(hidden_size, tag_set, dropout)
        self.crf = CRF(len(tag_set), starts=tag_set.starts(), transitions=tag_set.transitions())

    def loss(
        self,
        emissions: Tensor,
        tags: Tensor,
        mask: Tensor,
        *,
        max_weight: float = 0.0,
        average: Average = "words",
    ) -> Tensor:
        r"""Return the negative log-likelihood, mean over the :math:`B` sentences, and the maximum.

        .. math:: -\frac{1}{B} \sum_{s=1}^{B} \log p(y_s)
            + \frac{\lambda}{B} \sum_{s=1}^{B} \max_{i \in s} (-\log p(y_i))

        with the likelihood of :class:`~lowner_pl.nn.CRF`, and the marginal one of each word.

        Args:
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            tags: Gold tag ids. Shape ``(B, W)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
            max_weight: The weight of the maximum, :math:`\lambda`, at least 0.
            average: ``words``: the likelihood of a sentence grows with its words.

        Raises:
            ValueError: If it is to be averaged in another way.
        """
        if average != "words":
            raise ValueError(
                "`average` must be 'words' with `head: crf`, whose likelihood of a sentence grows "
                f"with its words, was: {average!r}. Leave it out, or use `head: softmax`."
            )
        log_likelihood: Tensor = self.crf(emissions, tags, mask)
        if max_weight == 0.0:
            return -log_likelihood.mean()
        of_gold = self.crf.log_marginals(emissions, mask).take_along_dim(tags.unsqueeze(2), dim=2)
        each = -of_gold.squeeze(2).masked_fill(~mask, 0.0)
        return max_weight * each.max(1).values.mean() - log_likelihood.mean()

    def per_word(self, loss: Tensor, *, sentences: int, words: int) -> Tensor:
        """Convert a mean over sentences, each of which is a sum over its words."""
        return loss * sentences / words

    def decode(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """Return the best path that the rules of the tag set allow. Shape ``(B, W)``.

        Args:
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
        """
        return self.crf.decode(emissions, mask)


def build_head(name: HeadName, hidden_size: int, tag_set: TagSet, dropout: float) -> Head:
    """Return a new head.

    Args:
        name: ``softmax`` tags each word on its own, ``crf`` the sentence as a whole.
        hidden_size: Size of the hidden state of a word.
        tag_set: The tags.
        dropout: Probability of zeroing an element of the hidden state, from 0 to 1.
    """
    match name:
        case "softmax":
            return SoftmaxHead(hidden_size, tag_set, dropout)
        case "crf":
            return CRFHead(hidden_size, tag_set, dropout)
        case _:
            assert_never(name)
