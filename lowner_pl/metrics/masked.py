"""Scores of predicted subwords at masked positions."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
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
    names = ("accuracy", "loss", "perplexity", "baseline", "masks")

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
        count = masks.clamp(min=1)
        loss = self.loss_sum / count
        values = (self.correct / count, loss, loss.exp(), self.targets.max() / count, masks)
        return {name: value.float() for name, value in zip(self.names, values, strict=True)}


class ScoresByPart(nn.Module):
    """Masked scores of all text, and of each of its parts, such as languages.

    Args:
        vocabulary: Number of subwords.
    """

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.overall = MaskedScores(vocabulary)
        self.names: list[str] = []
        self._parts = nn.ModuleList()
        self._vocabulary = vocabulary

    def add_parts(self, count: int, name: str) -> None:
        """Add parts of this name until there are ``count``."""
        while len(self._parts) < count:
            self._parts.append(MaskedScores(self._vocabulary).to(self.overall.device))
            self.names.append(name)

    def update(self, part: int, scores: Tensor, targets: Tensor) -> None:
        """Count the predictions of a batch; see `MaskedScores.update`.

        Args:
            part: Index of the batch's part.
            scores: Unnormalised scores at masked positions. Shape ``(M, V)``.
            targets: The original subwords at these positions. Shape ``(M,)``.
        """
        for counted in (self.overall, self._parts[part]):
            assert isinstance(counted, MaskedScores)
            counted.update(scores, targets)

    def compute(self) -> Iterator[tuple[str, dict[str, Tensor]]]:
        """Yield the scores of all text, whose name is empty, and of the parts if there are two."""
        yield "", self.overall.compute()
        for name, part in zip(self.names, self._parts, strict=True):
            if len(self.names) > 1:
                assert isinstance(part, MaskedScores)
                yield name, part.compute()
