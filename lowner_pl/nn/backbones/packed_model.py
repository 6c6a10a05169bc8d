"""Making a model of a packed folder, with all of its embeddings or with those in 4 bits."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from transformers import PreTrainedModel

from lowner_pl.nn.backbones.files.packed_folder import PackedWeights
from lowner_pl.nn.backbones.new_tokens import embedding_table
from lowner_pl.nn.backbones.packed_table import PackedTable

_stays: ContextVar[bool] = ContextVar("stays", default=False)


@contextmanager
def staying_packed() -> Iterator[None]:
    """Let backbones that are loaded now keep their embeddings in 4 bits per number, for tagging.

    Those of other folders, with new tokens or with the head of the language model don't.
    """
    token = _stays.set(True)
    try:
        yield
    finally:
        _stays.reset(token)


def packed_stays() -> bool:
    """Tell whether `staying_packed` is in effect."""
    return _stays.get()


def model_of(packed: PackedWeights, loader: Any, config: Any, *, stays: bool) -> PreTrainedModel:
    """Make a model of the weights of a packed folder.

    `from_pretrained` takes weights in memory, too, but compiles a thousand regular expressions for
    other models.

    Args:
        packed: The weights.
        loader: The class of `transformers` that makes the model.
        config: Its configuration.
        stays: Whether its embeddings become a `PackedTable`. Then it has no output layer.

    Raises:
        RuntimeError: If a weight is missing or has another shape than the configuration says.
    """
    from transformers.initialization import no_init_weights

    with torch.device("meta"):
        outline = loader.from_config(config, trust_remote_code=False)
    shapes = {name: tuple(weight.shape) for name, weight in packed.others.items()}
    _check_shapes({**shapes, packed.table: packed.numbers.shape}, outline)
    with no_init_weights():
        model: PreTrainedModel = loader.from_config(
            config, trust_remote_code=False, dtype=torch.float32
        )
    whole = {} if stays else {packed.table: packed.numbers.whole()}
    report = model.load_state_dict({**whole, **packed.others}, strict=False, assign=True)
    if not stays:
        model.tie_weights(missing_keys=set(report.missing_keys))  # a shared one is saved once
        return model
    padding = embedding_table(model).padding_idx
    model.set_input_embeddings(PackedTable(packed.numbers, padding))
    output: Any = model.get_output_embeddings()
    output.to("meta")  # it would share the table
    return model


def _check_shapes(shapes: Mapping[str, tuple[int, ...]], outline: PreTrainedModel) -> None:
    """Raise an error if a weight is missing or has another shape than the configuration says."""
    for key, parameter in outline.named_parameters():
        if key not in shapes:
            raise RuntimeError(f"{key!r} is missing")
        if shapes[key] != tuple(parameter.shape):
            raise RuntimeError(
                f"{key!r} has the shape {shapes[key]} instead of {tuple(parameter.shape)}"
            )
