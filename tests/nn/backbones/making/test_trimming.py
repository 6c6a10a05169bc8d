import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer, BertModel, RobertaConfig

from lowner_pl.corpus import Sentence
from lowner_pl.nn import load_backbone
from lowner_pl.nn.backbones.loading import load_whole
from lowner_pl.nn.backbones.making.subword_counts import LanguageText
from lowner_pl.nn.backbones.making.tokenizer_vocabulary import Vocabulary
from lowner_pl.nn.backbones.making.trimming import Trimmed, Whole, check_size, trim

from ....conftest import ALL_KINDS
from .toys import byte_pairs, sentences, unigram, wordpiece

AMHARIC = "ሰላም ለዓለም ደህና ነህ"


@pytest.fixture(scope="module")
def folders(
    backbones: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The toy backbones, and RoBERTa with byte pairs and more rows than subwords."""
    folder = tmp_path_factory.mktemp("roberta")
    tokenizer = AutoTokenizer.from_pretrained(backbones["modernbert"])
    config = RobertaConfig(
        vocab_size=416, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=512, type_vocab_size=1,
        pad_token_id=tokenizer.pad_token_id, bos_token_id=2, eos_token_id=3,
    )  # fmt: skip
    torch.manual_seed(0)
    AutoModelForMaskedLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return {**backbones, "roberta": folder}


def whole(folder: Path | str) -> Whole:
    return Whole("toy", *load_whole(str(folder)))


def text(lines: list[Sentence], held_out: list[Sentence] | None = None) -> dict[str, LanguageText]:
    return {"sw": LanguageText(len(lines), lines, lines if held_out is None else held_out)}


def hidden(model: Any, ids: list[int]) -> torch.Tensor:
    with torch.no_grad():
        states: torch.Tensor = model.eval().base_model(torch.tensor([ids])).last_hidden_state
    return states


@pytest.mark.parametrize("kind", [*ALL_KINDS, "roberta"])
@pytest.mark.parametrize("add_missing", [False, True])
def test_text_that_is_split_as_before_has_the_same_hidden_states(
    kind: str,
    add_missing: bool,
    folders: dict[str, Path],
    swahili: list[Sentence],
    tmp_path: Path,
) -> None:
    old = whole(folders[kind])
    new = trim(old, text(swahili[:10]), coverage=1.0, add_missing=add_missing)
    assert len(new.additions.seeds) + new.kept == len(new.tokenizer)
    assert new.kept < len(old.tokenizer)
    new.save(tmp_path)
    loaded: Any = AutoModelForMaskedLM.from_pretrained(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    assert loaded.config.vocab_size == len(tokenizer)
    for sentence in swahili[:10]:
        before, after = (
            each(" ".join(sentence.words))["input_ids"] for each in (old.tokenizer, tokenizer)
        )
        assert before != after
        assert hidden(old.model, before).equal(hidden(loaded, after))
    backbone, head, _ = load_backbone(str(tmp_path))
    ids = torch.tensor(tokenizer("Habari <mask>")["input_ids"])
    assert head(backbone(ids, (len(ids),))).shape == (len(ids), len(tokenizer))


@pytest.mark.parametrize("kind", [*ALL_KINDS, "roberta"])
def test_no_script_is_unknown_with_missing_letters(kind: str, folders: dict[str, Path]) -> None:
    texts = sentences(AMHARIC, "မင်္ဂလာပါ ကမ္ဘာ", "🙂🙃 👍")
    old = whole(folders[kind])
    cost = trim(old, text(texts), coverage=1.0, add_missing=True).languages["sw"]
    assert cost.unknown[1] == 0
    if kind in ("bert", "xlm-roberta"):
        assert trim(old, text(texts), coverage=1.0).languages["sw"].unknown[1] > 0


def toy(tokenizer: Any, folder: Path, model: Any = BertModel, **more: Any) -> Whole:
    """Save a model of one layer with a tokenizer, and load it."""
    config = model.config_class(
        vocab_size=len(tokenizer), hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=32, **more,
    )  # fmt: skip
    model(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return whole(folder)


def test_what_is_kept_and_what_it_costs_are_worked_out_by_hand(tmp_path: Path) -> None:
    tokenizer = unigram(_aa=-1, _bb=-1, _ab=-1, _ba=-1, a=-6, b=-6, _=-6)
    old = toy(tokenizer, tmp_path)
    lines = sentences("aa aa aa aa aa bb bb bb ab ab ba")
    new = trim(old, text(lines, sentences("aa ba c")), coverage=0.9)
    # 5 of 11, 8 of 11, 10 of 11: ba is left out, and is _ b a in the held-out line.
    assert {*new.tokenizer.get_vocab()} >= {"▁aa", "▁bb", "▁ab", "a", "b", "▁"}
    assert "▁ba" not in new.tokenizer.get_vocab()
    assert (new.kept, new.special, new.characters) == (11, 5, 3)
    assert new.covered == pytest.approx(10 / 11)
    cost = new.languages["sw"]
    assert cost.kept == pytest.approx(10 / 11)
    assert (cost.words, cost.subwords, cost.unknown) == (3, (4, 6), (1, 1))  # c is _ and unknown


def test_languages_weigh_by_the_exponent(tmp_path: Path) -> None:
    old = toy(unigram(_aa=-1, _bb=-1, _=-6, a=-6, b=-6), tmp_path)
    texts = {
        "sw": LanguageText(99, sentences("aa"), sentences("aa")),
        "yo": LanguageText(1, sentences("bb"), sentences("bb")),
    }
    kept = {
        exponent: {*trim(old, texts, exponent=exponent, coverage=0.6).tokenizer.get_vocab()}
        for exponent in (0.0, 1.0)
    }
    assert kept[0.0] - kept[1.0] == {"▁bb"}


@pytest.mark.parametrize("kind", [*ALL_KINDS, "roberta"])
def test_a_size_is_met_with_new_subwords_included(
    kind: str, folders: dict[str, Path], swahili: list[Sentence]
) -> None:
    old = whole(folders[kind])
    texts = text([*swahili, *sentences(AMHARIC)])
    for add_missing in (False, True):
        least = len(trim(old, texts, coverage=1e-9, add_missing=add_missing).tokenizer)
        new = trim(old, texts, size=least + 10, add_missing=add_missing)
        assert len(new.tokenizer) == least + 10
        assert new.model.config.vocab_size == least + 10


@pytest.fixture
def small(tmp_path: Path) -> Whole:
    """A backbone of twelve subwords."""
    return toy(unigram(_aa=-1, _bb=-1, _ab=-1, _ba=-1, a=-6, b=-6, _=-6), tmp_path)


def test_a_vocabulary_is_not_asked_to_grow(small: Whole) -> None:
    check_size(12, small)
    sentence = "the vocabulary of 'toy' has only 12 subwords. Choose a smaller size."
    with pytest.raises(ValueError, match=f"^`size` is 13, but {re.escape(sentence)}$"):
        check_size(13, small)


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        (
            7,
            "the special tokens, the single characters and the new subwords of 'toy' alone are 8. "
            "Choose a larger size, or leave it out to keep what covers the text.",
        ),
        (
            11,
            "the text has too few different subwords of 'toy': with all special tokens and single "
            "characters they are 10. Give more text, choose a smaller size, or leave it out.",
        ),
    ],
)
def test_a_size_that_does_not_suit_the_text_is_refused(
    size: int, sentence: str, small: Whole
) -> None:
    texts = text(sentences("aa bb aa"))
    with pytest.raises(ValueError, match=f"^`size` is {size}, but {re.escape(sentence)}$"):
        trim(small, texts, size=size)
    assert len(trim(small, texts, size=10).tokenizer) == 10


def test_a_tokenizer_that_splits_text_anew_is_refused(
    folders: dict[str, Path], swahili: list[Sentence], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Vocabulary, "merges", [])  # as if a kind of merges were overlooked
    message = r"of 'toy' can't be cut: all subwords of '.*' are kept, but it is split anew\. Choose"
    with pytest.raises(ValueError, match=message):
        trim(whole(folders["modernbert"]), text(swahili), coverage=1.0)


def test_the_padding_keeps_its_id_where_it_numbers_positions(tmp_path: Path) -> None:
    from transformers import RobertaModel

    tokenizer = wordpiece("aa", "bb", "a", "##a")
    old = toy(tokenizer, tmp_path, RobertaModel, pad_token_id=tokenizer.pad_token_id)
    assert len(trim(old, text(sentences("a"))).tokenizer) == len(tokenizer)
    other = toy(tokenizer, tmp_path / "bert", pad_token_id=tokenizer.pad_token_id)
    new = trim(other, text(sentences("a")))
    assert len(new.tokenizer) == len(tokenizer) - 2
    assert new.model.config.pad_token_id == new.tokenizer.pad_token_id


def test_a_backbone_without_a_head_gets_one_biased_to_frequent_subwords(tmp_path: Path) -> None:
    old = toy(unigram(_aa=-1, _bb=-1, _=-6, a=-6, b=-6), tmp_path)
    assert old.missing
    new: Trimmed = trim(old, text(sentences("aa aa aa bb")), coverage=1.0, add_missing=True)
    model: Any = new.model
    values = model.cls.predictions.bias.tolist()
    bias = {name: values[id_] for name, id_ in new.tokenizer.get_vocab().items()}
    size = len(bias)
    ratio = (0.75 + 0.001 / size) / (0.25 + 0.001 / size)
    assert bias["▁aa"] - bias["▁bb"] == pytest.approx(torch.tensor(ratio).log().item(), abs=1e-5)
    assert bias["<0x00>"] == bias["a"] == min(bias.values())
    assert model.cls.predictions.transform.dense.weight.equal(torch.eye(8))


def test_letters_start_from_their_base_letters(tmp_path: Path) -> None:
    old = toy(byte_pairs(), tmp_path)
    new = trim(old, text(sentences("ñ")), add_missing=True)
    table = new.model.get_input_embeddings()
    ids = new.tokenizer.get_vocab()
    assert isinstance(table, torch.nn.Embedding)
    assert table.weight[ids["Ã±"]].equal(table.weight[ids["n"]])


def test_the_saved_tokenizer_describes_itself_correctly(
    folders: dict[str, Path], swahili: list[Sentence], tmp_path: Path
) -> None:
    trim(whole(folders["xlm-roberta"]), text(swahili[:10])).save(tmp_path)
    state = json.loads((tmp_path / "tokenizer.json").read_text())
    pieces = [piece for piece, _ in state["model"]["vocab"]]
    assert all(pieces[token["id"]] == token["content"] for token in state["added_tokens"])
    assert {path.name for path in tmp_path.iterdir()} == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
