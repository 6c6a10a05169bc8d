"""Weights of one tagger that the training of another begins with."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from lowner_pl.modules.base import IDENTITY
from lowner_pl.runs.checkpoints import read_checkpoint


def read_start(
    path: str, *, identity: Mapping[str, Any], own: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Return the weights of the tagger in a checkpoint, by their names in a tagger.

    Args:
        path: The checkpoint.
        identity: What it must agree on.
        own: The weights that are to be replaced, of the same names and shapes.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no checkpoint of a tagger with these entity types and backbone.
    """
    checkpoint = read_checkpoint(path)
    saved = checkpoint.get(IDENTITY, {})
    for key, value in identity.items():
        if saved.get(key) != value:
            raise ValueError(
                f"The checkpoint to begin with must have {key} {value!r}, was: "
                f"{saved.get(key)!r} in '{path}'. Choose another `--model.start`, or "
                "give `backbone` and the data what it was trained with."
            )
    weights = {
        name.removeprefix("tagger."): weight
        for name, weight in checkpoint["state_dict"].items()
        if name.startswith("tagger.")
    }
    if {n: w.shape for n, w in weights.items()} != {n: w.shape for n, w in own.items()}:
        raise ValueError(
            f"The checkpoint to begin with must have the weights of the configured model, was: "
            f"others in '{path}'. Check `backbone`, `head` and `tag_scheme`."
        )
    return weights
