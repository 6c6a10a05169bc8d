"""Scores of predicted subwords at masked positions."""

import torch
from torch import Tensor
from torchmetrics import Metric


class MaskedScores(Metric):
    """Accuracy and mean loss at masked positions, and the accuracy of a constant guess.

    The score ``baseline`` is the accuracy of always guessing the subword that is most often right
    in these data. No model that ignores the context does better.

    Args:
        vocabulary: Number of subwords.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False

    targets: Tensor
    correct: Tensor
    loss_sum: Tensor

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        zeros = torch.zeros(vocabulary, dtype=torch.int64)
        self.add_state("targets", zeros, dist_reduce_fx="sum")
        self.add_state("correct", zeros[0].clone(), dist_reduce_fx="sum")
        zero = torch.tensor(0.0, dtype=torch.float64)
        self.add_state("loss_sum", zero, dist_reduce_fx="sum")

    def update(self, scores: Tensor, targets: Tensor) -> None:
        """Count the predictions of a batch. Axes: M masks, V vocabulary.

        Args:
            scores: Unnormalised scores at masked positions. Shape ``(M, V)``.
            targets: The original subwords at these positions. Shape ``(M,)``.
        """
        self.targets += torch.bincount(targets, minlength=len(self.targets))
        self.correct += (scores.argmax(1) == targets).sum()
        self.loss_sum += torch.nn.functional.cross_entropy(scores.float(), targets, reduction="sum")

    def compute(self) -> dict[str, Tensor]:
        """Compute ``accuracy``, ``loss``, ``perplexity``, ``baseline`` and the count ``masks``."""
        masks = self.targets.sum()
        return {
            "accuracy": (self.correct / masks.clamp(min=1)).float(),
            "loss": (self.loss_sum / masks.clamp(min=1)).float(),
            "perplexity": (self.loss_sum / masks.clamp(min=1)).exp().float(),
            "baseline": (self.targets.max() / masks.clamp(min=1)).float(),
            "masks": masks.float(),
        }
