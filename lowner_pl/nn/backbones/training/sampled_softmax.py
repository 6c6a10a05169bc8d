r"""Cross-entropy over a sample of a large vocabulary."""

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, pad

from lowner_pl.nn.backbones.masked_head import MaskedLMHead
from lowner_pl.runs.ranges import check_range

SMOOTHING = 0.75
"""Power of the subwords' frequencies that they are drawn with, as in word2vec."""


class SampledSoftmax(nn.Module):
    r"""Cross-entropy whose normalising sum runs over the target and a sample of the vocabulary.

    A sample :math:`S` is drawn for each batch: :math:`n` subwords, with replacement, with
    probabilities :math:`q`. Subword :math:`j` is in it with probability
    :math:`\pi_j = 1 - (1 - q_j)^n`. The loss of target :math:`t` with scores :math:`s` is

    .. math:: -s_t + \log\Bigl(e^{s_t} + \sum_{j \in S, j \ne t} e^{s_j} / \pi_j\Bigr).

    The expectation of the sum in brackets is the sum over the whole vocabulary (importance
    sampling; `Jean et al., 2015 <https://arxiv.org/abs/1412.2007>`_, section 3.1).

    Args:
        counts: How often each subword occurs in training text. Shape ``(V,)``.
        size: Number of draws :math:`n`, at least 1.

    Raises:
        ValueError: If ``size`` is out of range.
    """

    proposal: Tensor
    log_inclusion: Tensor

    def __init__(self, counts: Tensor, size: int) -> None:
        super().__init__()
        check_range("sampled_softmax", size, 1)
        self.size = size
        weights = (counts.double() + 1.0) ** SMOOTHING
        proposal = weights / weights.sum()
        inclusion = -torch.expm1(size * torch.log1p(-proposal))
        self.register_buffer("proposal", proposal.float(), persistent=False)
        self.register_buffer("log_inclusion", inclusion.log().float(), persistent=False)

    def draw(self) -> tuple[Tensor, Tensor]:
        r"""Draw a sample.

        Returns:
            The different subwords, padded with the first one to ``size``, and what is subtracted
            from their scores: :math:`\log \pi_j`, or infinity where padded. Shapes ``(size,)``.
        """
        drawn = torch.multinomial(self.proposal, self.size, replacement=True).unique()
        missing = self.size - len(drawn)  # always as many columns: new shapes cost time
        correction = pad(self.log_inclusion[drawn], (0, missing), value=float("inf"))
        return pad(drawn, (0, missing), value=int(drawn[0])), correction

    def loss(
        self, hidden: Tensor, targets: Tensor, *, head: MaskedLMHead, table: nn.Embedding
    ) -> Tensor:
        """Draw a sample and compute the mean loss.

        Args:
            hidden: Hidden states at the positions to predict. Shape ``(M, H)``.
            targets: Ids of the subwords there. Shape ``(M,)``.
            head: The language-model head.
            table: The embeddings, which the head's output layer may share.
        """
        features = head.features(hidden)
        sample, shift = self.draw()
        vectors, bias = _output_rows(sample, head.output_layer, table)
        target_vectors, target_bias = _output_rows(targets, head.output_layer, table)
        return self.forward(
            (features * target_vectors).sum(1) + target_bias,
            torch.addmm(bias, features, vectors.t()),
            targets,
            sample,
            shift,
        )

    def forward(
        self, target_scores: Tensor, scores: Tensor, targets: Tensor, sample: Tensor, shift: Tensor
    ) -> Tensor:
        """Compute the mean loss.

        Args:
            target_scores: Score of each target. Shape ``(M,)``.
            scores: Scores of the sampled subwords. Shape ``(M, size)``.
            targets: Ids of the targets. Shape ``(M,)``.
            sample: The sampled ids that `draw` returned. Shape ``(size,)``.
            shift: What `draw` returned with them. Shape ``(size,)``.
        """
        others = (scores.float() - shift).masked_fill(targets[:, None] == sample, float("-inf"))
        target_scores = target_scores.float()
        total = torch.cat([target_scores[:, None], others], dim=1).logsumexp(1)
        return (total - target_scores).mean()


def check_sampling(head: MaskedLMHead, hidden_size: int) -> int:
    """Check that a head can score some subwords by their rows of its output layer alone.

    Args:
        head: The language-model head.
        hidden_size: The size H of hidden states.

    Returns:
        The number of subwords.

    Raises:
        ValueError: If its architecture does not allow that.
    """
    layer = head.output_layer
    with torch.no_grad(), torch.random.fork_rng(devices=[]):  # a head may have dropout
        features = head.features(torch.zeros(1, hidden_size))
    if features.shape[1] != layer.in_features:
        raise ValueError(
            f"A model of type {head.model.config.model_type!r} scores subwords with more than its "
            "output layer, so its vocabulary can't be sampled. Set `sampled_softmax` to `null`."
        )
    return layer.out_features


def _output_rows(ids: Tensor, layer: nn.Linear, table: nn.Embedding) -> tuple[Tensor, Tensor]:
    """Look up an output layer's vectors ``(K, H)`` and biases ``(K,)`` of subwords ``(K,)``."""
    shared = table.weight is layer.weight
    vectors: Tensor = table(ids) if shared else embedding(ids, layer.weight)
    return vectors, vectors.new_zeros(len(ids)) if layer.bias is None else layer.bias[ids]
