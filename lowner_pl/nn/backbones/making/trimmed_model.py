"""A masked language model with the rows of some subwords, and a head if it has none."""

import copy
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from transformers import AutoModelForMaskedLM, PreTrainedConfig, PreTrainedModel

from lowner_pl.nn.backbones.new_tokens import embedding_table

Row = tuple[int, ...] | int
"""Where a subword starts: an old id, or for a new subword the ids whose mean it starts from."""


def first_positions(model: PreTrainedModel) -> int:
    """Count the first subwords that can't be removed, because they number positions.

    RoBERTa and its relatives number positions from the padding id + 1, so that it must not change.
    """
    padding = getattr(getattr(model.base_model, "embeddings", None), "padding_idx", None)
    return 0 if padding is None else int(padding) + 1


def cut_model(
    model: PreTrainedModel, rows: Sequence[Row], new_ids: Mapping[int, int]
) -> PreTrainedModel:
    """Make a model with other rows in its embeddings and its head; all else stays.

    Args:
        model: The whole model.
        rows: For each new id, where its rows start. Length V.
        new_ids: The new ids of the old ones, for the configuration.
    """
    config = copy.deepcopy(model.config)
    axes = _axes_of_subwords(config)
    config.vocab_size = len(rows)
    for key, value in model.config.to_dict().items():
        if key.endswith("_token_id") and value is not None:
            several = isinstance(value, list)
            found = [new_ids[id_] for id_ in (value if several else [value]) if id_ in new_ids]
            setattr(config, key, found if several else next(iter(found), None))
    added = [new_ids[id_] for id_ in getattr(config, "added_subwords", ()) if id_ in new_ids]
    added += [id_ for id_, row in enumerate(rows) if not isinstance(row, int)]
    if added:
        config.added_subwords = sorted(added)  # for training on raw text only those
    cut: PreTrainedModel = AutoModelForMaskedLM.from_config(config)
    with torch.no_grad():
        tensors = model.state_dict()
        for name, axis in axes.items():
            tensors[name] = _cut(tensors[name].movedim(axis, 0), rows).movedim(0, axis)
        cut.load_state_dict(tensors)
    return cut


def start_head(model: PreTrainedModel, missing: Sequence[str], shares: Tensor) -> None:
    """Start the missing weights of a head as an identity, with the frequencies as its bias.

    Args:
        model: The model.
        missing: Names of the weights.
        shares: Each subword's share of the running subwords. Shape ``(V,)``.

    Raises:
        ValueError: If the head is not made of linear layers and norms.
    """
    table = embedding_table(model).weight
    smooth = shares + shares.sum() / 1000 / len(shares)  # as if each occurred now and then
    bias = (smooth / smooth.sum()).log()
    with torch.no_grad():
        for name, weight in model.named_parameters(remove_duplicate=False):
            if name not in missing or weight is table:
                continue
            if weight.shape == bias.shape:
                weight.copy_(bias - bias.mean())  # tokens that are added later have a bias of 0
            elif weight.shape == table.shape:
                weight.copy_(table)
            elif len(bias) in weight.shape or weight.dim() > 2:
                raise ValueError(
                    f"The backbone has no masked-language-model head, and one of the type "
                    f"{model.config.model_type!r} can't start as an identity because of its "
                    f"{name!r}. Choose another backbone, or one with a head."
                )
            elif weight.dim() == 2:
                nn.init.eye_(weight)
            else:
                weight.fill_(0.0 if name.endswith("bias") else 1.0)


def _axes_of_subwords(config: PreTrainedConfig) -> dict[str, int]:
    """Find the tensors with a row or a column for each subword, and which axis it is."""
    shapes = []
    for more in (0, 1):
        larger = copy.deepcopy(config)
        larger.vocab_size += more
        with torch.device("meta"):
            model = AutoModelForMaskedLM.from_config(larger)
        shapes.append({name: tensor.shape for name, tensor in model.state_dict().items()})
    return {
        name: axis
        for name, shape in shapes[0].items()
        for axis, (one, other) in enumerate(zip(shape, shapes[1][name], strict=True))
        if one != other
    }


def _cut(tensor: Tensor, rows: Sequence[Row]) -> Tensor:
    """Keep rows, and start new ones: vectors from their seeds, biases from the lowest one kept."""
    kept = [row for row in rows if isinstance(row, int)]
    old = tensor[kept]
    cut = tensor.new_empty(len(rows), *tensor.shape[1:])
    cut[[new for new, row in enumerate(rows) if isinstance(row, int)]] = old
    mean, deviation = old.mean(0), old.std(0)
    generator = torch.Generator().manual_seed(0)
    for new, row in enumerate(rows):
        if isinstance(row, int):
            continue
        if tensor.dim() == 1:
            cut[new] = old.min()
        elif row:
            cut[new] = tensor[list(row)].mean(0)
        else:
            cut[new] = mean + deviation * torch.randn(mean.shape, generator=generator)
    return cut
