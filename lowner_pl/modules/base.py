"""The base class of all methods: optimiser, reproducible randomness, checkpoints."""

from abc import ABC
from collections.abc import Iterable
from typing import Any, Literal

import torch
from lightning.pytorch.cli import OptimizerCallable
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from lowner_pl.corpus import Sentence
from lowner_pl.encoding import Coverage, coverage
from lowner_pl.modules.checkpoints import CheckpointedModule
from lowner_pl.modules.resuming import (
    restore_options,
    resume_epoch,
    skip_unplanned_validation,
    warn_of_other_data,
)
from lowner_pl.nn import trial_optimizer
from lowner_pl.runs.ranges import check_range
from lowner_pl.runs.seeds import derived_seed, run_seed

Schedule = Literal["constant", "linear", "cosine"]
MethodKind = Literal["tagger", "generator", "language_model"]


class BaseModule(CheckpointedModule, ABC):
    """A method. Only leaf classes are methods; a base class cannot be loaded from a checkpoint.

    Every random draw of a training step (masks, dropout) depends only on the run's seed, the epoch,
    the batch and the device, so that a resumed run repeats an uninterrupted one.

    Args:
        optimizer: Creates the optimiser for the parameters.
        schedule: Learning rate schedule over the run: constant, or linear or cosine decay to 0.
        warmup: Share of the training steps during which the learning rate rises from 0. Between 0
            and 1.

    Raises:
        ValueError: If ``warmup`` is outside its range.
    """

    method: str
    """Name of the method in run folders and tables."""

    kind: MethodKind
    """What the method is for. The command line chooses the reports of a run by it."""
    predicts: bool = False
    """Whether ``predict`` has something to write: tags or new sentences."""
    works_untrained: bool = False
    """Whether ``--ckpt_path none`` is allowed: the pretrained backbone is useful by itself."""
    learns_episodes: bool = False
    """Whether batches hold episodes (support and query) instead of sentences."""

    variant: str | None = None
    """Suffix of the method's name in run folders; see ``--variant``."""

    predict_split: Literal["train", "test"] = "test"
    """Split that ``predict`` reads unless it is given a file. Generators read ``train``."""

    def __init__(
        self,
        *,
        optimizer: OptimizerCallable,
        schedule: Schedule,
        warmup: float,
    ) -> None:
        super().__init__()
        check_range("warmup", warmup, 0.0, 1.0)
        self.save_hyperparameters(logger=False)
        for name, value in list(self.hparams.items()):
            if callable(value):  # an optimiser given in Python: cannot be saved
                self.hparams.pop(name)
        self.optimizer = optimizer
        self.schedule = schedule
        self.warmup = warmup
        self._configured: list[dict[str, Any]] = []

    def setup(self, stage: str) -> None:
        """Check that the data module suits the method."""
        del stage
        if (data := getattr(self.trainer, "datamodule", None)) is not None:
            self.check_batches(data)

    def check_batches(self, data: Any) -> None:
        """Check that a data module yields what the method learns from: sentences or episodes.

        Args:
            data: The data module.

        Raises:
            ValueError: If it yields the other kind.
        """
        if self.learns_episodes == getattr(data, "yields_episodes", False):
            return
        wanted, given = "sentences", "episodes"
        if self.learns_episodes:
            wanted, given = given, wanted
        raise ValueError(
            f"{type(data).__name__} yields {given}, but {type(self).__name__} needs {wanted}. Use "
            "`EpisodicDataModule` with `MetaLightningModule`, and any other data module with the "
            "other methods."
        )

    def check_start(self) -> None:
        """Check the checkpoint whose weights training starts from, if there is one."""

    def check_data(self, data: Any) -> None:
        """Check that the method can learn from the data.

        Args:
            data: The data module.
        """

    def check_optimizer(self) -> None:
        """Check that the optimiser accepts its options.

        The trial uses a single parameter, since some methods have none before they know the data.
        With manual optimisation the optimiser must also be able to step without a closure.

        Raises:
            ValueError: If it does not.
        """
        manual = not self.automatic_optimization
        try:
            trial_optimizer(self.optimizer, steps=manual)
        except ValueError as error:
            what = "does not work with these options"
            if manual:
                what += " or cannot step from gradients alone"
            raise ValueError(
                f"The optimiser {what}: {error}. Change `--model.optimizer.init_args` or choose "
                "another optimiser."
            ) from error

    def coverage(self, words: Iterable[str]) -> Coverage | None:
        """Measure how well the backbone's vocabulary spells words; ``None`` without a vocabulary.

        Args:
            words: The words. Each repetition counts.
        """
        encoder = getattr(self, "word_encoder", None)
        return None if encoder is None else coverage(encoder, words)

    def monitored(self) -> set[str]:
        """List the scores logged in training, which callbacks can monitor; empty if unknown."""
        return set()

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Create the optimiser of all trainable parameters, and its schedule."""
        from transformers import get_scheduler

        optimizer = self.new_optimizer()
        self._configured = [
            {key: value for key, value in group.items() if key != "params"}
            for group in optimizer.param_groups
        ]
        if self.schedule == "constant" and self.warmup == 0.0:
            return optimizer
        steps = int(self.trainer.estimated_stepping_batches)
        name = "constant_with_warmup" if self.schedule == "constant" else self.schedule
        scheduler = get_scheduler(name, optimizer, round(self.warmup * steps), steps)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }

    def new_optimizer(self) -> torch.optim.Optimizer:
        """Create the optimiser of all trainable parameters."""
        return self.optimizer(self.trained_weights())

    def trained_weights(self) -> list[nn.Parameter]:
        """Return the weights that are not frozen."""
        return [parameter for parameter in self.parameters() if parameter.requires_grad]

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip gradients, also with a fused optimiser in bfloat16 mixed precision.

        Lightning refuses that combination because of gradient scaling, which bfloat16 does not use.
        """
        by_norm = gradient_clip_algorithm in (None, "norm")
        if gradient_clip_val and by_norm and self.trainer.precision == "bf16-mixed":
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            torch.nn.utils.clip_grad_norm_(parameters, gradient_clip_val)
            return
        self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)

    def on_train_start(self) -> None:
        """Resume where the checkpoint stopped, with the optimiser options of this run."""
        data: Any = getattr(self.trainer, "datamodule", None)
        if self.origin is not None and data is not None:
            warn_of_other_data(self.origin, data.description())
        resume_epoch(self.trainer, self)
        restore_options(self.trainer, self._configured)

    def on_train_batch_start(self, batch: list[Any], batch_idx: int) -> None:
        """Seed the random draws of this step."""
        del batch
        torch.manual_seed(self.step_seed(batch_idx))
        # The step that loggers show. Lightning miscounts it in an epoch that is resumed.
        self.trainer.fit_loop.epoch_loop._batches_that_stepped = self.trainer.global_step

    def on_train_batch_end(self, outputs: Any, batch: list[Any], batch_idx: int) -> None:
        """Skip a validation that an uninterrupted run would not have had."""
        del outputs, batch, batch_idx
        skip_unplanned_validation(self.trainer)

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return run_seed()

    def step_seed(self, batch_idx: int) -> int:
        """Derive the seed of a training step from run seed, epoch, batch and device."""
        return self.seed_of(batch_idx, self.global_rank)

    def seed_of(self, *numbers: int) -> int:
        """Derive a seed from run seed, epoch and further numbers."""
        return derived_seed(self.seed, self.current_epoch, *numbers)

    def check_finite(self, loss: Tensor, batch: list[Sentence], batch_idx: int) -> None:
        """Stop before an update with a loss that is not finite.

        Raises:
            ValueError: If the loss is infinite or not a number.
        """
        if not torch.isfinite(loss):
            raise ValueError(
                f"The loss is {loss.item()} in epoch {self.current_epoch}, batch {batch_idx}, "
                f"which begins with {' '.join(batch[0].words)[:80]!r}. Lower the learning rate or "
                "clip gradients. Earlier checkpoints are unaffected, and `--ckpt_path last` "
                "resumes from the latest one."
            )
