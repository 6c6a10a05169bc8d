import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer

from lowner_pl.corpus import Sentence
from lowner_pl.nn import load_backbone
from lowner_pl.nn.backbones.making.fresh import fresh_backbone
from lowner_pl.nn.backbones.making.fresh_tokenizer import BYTES, fresh_tokenizer
from lowner_pl.nn.backbones.making.skip_gram import skip_gram_vectors, start_from_vectors


@pytest.fixture(scope="module")
def multilingual(tmp_path_factory: pytest.TempPathFactory, swahili: list[Sentence]) -> Path:
    texts = [" ".join(sentence.words) for sentence in swahili]
    folder = tmp_path_factory.mktemp("multilingual")
    return fresh_backbone(folder, texts, kind="multilingual", vocabulary=600, hidden=16, heads=2)


@pytest.mark.parametrize(
    "text", ["Habari za asubuhi", "Ελληνικά", "日本語", "ሰላም ለዓለም", "नमस्ते दुनिया", "👩‍👧 ok", "ŋ̀ɓ"]
)
def test_no_script_needs_unknown_subwords(multilingual: Path, text: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(multilingual)
    ids = tokenizer(text)["input_ids"]
    assert tokenizer.unk_token_id not in ids
    assert tokenizer.decode(ids, skip_special_tokens=True) == text


def test_bytes_are_used_only_where_the_vocabulary_has_no_subwords(multilingual: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(multilingual)
    assert not set(tokenizer.tokenize("Habari za asubuhi")) & set(BYTES)
    assert set(tokenizer.tokenize("語")) & set(BYTES)


def test_the_special_tokens_are_the_usual_ones(multilingual: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(multilingual)
    assert len(tokenizer) <= 600
    names = ("cls", "pad", "sep", "unk", "mask")
    tokens = [getattr(tokenizer, f"{name}_token") for name in names]
    assert tokens == ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    assert [getattr(tokenizer, f"{name}_token_id") for name in names] == [0, 1, 2, 3, 4]


def test_the_backbone_runs_packed(multilingual: Path) -> None:
    backbone, head, tokenizer = load_backbone(str(multilingual))
    assert backbone.packed
    ids = torch.tensor(tokenizer(["Habari za asubuhi", "Asante"])["input_ids"][0])
    assert head(backbone(ids, (len(ids),))).shape == (len(ids), len(tokenizer))


def test_skip_gram_vectors_have_the_configured_standard_deviation() -> None:
    pytest.importorskip("gensim")
    lines = [[5, 6, 7], [7, 6, 5], [8, 9, 5]] * 20
    vectors = skip_gram_vectors(lines, vocabulary=12, size=8, seed=1)
    assert vectors.shape == (12, 8)
    assert vectors[5:10].std().item() == pytest.approx(0.1, rel=0.1)
    assert vectors[:5].abs().sum(1).gt(0).all()
    assert vectors.equal(skip_gram_vectors(lines, vocabulary=12, size=8, seed=1))


def test_skip_gram_vectors_need_gensim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gensim.models", None)
    with pytest.raises(ValueError, match="need the package `gensim`, which is not installed"):
        skip_gram_vectors([[1]], vocabulary=2, size=2)


def test_vectors_replace_the_input_embeddings(multilingual: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(multilingual, tmp_path / "copy")
    vectors = torch.randn(len(AutoTokenizer.from_pretrained(folder)), 16)
    start_from_vectors(folder, vectors)
    model: Any = AutoModelForMaskedLM.from_pretrained(folder)
    assert model.get_input_embeddings().weight.equal(vectors)
    assert model.get_output_embeddings().weight.equal(vectors)
    with pytest.raises(ValueError, match="but the embeddings of the backbone have shape"):
        start_from_vectors(folder, vectors[:-1])


@pytest.mark.parametrize("kind", ["xlm-roberta", "multilingual", "modernbert"])
def test_training_a_tokenizer_is_reproducible(kind: Any, swahili: list[Sentence]) -> None:
    texts = [" ".join(sentence.words) for sentence in swahili]
    states = {
        fresh_tokenizer(texts, kind=kind, vocabulary=500).backend_tokenizer.to_str()
        for _ in range(4)
    }
    assert len(states) == 1
