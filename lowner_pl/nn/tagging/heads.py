"""Heads, which turn the hidden state of each word into its tag."""

from abc import ABC, abstractmethod
from typing import Literal, NamedTuple, assert_never

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lowner_pl.corpus import TagSet
from lowner_pl.nn.tagging.crf import CRF

HeadName = Literal["softmax", "crf"]
Average = Literal["words", "sentences"]


class Chain(NamedTuple):
    """Scores of a tag path that do not depend on the words.

    Attributes:
        starts: Score of the first tag. Shape ``(T,)``.
        transitions: Score of tag ``j`` (column) after tag ``i`` (row). Shape ``(T, T)``.
        ends: Score of the last tag. Shape ``(T,)``.
    """

    starts: Tensor
    transitions: Tensor
    ends: Tensor


class Head(nn.Module, ABC):
    r"""Base class of heads. It scores the tags of each word by :math:`P = HW^\top + b`.

    Dropout comes first. Weights are initialised from a normal distribution with standard deviation
    0.02 and biases with 0, as in `BERT <https://arxiv.org/abs/1810.04805>`_. Axes: B sentences, W
    words, H hidden, T tags. A mask is ``True`` on real words, which come first; every sentence has
    at least one.

    Args:
        hidden_size: Size H of the hidden state of a word.
        tag_set: The T tags.
        dropout: Probability of zeroing an element of the hidden state, from 0 to 1.
    """

    scores_words_alone: bool = True
    """Whether each word is tagged independently, so that the loss is a weighted sum over words."""

    def __init__(self, hidden_size: int, tag_set: TagSet, dropout: float) -> None:
        super().__init__()
        self.tag_set = tag_set
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(hidden_size, len(tag_set))
        nn.init.normal_(self.linear.weight, std=0.02)
        nn.init.zeros_(self.linear.bias)

    def emissions(self, words: Tensor) -> Tensor:
        """Compute the scores of each tag. Shape ``(B, W, T)``.

        Args:
            words: Hidden state of each word. Shape ``(B, W, H)``.
        """
        emissions: Tensor = self.linear(self.dropout(words))
        return emissions

    def chain(self) -> Chain:
        """Return the scores of a tag path besides its emissions: 0, as words are tagged alone.

        A head that scores pairs of tags overrides this. Entity confidences are computed from it.
        """
        weight = self.linear.weight
        tags = len(self.tag_set)
        return Chain(weight.new_zeros(tags), weight.new_zeros(tags, tags), weight.new_zeros(tags))

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
        r"""Compute the loss of the gold tags, a scalar that ignores padding.

        With a weight :math:`\lambda`, the highest loss of a word in each sentence is added, as the
        mean over sentences (`Wu et al., 2020 <https://arxiv.org/abs/1911.06161>`_, Eq. 13).

        Args:
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            tags: Gold tag ids. Shape ``(B, W)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
            max_weight: Weight :math:`\lambda` of the maximum, at least 0.
            average: What to average over: all ``words``, or ``sentences`` of equal weight.
        """

    def losses(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """Compute the loss of each sentence by itself, summed over its words. Shape ``(B,)``.

        Args:
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            tags: Gold tag ids. Shape ``(B, W)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
        """
        losses = []
        for row, words in enumerate(mask.sum(1).tolist()):
            sentence = (part[row : row + 1, :words] for part in (emissions, tags, mask))
            losses.append(words * self.per_word(self.loss(*sentence), sentences=1, words=words))
        return torch.stack(losses)

    def per_word(self, loss: Tensor, *, sentences: int, words: int) -> Tensor:
        """Convert the loss of a batch to a loss per word, so that the curves of heads compare.

        Args:
            loss: Result of `loss`, without a maximum.
            sentences: Number of sentences in the batch.
            words: Number of words in the batch.
        """
        del sentences, words
        return loss

    @abstractmethod
    def decode(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """Find the best tag ids, 0 in the padding. Shape ``(B, W)``.

        Args:
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
        """


class SoftmaxHead(Head):
    r"""A head that tags words independently: :math:`p(y_i = t) = \mathrm{softmax}(P_i)_t`.

    Args:
        hidden_size: Size H of the hidden state of a word.
        tag_set: The T tags.
        dropout: Probability of zeroing an element of the hidden state, from 0 to 1.
    """

    def loss(
        self,
        emissions: Tensor,
        tags: Tensor,
        mask: Tensor,
        *,
        max_weight: float = 0.0,
        average: Average = "words",
    ) -> Tensor:
        r"""Compute the cross-entropy, averaged over the :math:`N` words, and the maximum.

        .. math:: -\frac{1}{N} \sum_{i=1}^{N} \log p(y_i)
            + \frac{\lambda}{B} \sum_{s=1}^{B} \max_{i \in s} (-\log p(y_i))

        With ``average="sentences"``, the first term is
        :math:`-\frac{1}{B} \sum_s \frac{1}{N_s} \sum_{i \in s} \log p(y_i)`, as in Eq. 3 of
        `Wu et al., 2020 <https://arxiv.org/abs/1911.06161>`_.

        Args:
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            tags: Gold tag ids. Shape ``(B, W)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
            max_weight: Weight :math:`\lambda` of the maximum, at least 0.
            average: What to average over: all ``words``, or ``sentences`` of equal weight.
        """
        # ignore_index, because a boolean index makes the CPU wait for the GPU.
        targets = tags.masked_fill(~mask, -100).flatten()
        scores = emissions.float().flatten(0, 1)
        by_words = F.cross_entropy(scores, targets, ignore_index=-100)
        if max_weight == 0.0 and average == "words":
            return by_words
        each = F.cross_entropy(scores, targets, ignore_index=-100, reduction="none").view_as(tags)
        mean = by_words if average == "words" else (each.sum(1) / mask.sum(1)).mean()
        return mean + max_weight * each.max(1).values.mean()  # the padding has loss 0

    def word_weights(self, mask: Tensor, average: Average) -> Tensor:
        """Compute the weight of each word in the loss without the maximum. Shape ``(B, W)``.

        Args:
            mask: ``True`` on real words. Shape ``(B, W)``.
            average: What to average over: all ``words``, or ``sentences`` of equal weight.
        """
        counted = mask.sum() if average == "words" else mask.sum(1, keepdim=True) * len(mask)
        return mask / counted

    def decode(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """Find the best tag id of each word, 0 in the padding. Shape ``(B, W)``.

        An ``I-`` may follow an ``O``; :meth:`TagSet.decode` makes the tags well-formed.

        Args:
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
        """
        return emissions.argmax(2).masked_fill(~mask, 0)


class CRFHead(Head):
    """A CRF over the sentence (`Lample et al., 2016 <https://arxiv.org/abs/1603.01360>`_).

    Args:
        hidden_size: Size H of the hidden state of a word.
        tag_set: The T tags. Decoding follows its rules.
        dropout: Probability of zeroing an element of the hidden state, from 0 to 1.
    """

    scores_words_alone = False

    def __init__(self, hidden_size: int, tag_set: TagSet, dropout: float) -> None:
        super().__init__(hidden_size, tag_set, dropout)
        self.crf = CRF(len(tag_set), starts=tag_set.starts(), transitions=tag_set.transitions())

    def chain(self) -> Chain:
        """Return the trained starts, transitions and ends of the CRF."""
        return Chain(self.crf.starts, self.crf.transitions, self.crf.ends)

    def loss(
        self,
        emissions: Tensor,
        tags: Tensor,
        mask: Tensor,
        *,
        max_weight: float = 0.0,
        average: Average = "words",
    ) -> Tensor:
        r"""Compute the negative log-likelihood, averaged over sentences, and the maximum.

        .. math:: -\frac{1}{B} \sum_{s=1}^{B} \log p(y_s)
            + \frac{\lambda}{B} \sum_{s=1}^{B} \max_{i \in s} (-\log p(y_i))

        with the likelihood of :class:`~lowner_pl.nn.CRF` and the marginal likelihood of each word.

        Args:
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            tags: Gold tag ids. Shape ``(B, W)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
            max_weight: Weight :math:`\lambda` of the maximum, at least 0.
            average: Always ``words``, because the likelihood of a sentence grows with its words.

        Raises:
            ValueError: If ``average`` is not ``words``.
        """
        if average != "words":
            raise ValueError(
                f"`average` is {average!r}, but a CRF head needs 'words', because its loss of a "
                "sentence grows with its words. Leave the option out, or use `head: softmax`."
            )
        log_likelihood: Tensor = self.crf(emissions, tags, mask)
        if max_weight == 0.0:
            return -log_likelihood.mean()
        of_gold = self.crf.log_marginals(emissions, mask).take_along_dim(tags.unsqueeze(2), dim=2)
        each = -of_gold.squeeze(2).masked_fill(~mask, 0.0)
        return max_weight * each.max(1).values.mean() - log_likelihood.mean()

    def losses(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        r"""Compute the negative log-likelihood :math:`-\log p(y)` of each sentence. Shape ``(B,)``.

        Args:
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            tags: Gold tag ids. Shape ``(B, W)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
        """
        log_likelihood: Tensor = self.crf(emissions, tags, mask)
        return -log_likelihood

    def per_word(self, loss: Tensor, *, sentences: int, words: int) -> Tensor:
        """Convert a mean over sentences, whose losses are sums over words."""
        return loss * sentences / words

    def decode(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """Find the best path that the rules of the tag set allow. Shape ``(B, W)``.

        Args:
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
        """
        return self.crf.decode(emissions, mask)


def build_head(name: HeadName, hidden_size: int, tag_set: TagSet, dropout: float) -> Head:
    """Create a head.

    Args:
        name: ``softmax`` tags words independently, ``crf`` the sentence as a whole.
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
