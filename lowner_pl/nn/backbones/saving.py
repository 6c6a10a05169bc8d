"""Saving backbones as folders that `transformers` reads."""

import copy
from pathlib import Path

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lowner_pl.nn.backbones.backbone import Backbone
from lowner_pl.nn.backbones.files.weights_file import add_checksums
from lowner_pl.nn.backbones.masked_head import MaskedLMHead
from lowner_pl.nn.backbones.training.embedding_rows import EmbeddingRows
from lowner_pl.nn.backbones.training.low_rank import (
    has_low_rank_updates,
    remove_low_rank_updates,
)
from lowner_pl.runs.checksums import first_not_finite


def save_backbone(
    backbone: Backbone,
    head: MaskedLMHead,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path | str,
    *,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Save a model so that ``AutoModelForMaskedLM.from_pretrained`` and `load_backbone` read it.

    Low-rank updates become part of the weights.

    Args:
        backbone: The encoder.
        head: The rest of the model.
        tokenizer: The tokenizer.
        folder: Output folder.
        dtype: Number format on disk.

    Raises:
        ValueError: If a weight is not finite, or not finite in ``dtype``.
    """
    # Copied in one call, so that shared embeddings stay shared.
    encoder, model = copy.deepcopy((backbone.encoder, head.model))
    make_plain(encoder)
    setattr(model, model.base_model_prefix, encoder)
    model.to(dtype)  # type: ignore[arg-type]
    if (weight := first_not_finite(model.named_parameters())) is not None:
        raise ValueError(
            f"The backbone was not saved: {weight!r} contains an infinity or NaN as {dtype}. Use a "
            "checkpoint from before training went wrong, or leave out `--half` if 16 bits are too "
            "few."
        )
    model.save_pretrained(folder)
    add_checksums(folder)
    tokenizer.save_pretrained(folder)


def make_plain(encoder: PreTrainedModel, *, merge: bool = True) -> None:
    """Turn an encoder as it is trained into the architecture that it was loaded as, in place.

    Trained rows of the embeddings go into their table.

    Args:
        encoder: The encoder.
        merge: Whether low-rank updates are added to the weights; otherwise they are left out.
    """
    if has_low_rank_updates(encoder):
        remove_low_rank_updates(encoder, merge=merge)
    if isinstance(table := encoder.get_input_embeddings(), EmbeddingRows):
        encoder.set_input_embeddings(table.merged())
