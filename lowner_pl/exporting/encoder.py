"""The weights of an exported tagger, as `transformers` stores them."""

import copy
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForTokenClassification, PreTrainedModel

from lowner_pl.modules import MLMNERLightningModule, NERModule, SNERLightningModule
from lowner_pl.nn import SoftmaxHead, add_checksums, make_plain
from lowner_pl.runs.checksums import first_not_finite
from lowner_pl.tagging.exported.record import PARTS

READS_PLAIN_TEXT = (SNERLightningModule, MLMNERLightningModule)
"""Methods that show a plain sentence to the encoder, as the pipelines of `transformers` do."""
CLASSIFIER = {"classifier.weight", "classifier.bias"}
_LOW_RANK = "lora_"


def plain_encoder(module: NERModule) -> PreTrainedModel:
    """Copy the encoder of a tagger in the architecture that it was loaded as.

    Low-rank updates become part of the weights, except in meta-learning, where they alone adapt to
    a sentence; see `parts_of`.
    """
    encoder: PreTrainedModel = copy.deepcopy(module.tagger.backbone.encoder)
    encoder.eval()
    make_plain(encoder, merge=not module.learns_episodes)
    encoder.requires_grad_(False)
    encoder.config._attn_implementation = "eager"
    return encoder


def parts_of(module: NERModule) -> dict[str, Tensor]:
    """Collect the weights that are not the plain encoder's: the head, and what adapts beside it."""
    weights = module.tagger.state_dict()
    return {
        name: weight.contiguous()
        for name, weight in weights.items()
        if name.startswith("head.") or (module.learns_episodes and _LOW_RANK in name)
    }


def with_labels(module: NERModule, encoder: PreTrainedModel) -> PreTrainedModel:
    """Put the encoder into the architecture that the folder names, with the tags in its config.

    That is the token classifier of `transformers` if it computes what the tagger computes: the
    method shows plain sentences, the head tags each word alone, and the classifier is one layer.
    Otherwise it is the bare encoder.
    """
    tags = module.tag_set.tags
    encoder.config.id2label = dict(enumerate(tags))
    encoder.config.label2id = {tag: id_ for id_, tag in enumerate(tags)}
    head = module.tagger.head
    if type(module) in READS_PLAIN_TEXT and isinstance(head, SoftmaxHead):
        with torch.device("meta"):
            model: PreTrainedModel = AutoModelForTokenClassification.from_config(encoder.config)
        prefix = f"{model.base_model_prefix}."
        own = {name for name, _ in model.named_parameters() if not name.startswith(prefix)}
        if own == CLASSIFIER:
            setattr(model, model.base_model_prefix, encoder)
            model.classifier = copy.deepcopy(head.linear)
            model.eval()
            return model
    return encoder


def is_classifier(model: PreTrainedModel) -> bool:
    """Tell whether a model is the token classifier of `transformers`."""
    return model.base_model is not model


def save_weights(module: NERModule, model: PreTrainedModel, folder: Path) -> None:
    """Write the encoder, the other weights and the tokenizer.

    Raises:
        OSError: If the disk is full.
        ValueError: If a weight is not finite.
    """
    from safetensors.torch import save_file

    parts = parts_of(module)
    named = [*model.named_parameters(), *parts.items()]
    if (name := first_not_finite(named)) is not None:
        raise ValueError(
            f"The tagger was not exported: {name!r} contains an infinity or NaN. Use a checkpoint "
            "from before training went wrong."
        )
    model.save_pretrained(folder)
    save_file(parts, folder / PARTS, {"format": "pt"})
    add_checksums(folder)
    module.tokenizer.save_pretrained(folder)
    _change(folder / "tokenizer_config.json", model_max_length=module.word_encoder.max_length)
    _change(folder / "config.json", _name_or_path=None)


def _change(file: Path, **values: Any) -> None:
    """Set values of a JSON file; ``None`` removes one."""
    content = json.loads(file.read_text(encoding="utf-8")) | values
    kept = {key: value for key, value in content.items() if key not in values or value is not None}
    text = json.dumps(kept, indent=2, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")
