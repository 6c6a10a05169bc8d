"""Options of Trainer that a method cannot have, refused before a run begins."""

from typing import Any

from lightning.pytorch import LightningModule


def check_trainer_options(config: Any, model: LightningModule, *, trains: bool) -> None:
    """Refuse options of Trainer that the method cannot have.

    Args:
        config: The options, by name.
        model: The method.
        trains: Whether the command is to train.

    Raises:
        ValueError: If there is one.
    """
    _check_precision(config["precision"], model)
    if trains and not model.automatic_optimization:
        _check_update(config)


def _check_precision(precision: int | str | None, model: LightningModule) -> None:
    """Refuse precisions in which a batch would be converted, or inner steps would go wrong."""
    if str(precision).endswith("-true") and precision != "32-true":
        raise ValueError(
            f"`trainer.precision` must be 32-true, 16-mixed or bf16-mixed, was: {precision!r}. "
            "`bf16-mixed` saves memory."
        )
    if str(precision) in ("16", "16-mixed") and not model.automatic_optimization:
        raise ValueError(
            f"`trainer.precision` of meta-learning must be 32-true or bf16-mixed, was: "
            f"{precision!r}, whose small gradients vanish unless they are scaled. `bf16-mixed` "
            "saves memory."
        )


def _check_update(config: Any) -> None:
    """Refuse what Lightning does not do in a meta-update, and says once a run has begun."""
    if config["gradient_clip_val"]:
        raise ValueError(
            "`trainer.gradient_clip_val` of meta-learning must be null, was: "
            f"{config['gradient_clip_val']}: its gradients are sums over tasks. Lower "
            "`--model.optimizer.init_args.lr`."
        )
    if config["accumulate_grad_batches"] != 1:
        raise ValueError(
            "`trainer.accumulate_grad_batches` of meta-learning must be 1, was: "
            f"{config['accumulate_grad_batches']}. Raise `--data.batch_size`, the tasks of a "
            "meta-update: memory does not grow with them."
        )
