"""What padding does to the hidden states of a model, found by running it."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel

from lowner_pl.nn.backbones.backbone_files import one_line

SUBWORDS = (5, 20)
TOLERANCE = 1e-3  # of the largest value; rounding is far smaller


def reads_padding(encoder: PreTrainedModel) -> bool:
    """Return whether hidden states depend on the padding behind a sentence.

    Attention masks hide padding from attention alone: Fourier transforms (FNet), convolutions
    (ConvBERT) and pooling (Funnel) read it all the same.

    Args:
        encoder: A model without its head. It comes back in the mode it was in.

    Raises:
        ValueError: If the model needs more than subword ids, or mixes the rows of a batch.
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
            f"A model of type {kind!r} can't be a backbone: given subword ids alone, it stops with "
            f"{one_line(error)!r}. Choose another, such as XLM-R, BERT or ModernBERT."
        ) from error
    finally:
        encoder.train(was_training)
    if not _agree(beside, alone):
        raise ValueError(
            f"A model of type {kind!r} can't be a backbone: it gives a sentence other hidden "
            "states when another stands beside it, so that tags would depend on the batch. Choose "
            "another, such as XLM-R, BERT or ModernBERT."
        )
    return not _agree(padded, alone)


def padding_id(encoder: PreTrainedModel) -> int:
    """Return the id of padding, 0 where the model has none."""
    return getattr(encoder.config, "pad_token_id", None) or 0


def _ids(encoder: PreTrainedModel) -> list[Tensor]:
    """Return the same subwords at each call, none of which is padding."""
    table: Any = encoder.get_input_embeddings()
    rows = len(table.weight)
    drawn = torch.randint(rows, (max(SUBWORDS),), generator=torch.Generator().manual_seed(0))
    drawn[drawn == padding_id(encoder)] = (padding_id(encoder) + 1) % rows
    device = next(encoder.parameters()).device
    return [drawn[:count].to(device) for count in SUBWORDS]


@torch.no_grad()
def _hidden(encoder: PreTrainedModel, *sentences: Tensor) -> Tensor:
    """Return the hidden states of the first sentence, run with the others as padded rows."""
    ids = pad_sequence(list(sentences), batch_first=True, padding_value=padding_id(encoder))
    mask = pad_sequence([torch.ones_like(sentence) for sentence in sentences], batch_first=True)
    hidden: Tensor = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    return hidden[0, : len(sentences[0])]


def _agree(one: Tensor, other: Tensor) -> bool:
    """Return whether hidden states differ by no more than rounding."""
    return bool((one - other).abs().max() <= TOLERANCE * other.abs().max())
