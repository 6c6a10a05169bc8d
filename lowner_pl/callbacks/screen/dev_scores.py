"""The end of ``fit`` and ``validate`` on the screen: dev scores, and why they are 0."""

from pathlib import Path
from typing import Any

from lowner_pl.callbacks.screen.corpus_facts import (
    SplitFacts,
    corpus_facts,
    misread_tags,
    no_dev_entities,
    spells_nothing,
)
from lowner_pl.callbacks.screen.printing import (
    PREDICT,
    Scored,
    configured,
    entities_by_type,
    limiting_option,
    partial_note,
    print_end,
    print_tagging,
    say,
)


def show_fit(trainer: Any, module: Any, folder: Path, best: dict[str, Any]) -> None:
    """Show the best dev scores, or why there is none, and the commands to type next.

    Args:
        trainer: What trained.
        module: The tagger.
        folder: The run folder.
        best: Epoch, scores and confusion of the best epoch; see `FitReport`.
    """
    say(f"Dev scores in percent, best epoch {best['epoch']} (the first is 0):")
    _show_dev(trainer, module, best["scores"], best["confusion"])
    if best["scores"]["f1"] == 0.0:
        say(_why_zero(trainer, module))
    has_tests = trainer.datamodule.read_tests() is not None
    test = configured(folder, "test") if has_tests else ""
    print_end(folder, test, configured(folder, "predict", *PREDICT))


def show_validation(
    trainer: Any, module: Any, folder: Path, scores: dict[str, float], confusion: list[list[int]]
) -> None:
    """Show the dev scores of ``validate``."""
    say("Dev scores in percent:")
    _show_dev(trainer, module, scores, confusion)
    print_end(folder)


def _show_dev(
    trainer: Any, module: Any, scores: dict[str, float], confusion: list[list[int]]
) -> None:
    """Show a table of dev scores, and whether they are those of all dev data."""
    entities = entities_by_type(confusion, module.dev_scores.entity_types)
    print_tagging([Scored("all", scores, entities)])
    dev = trainer.datamodule.sentences("dev")
    option = limiting_option(trainer, "limit_val_batches")
    if note := partial_note(round(scores["sentences"]), len(dev), "dev", option):
        say(note)


def _why_zero(trainer: Any, module: Any) -> str:
    """Say why no dev entity was found: what is wrong with the data, else too little training."""
    train, dev, *_ = corpus_facts(trainer.datamodule, module)
    cause = cause_of_zero(train, dev, str(module.hparams.get("backbone")))
    if cause:
        return f"Dev F1 was 0 in every epoch. {cause}"
    rates = {group["lr"] for optimizer in trainer.optimizers for group in optimizer.param_groups}
    rate = f" at a learning rate of {max(rates):g}" if rates else ""
    return (
        f"Dev F1 was 0 in every epoch, after {trainer.global_step:,} updates{rate}: train longer "
        "(`--trainer.max_epochs`), or with a larger `--model.optimizer.init_args.lr`."
    )


def cause_of_zero(train: SplitFacts, dev: SplitFacts, backbone: str) -> str | None:
    """Say what in the data keeps dev F1 at 0, ``None`` if nothing does."""
    if not dev.types:
        return no_dev_entities(dev)
    return misread_tags(train, dev) or spells_nothing(train, backbone)
