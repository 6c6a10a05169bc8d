"""Dev scores of a tagger after ``fit`` and ``validate``, and the reason if F1 is 0."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer

from lowner_pl.callbacks.batches import limiting_option, partial_note
from lowner_pl.callbacks.best_checkpoint import KeepsBest, beats
from lowner_pl.callbacks.protocols import Tagger, corpus_of
from lowner_pl.callbacks.scores import logged_scores
from lowner_pl.callbacks.screen.corpus_doubts import misread_tags, no_dev_entities, spelling_doubt
from lowner_pl.callbacks.screen.corpus_facts import SplitFacts, corpus_facts
from lowner_pl.callbacks.screen.next_command import PREDICT, configured, print_end
from lowner_pl.callbacks.screen.printing import Scored, entities_by_type, print_tagging, say


class FitReport(KeepsBest):
    """Prints the dev scores of the best epoch after ``fit``, and those of ``validate``.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._print: Callable[[], None] | None = None

    def on_validation_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Keep the scores if they are the best so far, or those of ``validate``."""
        if trainer.sanity_checking:
            return
        scores = logged_scores(trainer, "dev/")
        confusion = pl_module.dev_scores.confusion.tolist()
        if (score := beats(trainer, self.best)) is not None:
            self.best = {
                "monitored": score,
                "epoch": trainer.current_epoch,
                "step": trainer.global_step,
                "scores": scores,
                "confusion": confusion,
            }
        if trainer.state.fn == "validate":
            self._print = partial(print_validation, trainer, pl_module, self.run, scores, confusion)

    def on_fit_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Prepare to print the best epoch."""
        if self.best:
            self._print = partial(print_best_epoch, trainer, pl_module, self.run, self.best)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Print the scores, below the progress bar."""
        if self._print is not None and trainer.is_global_zero:
            self._print()
        self._print = None


def print_best_epoch(trainer: Trainer, module: Tagger, folder: Path, best: dict[str, Any]) -> None:
    """Print the best dev scores, the reason if F1 is 0, and the next commands.

    Args:
        trainer: The trainer.
        module: The tagger.
        folder: The run folder.
        best: Epoch, scores and confusion of the best epoch; see `FitReport`.
    """
    say(f"Dev scores of the best epoch (epoch {best['epoch']}, counted from 0), in percent:")
    _print_dev(trainer, module, best["scores"], best["confusion"])
    if best["scores"]["f1"] == 0.0:
        say(_why_zero(trainer, module))
    has_tests = corpus_of(trainer).read_tests() is not None
    test = configured(folder, "test") if has_tests else ""
    print_end(folder, test, configured(folder, "predict", *PREDICT))


def print_validation(
    trainer: Trainer,
    module: Tagger,
    folder: Path,
    scores: dict[str, float],
    confusion: list[list[int]],
) -> None:
    """Print the dev scores of ``validate``."""
    say("Dev scores in percent:")
    _print_dev(trainer, module, scores, confusion)
    print_end(folder)


def _print_dev(
    trainer: Trainer, module: Tagger, scores: dict[str, float], confusion: list[list[int]]
) -> None:
    """Print a table of dev scores, with a note if only a part of the dev data was scored."""
    entities = entities_by_type(confusion, module.dev_scores.entity_types)
    print_tagging([Scored("all", scores, entities)])
    dev = corpus_of(trainer).sentences("dev")
    option = limiting_option(trainer, "limit_val_batches")
    if note := partial_note(round(scores["sentences"]), len(dev), "dev", option):
        say(note)


def _why_zero(trainer: Trainer, module: Tagger) -> str:
    """Explain why no dev entity was found: a problem in the data, or else too little training."""
    train, dev, *_ = corpus_facts(corpus_of(trainer), module)
    cause = cause_of_zero(train, dev, str(module.hparams.get("backbone")))
    if cause:
        return f"Dev F1 was 0 in every epoch. {cause}"
    groups = [optimizer.param_groups[0] for optimizer in trainer.optimizers]
    # A schedule has lowered the rate by now.
    rates = [group.get("initial_lr", group["lr"]) for group in groups]
    rate = f" at a learning rate of {rates[0]:g}" if rates else ""
    return (
        f"Dev F1 was 0 in every epoch, after {trainer.global_step:,} updates{rate}. Train longer "
        "(`--trainer.max_epochs`) or raise the learning rate (`--model.optimizer.init_args.lr`)."
    )


def cause_of_zero(train: SplitFacts, dev: SplitFacts, backbone: str) -> str | None:
    """Find what in the data keeps dev F1 at 0, or return ``None`` if nothing does."""
    if not dev.types:
        return no_dev_entities(dev)
    return misread_tags(train, dev) or spelling_doubt(train, backbone)
