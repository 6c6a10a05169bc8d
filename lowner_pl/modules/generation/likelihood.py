"""The base class of generators that are language models, scored per token."""

from abc import ABC, abstractmethod

import torch
from lightning.pytorch.cli import OptimizerCallable
from torch import Tensor
from torchmetrics import MeanMetric

from lowner_pl.corpus import Sentence
from lowner_pl.modules.base import Schedule
from lowner_pl.modules.generation.base import GeneratingModule


class LikelihoodModule(GeneratingModule, ABC):
    """A generator scored by loss, log-likelihood and perplexity per token.

    The scores of a corpus are means over its tokens, independent of the batching.

    Args:
        optimizer: Creates the optimiser for the parameters.
        schedule: Learning rate schedule over the run: constant, or linear or cosine decay to 0.
        warmup: Share of the training steps during which the learning rate rises from 0. Between 0
            and 1.
    """

    headline = "log_likelihood"

    def __init__(self, *, optimizer: OptimizerCallable, schedule: Schedule, warmup: float) -> None:
        super().__init__(optimizer=optimizer, schedule=schedule, warmup=warmup)
        self.losses = MeanMetric()

    @abstractmethod
    def loss(self, sentences: list[Sentence], generator: torch.Generator) -> tuple[Tensor, int]:
        """Compute the mean cross-entropy over the tokens, and their number.

        Args:
            sentences: Tagged sentences.
            generator: CPU generator for the random choices in encoding the sentences.
        """

    def training_step(self, batch: list[Sentence], batch_idx: int) -> Tensor:
        """Compute, check and log the loss of a batch."""
        loss, _ = self.loss(batch, torch.default_generator)
        self.check_finite(loss, batch, batch_idx)
        self.log("train/loss", loss, prog_bar=True, batch_size=len(batch))
        return loss

    def on_validation_epoch_start(self) -> None:
        """Reset the loss."""
        self.losses.reset()

    def validation_step(
        self, batch: list[Sentence], batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Add the loss of a dev batch, with the same draws every time.

        The batch may be empty: several devices can share a corpus unevenly.
        """
        if batch:
            seed = 1_000_003 * dataloader_idx + batch_idx
            self.losses.update(*self.loss(batch, torch.Generator().manual_seed(seed)))

    def monitored(self) -> set[str]:
        """List the losses and the other dev scores per token."""
        return {"train/loss", "dev/loss", "dev/log_likelihood", "dev/perplexity"}

    def on_validation_epoch_end(self) -> None:
        """Log the dev scores."""
        self.note_dev_score(-self._log_scores("dev"))

    def on_test_epoch_start(self) -> None:
        """Reset the loss."""
        self.losses.reset()

    def test_step(self, batch: list[Sentence], batch_idx: int, dataloader_idx: int = 0) -> None:
        """Add the loss of a test batch."""
        self.validation_step(batch, batch_idx, dataloader_idx)

    def on_test_epoch_end(self) -> None:
        """Log the test scores."""
        self._log_scores("test")

    def _log_scores(self, prefix: str) -> float:
        """Log loss, log-likelihood and perplexity per token; return the loss."""
        loss: Tensor = self.losses.compute()
        scores = {"loss": loss, "log_likelihood": -loss, "perplexity": loss.exp()}
        self.log_dict({f"{prefix}/{name}": score for name, score in scores.items()}, sync_dist=True)
        return loss.item()
