from typing import Any

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerBase

from lowner_pl.nn.backbones.making.tokenizer_vocabulary import read_vocabulary

from .toys import SPECIAL, byte_pairs, fast, unigram, wordpiece


def characters(tokenizer: PreTrainedTokenizerBase) -> set[str]:
    vocabulary = read_vocabulary(tokenizer, "toy")
    return {vocabulary.names[id_] for id_ in vocabulary.characters}


def test_characters_are_found_with_and_without_the_mark_of_a_beginning() -> None:
    assert characters(unigram(_a=-1, a=-2, ab=-1, _=-1, _ab=-1)) == {"▁a", "a", "▁"}
    assert characters(wordpiece("a", "##a", "##ab", "##", "#")) == {"a", "##a", "##", "#"}


def test_a_character_of_several_bytes_is_a_character_but_a_part_of_it_is_not() -> None:
    # á is the bytes C3 A1, written Ã ¡; ሰ is E1 88 B0, written á Ī °.
    tokenizer = byte_pairs("Ã ¡", "Ġ Ã¡", "á Ī", "Ġ á", "áĪ °", "a b")
    single = characters(tokenizer) - set(pre_tokenizers.ByteLevel.alphabet())
    assert single == {"Ã¡", "ĠÃ¡", "áĪ°"}


@pytest.mark.parametrize("where", ["pre-tokenizer", "sequence", "normalizer", "nowhere"])
def test_byte_level_tokenizers_are_recognised(where: str) -> None:
    core = Tokenizer(models.BPE({"a": 0}, []))
    level = pre_tokenizers.ByteLevel()
    match where:
        case "pre-tokenizer":
            core.pre_tokenizer = level
        case "sequence":
            core.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(), level])
        case "normalizer":
            core.normalizer = normalizers.ByteLevel()
    assert read_vocabulary(fast(core), "toy").is_byte_level == (where != "nowhere")


def test_special_tokens_bytes_and_the_lowest_score_stay() -> None:
    vocabulary = read_vocabulary(unigram(_ab=-1, _abc=-9, _abcd=-2, a=-3), "toy")
    assert {vocabulary.names[id_] for id_ in vocabulary.always} == {*SPECIAL, "a", "▁abc"}


def test_the_parts_of_byte_pairs_are_those_of_all_their_merges() -> None:
    core = Tokenizer(
        models.BPE(
            {name: id_ for id_, name in enumerate(["a", "b", "c", "ab", "bc", "abc"])},
            [("a", "b"), ("b", "c"), ("ab", "c"), ("a", "bc")],
        )
    )
    parts = read_vocabulary(fast(core), "toy").parts
    assert parts == {3: {0, 1}, 4: {1, 2}, 5: {3, 2, 0, 4}}


def test_the_mark_of_a_continuation_is_left_out_of_what_is_merged() -> None:
    names = {name: id_ for id_, name in enumerate(["a", "##b", "ab"])}
    core = Tokenizer(models.BPE(names, [("a", "##b")], continuing_subword_prefix="##"))
    assert read_vocabulary(fast(core), "toy").parts == {2: {0, 1}}


def test_a_kind_that_can_not_be_cut_is_refused() -> None:
    core = Tokenizer(models.WordLevel({"a": 0, "<unk>": 1}, unk_token="<unk>"))
    message = (
        r"The tokenizer of 'toy' can't be cut: it is of the kind WordLevel\. Choose a backbone "
        r"with Unigram \(XLM-R\), WordPiece \(BERT\) or BPE \(RoBERTa, ModernBERT\) subwords\.$"
    )
    with pytest.raises(ValueError, match=message):
        read_vocabulary(fast(core), "toy")


def test_a_piece_that_occurs_twice_is_refused() -> None:
    pieces = [*((name, 0.0) for name in SPECIAL), ("a", -1.0), ("b", -1.0), ("a", -2.0)]
    with pytest.raises(ValueError, match="some of its subwords share a name or an id"):
        read_vocabulary(fast(Tokenizer(models.Unigram(pieces, unk_id=3))), "toy")


def test_a_slow_tokenizer_is_refused() -> None:
    slow: Any = type("SlowTokenizer", (), {"is_fast": False})()
    message = r"of 'toy' is a SlowTokenizer without a `tokenizer.json`, .* Choose a backbone with"
    with pytest.raises(ValueError, match=message):
        read_vocabulary(slow, "toy")
