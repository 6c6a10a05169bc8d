"""Dropout of a pretrained backbone."""

from torch import nn


def set_dropout(model: nn.Module, rate: float) -> None:
    """Set every dropout rate inside a model, whatever its architecture calls it.

    Args:
        model: The model.
        rate: The new rate, from 0 to 1.
    """
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = rate
        elif isinstance(getattr(module, "attention_dropout", None), float):
            module.attention_dropout = rate  # type: ignore[assignment]
