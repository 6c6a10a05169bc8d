"""What all methods share: optimiser and schedule, repeatable randomness, honest checkpoints."""

from abc import ABC
from collections.abc import Iterable
from functools import cached_property
from typing import Any, Literal

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.cli import OptimizerCallable
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from lowner_pl.corpus import Sentence
from lowner_pl.encoding import Coverage, coverage
from lowner_pl.modules.origin import (
    RUN,
    describe_run,
    hash_of_backbone,
    origin_of,
    validates_everything,
)
from lowner_pl.modules.progress import mark_unfinished_epoch, skip_unplanned_validation
from lowner_pl.nn import tokenizer_identity, trial_optimizer
from lowner_pl.runs.seeds import derived_seed, run_seed

Schedule = Literal["constant", "linear", "cosine"]
MethodKind = Literal["tagger", "generator", "language_model"]
IDENTITY = "lowner_pl"
TOKENIZER = "tokenizer"


class BaseModule(LightningModule, ABC):
    """A method. Leaf classes are the methods; bases cannot be loaded from a checkpoint.

    Every random draw of a training step (masks, dropout) is a function of the run's seed, the
    epoch, the batch and the device, so that a resumed run repeats an uninterrupted one.

    Args:
        optimizer: Makes the optimiser from the parameters.
        schedule: Learning rate over the run: constant, or linear or cosine decay to 0.
        warmup: Share of the steps in which the learning rate rises from 0, from 0 to 1.

    Raises:
        ValueError: If ``warmup`` is outside 0 to 1.
    """

    method: str
    """Name of the method in run folders and tables."""
    headline: str = "f1"
    """The score of ``dev/…`` that decides which checkpoint is best; more is better."""

    kind: MethodKind
    """What the method is for. The command line chooses the reports of a run by it."""
    predicts: bool = False
    """Whether ``predict`` has something to write: tags or new sentences."""
    works_untrained: bool = False
    """Whether ``--ckpt_path none`` is allowed: the pretrained backbone alone is of use."""
    learns_episodes: bool = False
    """Whether the method wants tasks, support and query, where others want sentences."""
    mismatch_remedy: str = "Use the config of the checkpoint's own run folder."
    """What to do with a checkpoint of another method."""

    variant: str | None = None
    """What the command line appends to the method's name; see ``--variant``."""
    origin: dict[str, Any] | None = None
    """What the loaded checkpoint says of its run; see `describe_run`."""

    predict_split: Literal["train", "test"] = "test"
    """What ``predict`` reads unless it is given a file: ``train``, with its tags, to generate."""

    def __init__(
        self,
        *,
        optimizer: OptimizerCallable,
        schedule: Schedule,
        warmup: float,
    ) -> None:
        super().__init__()
        if not 0.0 <= warmup <= 1.0:
            raise ValueError(f"`warmup` must be from 0 to 1, was: {warmup}.")
        self.save_hyperparameters(logger=False)
        if callable(self.hparams.get("optimizer")):  # made in Python: no plain value to save
            self.hparams.pop("optimizer")
        self.optimizer = optimizer
        self.schedule = schedule
        self.warmup = warmup
        self.trained_steps = 0
        self._dev_score: dict[str, Any] | None = None
        self._configured: list[dict[str, Any]] = []

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Return the optimiser over the parameters that are not frozen, and its schedule."""
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

    def setup(self, stage: str) -> None:
        """Make sure, before anything is done, that the data suit the method."""
        del stage
        if (data := getattr(self.trainer, "datamodule", None)) is not None:
            self.check_batches(data)

    def check_batches(self, data: Any) -> None:
        """Refuse a data module whose batches are of the other kind.

        Args:
            data: The data module.

        Raises:
            ValueError: If it yields tasks to a method of sentences, or the other way round.
        """
        if self.learns_episodes == getattr(data, "yields_episodes", False):
            return
        wanted, given = "sentences", "tasks"
        if self.learns_episodes:
            wanted, given = given, wanted
        raise ValueError(
            f"The data of {type(self).__name__} must be {wanted}, was: {given}, from "
            f"{type(data).__name__}. `EpisodicDataModule` gives tasks, for `MetaLightningModule`; "
            "all other data modules give sentences."
        )

    def coverage(self, words: Iterable[str]) -> Coverage | None:
        """Measure how the backbone's vocabulary spells words; ``None`` for methods without one.

        Args:
            words: The words, in which repeated ones count again.
        """
        encoder = getattr(self, "word_encoder", None)
        return None if encoder is None else coverage(encoder, words)

    def monitored(self) -> set[str]:
        """Name the scores that training logs, which callbacks can monitor; empty if not known."""
        return set()

    def check_start(self) -> None:
        """Refuse a checkpoint that training is to begin with, before a run begins."""

    def check_data(self, data: Any) -> None:
        """Refuse data that the method cannot learn from, before a run begins.

        Args:
            data: The data module.
        """

    def check_optimizer(self) -> None:
        """Refuse options that are out of the optimiser's range, before a run begins.

        One parameter stands in for the model's: some methods have none before they know the data.
        Where updates are made by hand, from gradients that are there, it also takes one.

        Raises:
            ValueError: If the optimiser refuses them.
        """
        by_hand = not self.automatic_optimization
        try:
            trial_optimizer(self.optimizer, steps=by_hand)
        except ValueError as error:
            more = " and step by gradients alone" if by_hand else ""
            raise ValueError(
                f"The optimiser must accept its options{more}, was: {error}. Change "
                "`--model.optimizer.init_args`, or the optimiser."
            ) from error

    def new_optimizer(self) -> torch.optim.Optimizer:
        """Return an optimiser over the parameters that are not frozen."""
        return self.optimizer([p for p in self.parameters() if p.requires_grad])

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip gradients, those of a fused optimiser in 16-bit brain floats, too.

        Lightning refuses that, as it must where gradients are scaled; here nothing is scaled.
        """
        by_norm = gradient_clip_algorithm in (None, "norm")
        if gradient_clip_val and by_norm and self.trainer.precision == "bf16-mixed":
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            torch.nn.utils.clip_grad_norm_(parameters, gradient_clip_val)
            return
        self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)

    def on_train_start(self) -> None:
        """Let the options of this run win over those in a resumed optimiser state.

        A checkpoint of a whole epoch is gone on from with the next one, also where ``max_steps``
        ends the run: Lightning would end the epoch again, without a batch or a dev score. Inside an
        epoch Lightning begins it again without telling the callbacks, such as the progress bar.
        """
        loop = self.trainer.fit_loop
        if loop.epoch_loop.batch_progress.is_last_batch:
            progress: Any = loop.epoch_progress.current
            progress.completed = progress.processed
            loop.epoch_loop.restarting = False
        elif loop.restarted_mid_epoch:
            loader: Any = self.trainer.train_dataloader
            loader.load_state_dict({"batches": loop.epoch_loop.batch_progress.current.ready})
            for callback in self.trainer.callbacks:  # type: ignore[attr-defined]
                callback.on_train_epoch_start(self.trainer, self)
            self.on_train_epoch_start()
        for optimizer in self.trainer.optimizers:
            for group, configured in zip(optimizer.param_groups, self._configured, strict=True):
                group.update(configured)
        for config in self.trainer.lr_scheduler_configs:
            scheduler: Any = config.scheduler  # a LambdaLR: configure_optimizers makes no other
            scheduler.base_lrs = [configured["lr"] for configured in self._configured]
            parts = zip(
                scheduler.optimizer.param_groups,
                scheduler.base_lrs,
                scheduler.lr_lambdas,
                strict=True,
            )
            for group, rate, factor in parts:
                group["lr"] = rate * factor(scheduler.last_epoch)

    def on_train_batch_start(self, batch: list[Any], batch_idx: int) -> None:
        """Seed the draws of this step."""
        del batch
        torch.manual_seed(self.step_seed(batch_idx))
        # The step that loggers show; Lightning miscounts it in an epoch that is gone on with.
        self.trainer.fit_loop.epoch_loop._batches_that_stepped = self.trainer.global_step

    def on_train_batch_end(self, outputs: Any, batch: list[Any], batch_idx: int) -> None:
        """Leave out a dev score that the same run without a stop would not have."""
        del outputs, batch, batch_idx
        skip_unplanned_validation(self.trainer)

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return run_seed()

    def step_seed(self, batch_idx: int) -> int:
        """Return the seed of a training step: a hash of run seed, epoch, batch and device."""
        return self.seed_of(batch_idx, self.global_rank)

    def seed_of(self, *numbers: int) -> int:
        """Return a hash of run seed, epoch and some numbers."""
        return derived_seed(self.seed, self.current_epoch, *numbers)

    def check_finite(self, loss: Tensor, batch: list[Sentence], batch_idx: int) -> None:
        """Stop before a step on a loss that is no number; what was saved stays.

        Raises:
            ValueError: If the loss is infinite or not a number.
        """
        if not torch.isfinite(loss):
            raise ValueError(
                f"The loss must be finite, was: {loss.item()} in epoch {self.current_epoch}, batch "
                f"{batch_idx}, which begins with {' '.join(batch[0].words)[:80]!r}. Lower the "
                "learning rate or clip gradients; checkpoints saved before this are unchanged, and "
                "`--ckpt_path last` goes on from the last of them."
            )

    def identity(self) -> dict[str, Any]:
        """Return what a checkpoint must agree on to be loaded."""
        return {"method": type(self).__name__}

    @cached_property
    def _tokenizer_identity(self) -> dict[str, str]:
        """The tokenizer as part of the identity: the last, as its tokens may follow from others."""
        tokenizer = getattr(self, "tokenizer", None)
        return {} if tokenizer is None else {TOKENIZER: tokenizer_identity(tokenizer)}

    @cached_property
    def backbone_hash(self) -> str | None:
        """A hash of the files of the backbone that training begins with."""
        return hash_of_backbone(self.hparams)

    def note_dev_score(self, value: Tensor | float) -> None:
        """Note the headline score of the dev data, for the checkpoints of this step.

        Args:
            value: The score.
        """
        if not self.trainer.sanity_checking:
            self._dev_score = {
                "at": self.trainer.global_step,
                "dev_score": float(value),
                "dev_complete": validates_everything(self),
            }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Write the identity, the run and the dev score of these weights into the checkpoint.

        Also where an unfinished epoch goes on.
        """
        run = describe_run(self, backbone_hash=self.backbone_hash)
        run["headline"] = self.headline
        if self._dev_score is not None and self._dev_score["at"] == checkpoint["global_step"]:
            run |= {key: value for key, value in self._dev_score.items() if key != "at"}
        checkpoint[IDENTITY] = {**self.identity(), **self._tokenizer_identity, RUN: run}
        if self._trainer is not None:
            mark_unfinished_epoch(
                checkpoint["loops"]["fit_loop"], accumulated=self.trainer.accumulate_grad_batches
            )

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse the checkpoint of another method, tag set, tokenizer or architecture.

        Raises:
            ValueError: If it does not fit, naming both sides.
        """
        saved = checkpoint.get(IDENTITY)
        if saved is None:
            raise ValueError(
                "A checkpoint must be one of lowner_pl, was: one without its identity. "
                "Train it with `python -m lowner_pl fit`."
            )
        for key, mine in self.identity().items():
            if saved.get(key) != mine:
                raise ValueError(
                    f"The checkpoint must have {key} {mine!r} as configured, was: "
                    f"{saved.get(key)!r}. {self.mismatch_remedy}"
                )
        for key, mine in self._tokenizer_identity.items():
            if saved.get(key, mine) != mine:  # checkpoints from before have none
                raise ValueError(
                    f"The checkpoint must have the {key} of the configured backbone, {mine}, was: "
                    f"{saved[key]}. Give `backbone` the folder that training began with, as it was."
                )
        self._check_weights(checkpoint["state_dict"])
        self.trained_steps = int(checkpoint["global_step"])
        self.origin = origin_of(checkpoint, saved)

    def _check_weights(self, saved: dict[str, Tensor]) -> None:
        """Say in one sentence which weights differ, where torch would list them all."""
        mine = self.state_dict()
        odd = sorted(
            name
            for name in {*saved, *mine}
            if name not in saved or name not in mine or saved[name].shape != mine[name].shape
        )
        if odd:
            raise ValueError(
                f"The checkpoint must have the weights of the configured model, was: different in "
                f"{len(odd)} of {len(mine)}, first {odd[0]!r}. Check `backbone` and the options of "
                "the model against the config in the checkpoint's run folder."
            )
