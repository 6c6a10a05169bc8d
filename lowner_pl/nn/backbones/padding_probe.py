"""A trial run that shows whether padding changes the hidden states of a model."""

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel

from lowner_pl.nn.backbones.files.backbone_files import one_line

SUBWORDS = (5, 20)
TOLERANCE = 1e-3  # relative to the largest value; rounding errors are far smaller


def reads_padding(encoder: PreTrainedModel) -> bool:
    """Find out whether hidden states depend on the padding after a sentence.

    An attention mask hides padding from attention only. Fourier transforms (FNet), convolutions
    (ConvBERT) and pooling (Funnel) still read it.

    Args:
        encoder: A model without its head. Its training mode is restored.

    Raises:
        ValueError: If the model needs more than subword ids, or its output for a sentence depends
            on other rows of the batch.
    """
    kind = encoder.config.model_type
    short, long = _ids(encoder)
    was_training = encoder.training
    try:
        alone = _hidden(encoder.eval(), short)
        beside = _hidden(encoder, short, short.flip(0))
        padded = _hidden(encoder, short, long)
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(
            f"A model of type {kind!r} can't be a backbone: given only subword ids, it fails with "
            f"{one_line(error)!r}. Choose another, such as XLM-R, BERT or ModernBERT."
        ) from error
    finally:
        encoder.train(was_training)
    if not _agree(beside, alone):
        raise ValueError(
            f"A model of type {kind!r} can't be a backbone: the hidden states of a sentence depend "
            "on other sentences in the batch, so its tags would too. Choose another, such as "
            "XLM-R, BERT or ModernBERT."
        )
    return not _agree(padded, alone)


def padding_id(encoder: PreTrainedModel) -> int:
    """Return the padding id, or 0 if the model has none."""
    return getattr(encoder.config, "pad_token_id", None) or 0


def _ids(encoder: PreTrainedModel) -> list[Tensor]:
    """Draw subwords, the same in every call and never padding."""
    weight = encoder.get_input_embeddings().weight
    assert isinstance(weight, Tensor)
    rows = len(weight)
    drawn = torch.randint(rows, (max(SUBWORDS),), generator=torch.Generator().manual_seed(0))
    drawn[drawn == padding_id(encoder)] = (padding_id(encoder) + 1) % rows
    device = next(encoder.parameters()).device
    return [drawn[:count].to(device) for count in SUBWORDS]


@torch.no_grad()
def _hidden(encoder: PreTrainedModel, *sentences: Tensor) -> Tensor:
    """Compute the hidden states of the first sentence, in a padded batch with the others."""
    ids = pad_sequence(list(sentences), batch_first=True, padding_value=padding_id(encoder))
    mask = pad_sequence([torch.ones_like(sentence) for sentence in sentences], batch_first=True)
    hidden: Tensor = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    return hidden[0, : len(sentences[0])]


def _agree(one: Tensor, other: Tensor) -> bool:
    """Check whether hidden states are equal up to rounding."""
    return bool((one - other).abs().max() <= TOLERANCE * other.abs().max())
