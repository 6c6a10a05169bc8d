"""Tiny untrained sequence-to-sequence models for tests."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers.trainers import UnigramTrainer
from transformers import AutoConfig, AutoModelForSeq2SeqLM, PreTrainedTokenizerFast

from lowner_pl.corpus import Sentence
from lowner_pl.modules import MulDALightningModule

Kind = Literal["mt5", "mbart"]
SPECIALS: dict[Kind, dict[str, str]] = {
    "mt5": {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"},
    "mbart": {
        "bos_token": "<s>",
        "pad_token": "<pad>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    },
}
MORE: dict[Kind, list[str]] = {"mt5": ["<extra_id_0>"], "mbart": ["en_XX"]}


def fresh_sequence_model(
    folder: Path, texts: Iterable[str], *, kind: Kind, vocabulary: int = 300, hidden: int = 16
) -> Path:
    """Train a tokenizer on texts, initialise a sequence-to-sequence model, and save both."""
    names = SPECIALS[kind]
    core = Tokenizer(models.Unigram())
    core.normalizer = normalizers.NFKC()
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    core.decoder = decoders.Metaspace()
    specials = [*names.values(), *MORE[kind]]
    core.train_from_iterator(
        texts,
        UnigramTrainer(
            vocab_size=vocabulary,
            special_tokens=specials,
            unk_token="<unk>",
            show_progress=False,
        ),
    )
    core.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A $B </s>", special_tokens=[("</s>", core.token_to_id("</s>"))]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, additional_special_tokens=MORE[kind], **names
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = AutoConfig.for_model(kind, **_shape(kind, tokenizer, hidden))
        model = AutoModelForSeq2SeqLM.from_config(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_well_formed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let MulDA write a new sentence for each prefix.

    A model without much training writes almost no well-formed sentence.
    """
    monkeypatch.setattr(
        "lowner_pl.modules.generation.mulda.write",
        lambda _, sources, __, *, seed, **___: [[seed, n] for n in range(len(sources[0]))],
    )
    monkeypatch.setattr(
        MulDALightningModule,
        "_sentence",
        lambda _, row, language: Sentence((f"{row[0]}", f"{row[1]}"), ("B-PER", "O"), language),
    )


def _shape(kind: Kind, tokenizer: PreTrainedTokenizerFast, hidden: int) -> dict[str, Any]:
    """Return the config options of a tiny model."""
    common = {
        "vocab_size": len(tokenizer),
        "d_model": hidden,
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
    if kind == "mt5":
        return {**common, "num_layers": 1, "num_heads": 2, "d_kv": hidden // 2, "d_ff": 2 * hidden}
    sides = {
        f"{side}_{name}": value
        for side in ("encoder", "decoder")
        for name, value in {"layers": 1, "attention_heads": 2, "ffn_dim": 2 * hidden}.items()
    }
    return {**common, **sides, "bos_token_id": 0, "max_position_embeddings": 64}
