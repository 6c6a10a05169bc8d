"""What a method writes into its checkpoints, and checks when it reads one."""

from abc import ABC
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from lightning.pytorch import LightningModule
from torch import Tensor

from lowner_pl.modules.frozen import LEFT_OUT, FrozenWeights, LeftOut, weights_of, without
from lowner_pl.modules.identity import (
    IDENTITY,
    RUN,
    TOKENIZER,
    check_identity,
    check_weights,
    describe_run,
    hash_of_backbone,
    origin_of,
    validates_everything,
)
from lowner_pl.modules.resuming import mark_unfinished_epoch
from lowner_pl.nn import tokenizer_identity


class CheckpointedModule(LightningModule, ABC):
    """A method with checkpoints that know what they must agree with and where they come from."""

    headline: str = "f1"
    """The dev score, as in ``dev/f1``, that selects the best checkpoint. Higher is better."""
    mismatch_remedy: str = "Use the config in the checkpoint's run folder."
    """Advice when a checkpoint belongs to another method."""
    tokenizer_is_that_of_files: bool = False
    """Whether the tokenizer follows from the backbone's files and what else `identity` compares."""
    origin: dict[str, Any] | None = None
    """Description of the run that the loaded checkpoint comes from; see `describe_run`."""
    frozen: FrozenWeights | None = None
    """The frozen weights of the backbone, which checkpoints leave out."""
    trained_steps = 0
    """Updates before the loaded checkpoint was written."""
    _dev_score: dict[str, Any] | None = None

    def identity(self) -> dict[str, Any]:
        """Describe what a checkpoint must agree with to be loaded."""
        return {"method": type(self).__name__}

    @cached_property
    def _tokenizer_identity(self) -> dict[str, str]:
        """The tokenizer's part of the identity; empty without a tokenizer."""
        tokenizer = getattr(self, "tokenizer", None)
        return {} if tokenizer is None else {TOKENIZER: tokenizer_identity(tokenizer)}

    @cached_property
    def backbone_hash(self) -> str | None:
        """Hash of the files of the backbone that training starts from."""
        return hash_of_backbone(self.hparams)

    def _has_files_of(self, checkpoint: Mapping[str, Any]) -> bool:
        """Tell whether the backbone's files, tokenizer included, are those of a checkpoint.

        To hash the files is many times faster than to hash a loaded tokenizer.
        """
        run = (checkpoint.get(IDENTITY) or {}).get(RUN) or {}
        saved = run.get("backbone_hash")
        return self.tokenizer_is_that_of_files and saved is not None and saved == self.backbone_hash

    def note_dev_score(self, value: Tensor | float) -> None:
        """Remember the headline dev score for the checkpoints of this step.

        Args:
            value: The score.
        """
        if not self.trainer.sanity_checking:
            self._dev_score = {
                "at": self.trainer.global_step,
                "dev_score": float(value),
                "dev_complete": validates_everything(self),
            }

    def dev_score_of_step(self) -> dict[str, Any] | None:
        """Return what is known of the dev score if these weights have one, else ``None``."""
        score = self._dev_score
        return score if score is not None and score["at"] == self.trainer.global_step else None

    def calibrate(self) -> dict[str, float | int | None] | None:
        """Fit the temperature of confidences before ``best.ckpt`` is written, if there are any."""
        return None

    def saved_weights(self) -> dict[str, Tensor]:
        """Return the weights that a checkpoint holds."""
        return without(self.state_dict(), self._left_out())

    def _left_out(self) -> LeftOut:
        """Find the frozen weights that the files of the backbone hold, if they are there."""
        left_out = {} if self.frozen is None else self.frozen.unchanged(self)
        return left_out if left_out and self.backbone_hash is not None else {}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add identity, run, dev score and the place inside an unfinished epoch.

        Frozen weights that the files of the backbone hold are left out.
        """
        left_out = self._left_out()
        checkpoint["state_dict"] = without(checkpoint["state_dict"], left_out)
        run = describe_run(self, backbone_hash=self.backbone_hash)
        run["headline"] = self.headline
        if self._dev_score is not None and self._dev_score["at"] == checkpoint["global_step"]:
            run |= {key: value for key, value in self._dev_score.items() if key != "at"}
        checkpoint[IDENTITY] = {**self.identity(), **self._tokenizer_identity, RUN: run}
        if left_out:
            checkpoint[IDENTITY][LEFT_OUT] = left_out
        if self._trainer is not None:
            mark_unfinished_epoch(
                checkpoint["loops"]["fit_loop"], accumulated=self.trainer.accumulate_grad_batches
            )

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Check that the checkpoint has the same method, tag set, tokenizer and weights.

        Frozen weights that it leaves out are added from the backbone.

        Raises:
            ValueError: If it does not.
        """
        saved = check_identity(
            checkpoint.get(IDENTITY),
            mine=self.identity(),
            tokenizer={} if self._has_files_of(checkpoint) else self._tokenizer_identity,
            remedy=self.mismatch_remedy,
        )
        checkpoint["state_dict"] = weights_of(checkpoint, self)
        check_weights(checkpoint["state_dict"], self.state_dict())
        self.trained_steps = int(checkpoint["global_step"])
        self.origin = origin_of(checkpoint, saved)
