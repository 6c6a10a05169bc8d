"""Layers whose activations are computed again in the backward pass (gradient checkpointing)."""

from transformers import PreTrainedModel


def recompute_layers(encoder: PreTrainedModel, *, name: str) -> None:
    """Let an encoder in training mode keep the input of each layer only, in place.

    Args:
        encoder: The encoder.
        name: Name of the backbone, for messages.

    Raises:
        ValueError: If its layers can't be computed again.
    """
    # The second name is that of older versions of the library.
    enable = getattr(encoder, "activation_checkpointing_enable", None)
    enable = enable or encoder.gradient_checkpointing_enable
    try:
        enable({"use_reentrant": False})
    except ValueError as error:
        raise ValueError(
            f"`gradient_checkpointing` is true, but the layers of the backbone {name!r}, of type "
            f"{encoder.config.model_type!r}, can't be computed again. Leave it out, or use a "
            "backbone such as XLM-R, BERT or ModernBERT."
        ) from error
    encoder.disable_input_require_grads()  # else frozen bottom layers get gradients, too
