"""The embedded backbone keeps the promises of the README."""

import json
import struct
from functools import cache

import pytest
import torch

from lowner_pl.corpus import read_conll
from lowner_pl.encoding import WordEncoder, mask_subwords
from lowner_pl.metrics import MaskedScores
from lowner_pl.nn import load_backbone
from lowner_pl.nn.backbones.loading import EMBEDDED

from ...conftest import SAMPLE

MANY_SCRIPTS = (
    "Habari Ελληνικά Привет 日本語 한국어 ሰላም नमस्ते ไทย مرحبا שלום გამარჯობა ŋ̀ɓ 👩\u200d👧 ∑ \u2fa1"
)


@cache
def scores(language: str, *, random: bool) -> dict[str, float]:
    """Score masked subwords of a dev set with the trained weights, or with random ones."""
    backbone, head, tokenizer = load_backbone("embedded")
    if random:
        generator = torch.Generator().manual_seed(0)
        for weight in [*backbone.parameters(), *head.parameters()]:
            if weight.ndim > 1:
                torch.nn.init.normal_(weight, std=0.02, generator=generator)
    backbone.eval()
    head.eval()
    encoder, counted = WordEncoder(tokenizer), MaskedScores(len(tokenizer))
    masks = torch.Generator().manual_seed(0)
    for ids in encoder.lines(read_conll(SAMPLE / language / "dev.conll")):
        line = torch.tensor([*encoder.prefix, *ids, *encoder.suffix])
        inner = torch.zeros(len(line), dtype=torch.bool)
        inner[len(encoder.prefix) : len(line) - len(encoder.suffix)] = True
        masked, positions = mask_subwords(
            line,
            inner,
            probability=0.15,
            mask_id=encoder.mask_id,
            vocabulary=tokenizer.vocab_size,
            generator=masks,
            masked_share=1.0,
        )
        with torch.no_grad():
            hidden = backbone(masked, (len(line),))
            counted.update(head(hidden[positions]), line[positions])
    return {key: value.item() for key, value in counted.compute().items()}


@pytest.mark.parametrize("language", ["sw", "en"])
def test_it_predicts_masked_subwords_far_better_than_always_guessing_the_most_frequent(
    language: str,
) -> None:
    trained, random = scores(language, random=False), scores(language, random=True)
    assert trained["masks"] > 80
    assert trained["accuracy"] > 2 * trained["baseline"]
    assert random["accuracy"] <= random["baseline"]


def test_no_script_has_unknown_subwords() -> None:
    _, _, tokenizer = load_backbone("embedded")
    ids = tokenizer(MANY_SCRIPTS)["input_ids"]
    assert tokenizer.unk_token_id not in ids
    assert len(ids) > len(MANY_SCRIPTS.split())


def test_it_is_small_and_stored_in_half_precision() -> None:
    assert sum(file.stat().st_size for file in EMBEDDED.iterdir()) <= 60_000_000
    with (EMBEDDED / "model.safetensors").open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
    header.pop("__metadata__", None)
    assert {part["dtype"] for part in header.values()} == {"F16"}
