"""The embedded backbone keeps the promises of the README."""

from functools import cache
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedTokenizerBase

from lowner_pl.commands.cli import run
from lowner_pl.corpus import read_conll
from lowner_pl.encoding import WordEncoder, mask_subwords
from lowner_pl.metrics import MaskedScores
from lowner_pl.nn import Backbone, MaskedLMHead, load_backbone

from ...configs.files import QUICK
from ...conftest import EMBEDDED, SAMPLE
from ...running import CONFIGS

MANY_SCRIPTS = (
    "Habari Ελληνικά Привет 日本語 한국어 ሰላም नमस्ते ไทย مرحبا שלום გამარჯობა ŋ̀ɓ 👩\u200d👧 ∑ \u2fa1"
)


pytestmark = pytest.mark.usefixtures("real_embedded")


@cache
def embedded() -> tuple[Backbone, MaskedLMHead, PreTrainedTokenizerBase]:
    """Load the backbone once for all tests."""
    return load_backbone("embedded", needs_head=True)


def scores(language: str) -> dict[str, float]:
    """Score masked subwords of a dev set."""
    backbone, head, tokenizer = embedded()
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
def test_it_predicts_masked_subwords_better_than_always_guessing_the_most_frequent(
    language: str,
) -> None:
    found = scores(language)
    assert found["masks"] > 80
    assert found["accuracy"] > 1.5 * found["baseline"]


def test_it_is_loaded_as_32_bit_numbers_and_has_a_mask() -> None:
    backbone, _, tokenizer = embedded()
    assert {p.dtype for p in backbone.parameters()} == {torch.float32}
    assert tokenizer.mask_token == "<mask>"


def test_the_config_that_names_it_runs(tmp_path: Path) -> None:
    words = [f"--config={CONFIGS / name}.yaml" for name in ("sner_wikiann", "embedded")]
    module = run(["fit", *words, *QUICK, f"--log_root={tmp_path}"]).model
    assert module.tagger.backbone.hidden_size == embedded()[0].hidden_size


def test_no_script_has_unknown_subwords() -> None:
    _, _, tokenizer = embedded()
    ids = tokenizer(MANY_SCRIPTS)["input_ids"]
    assert tokenizer.unk_token_id not in ids
    assert len(ids) > len(MANY_SCRIPTS.split())


def test_it_is_small_enough_for_a_package_and_a_repository() -> None:
    sizes = [file.stat().st_size for file in EMBEDDED.iterdir()]
    assert sum(sizes) <= 100_000_000
    assert max(sizes) <= 95_000_000
