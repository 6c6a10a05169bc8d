"""Low-rank updates of a frozen encoder (LoRA)."""

from typing import Any

from torch import nn

from lowner_pl.nn.backbones.backbone import Backbone
from lowner_pl.nn.backbones.masked_head import MaskedLMHead
from lowner_pl.runs.ranges import check_range

TARGETS: dict[str, list[str]] = {"camembert": ["query", "value"], "modernbert": ["Wqkv"]}
"""Layers to update in types of models for which `peft` has no default."""


def add_low_rank_updates(backbone: Backbone, head: MaskedLMHead, rank: int, *, name: str) -> None:
    r"""Freeze an encoder, and add trainable low-rank updates to its attention, in place.

    A matrix with which the head scores the vocabulary is frozen, too, shared or not.

    A layer :math:`Wx + b` that computes queries or values becomes

    .. math:: Wx + b + \frac{\alpha}{r} B A x, \qquad \alpha = 2r

    (`Hu et al., 2022 <https://arxiv.org/abs/2106.09685>`_, Eq. 3), where :math:`A`, ``(r, I)``, is
    random and :math:`B`, ``(O, r)``, is zero: at first, nothing changes. ModernBERT has one layer
    for queries, keys and values.

    Args:
        backbone: The encoder.
        head: The rest of the model.
        rank: The rank :math:`r`, from 1 to the size of the hidden states.
        name: Name of the backbone, for messages.

    Raises:
        ValueError: If the rank is out of range, `peft` is not installed, or it finds no layers to
            update.
    """
    check_range("lora_rank", rank, 1)
    if rank > backbone.hidden_size:
        raise ValueError(
            f"`lora_rank` is {rank:,}, but the layers of the backbone {name!r} have "
            f"{backbone.hidden_size:,} inputs, so no update has a higher rank. Choose a small "
            "number, such as 8."
        )
    peft, encoder = _peft(), backbone.encoder
    kind = str(encoder.config.model_type)
    defaults = peft.utils.TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING
    layers = TARGETS.get(kind) or defaults.get(kind)
    if layers is None:
        raise ValueError(
            f"`lora_rank` is {rank}, but `peft` does not know which layers of the backbone "
            f"{name!r}, of type {kind!r}, to update. Use a backbone such as XLM-R, BERT or "
            "ModernBERT, or leave `lora_rank` out."
        )
    options = peft.LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=layers)
    try:
        peft.inject_adapter_in_model(options, encoder)
    except ValueError as error:
        raise ValueError(
            f"`lora_rank` is {rank}, but the backbone {name!r}, of type {kind!r}, has no linear "
            f"layers {' and '.join(layers)} to update. Use a backbone such as XLM-R, BERT or "
            "ModernBERT, or leave `lora_rank` out."
        ) from error
    for weight in head.parameters():
        weight.requires_grad_(weight.ndim < 2 or len(weight) != backbone.embeddings.num_embeddings)


def has_low_rank_updates(encoder: nn.Module) -> bool:
    """Tell whether an encoder has low-rank updates."""
    return hasattr(encoder, "peft_config")


def remove_low_rank_updates(encoder: nn.Module, *, merge: bool = True) -> None:
    """Remove the low-rank updates of an encoder, in place.

    Args:
        encoder: The encoder.
        merge: Whether they are added to its weights first.
    """
    layer_type = _peft().tuners.lora.LoraLayer
    for name, layer in list(encoder.named_modules()):
        if isinstance(layer, layer_type):
            if merge:
                layer.merge()
            encoder.set_submodule(name, layer.get_base_layer())
    del encoder.peft_config


def _peft() -> Any:
    """Import `peft`, which has no type hints.

    Raises:
        ValueError: If it is not installed.
    """
    try:
        import peft
    except ImportError as error:
        raise ValueError(
            "`lora_rank` needs the package `peft`, which is not installed. Run `pip install "
            "'lowner_pl[lora]'`, or leave `lora_rank` out."
        ) from error
    return peft
