from collections import Counter

import pytest
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerBase

from lowner_pl.nn.backbones.making.fresh_tokenizer import BYTES
from lowner_pl.nn.backbones.making.missing_letters import Additions, missing
from lowner_pl.nn.backbones.making.tokenizer_vocabulary import read_vocabulary

from .toys import byte_pairs, fast, unigram, wordpiece


def additions(tokenizer: PreTrainedTokenizerBase, text: str) -> Additions:
    vocabulary = read_vocabulary(tokenizer, "toy")
    return missing(vocabulary, tokenizer.backend_tokenizer.model, Counter(text))


def seeds(tokenizer: PreTrainedTokenizerBase, found: Additions) -> dict[str, list[str]]:
    """Name the subwords that the new ones start from, bytes apart."""
    names = {id_: name for name, id_ in tokenizer.get_vocab().items()}
    return {
        subword: [names[id_] for id_ in ids]
        for subword, ids in found.seeds.items()
        if subword not in found.fallback
    }


def test_a_letter_starts_from_its_base_letter() -> None:
    tokenizer = unigram(_d=-1, d=-2, _t=-1)
    found = additions(tokenizer, "dḓ ŋ ṱ ! 🙂")
    assert found.letters == ("ḓ", "ŋ", "ṱ")  # a sign and a smiley are spelt with bytes
    assert seeds(tokenizer, found) == {"ḓ": ["d"], "ŋ": [], "ṱ": []}  # only _t is known
    assert found.fallback == BYTES


def test_a_vocabulary_with_bytes_gets_no_other_bytes() -> None:
    pieces = [("<s>", 0.0), ("<unk>", 0.0), *((byte, -9.0) for byte in BYTES), ("a", -1.0)]
    tokenizer = fast(Tokenizer(models.Unigram(pieces, unk_id=1, byte_fallback=True)))
    assert additions(tokenizer, "aŋ").seeds == {"ŋ": ()}


def test_word_pieces_get_every_character_in_both_places() -> None:
    tokenizer = wordpiece("d", "##d")
    found = additions(tokenizer, "d ḓ🙂")
    assert found.letters == ("ḓ", "🙂")
    assert seeds(tokenizer, found) == {"ḓ": ["d"], "##ḓ": ["##d"], "🙂": [], "##🙂": []}
    assert found.fallback == ()  # word pieces know no bytes


def test_the_bytes_of_a_letter_are_merged() -> None:
    # ሰ is E1 88 B0, written á Ī °, and ለ is E1 88 88, written á Ī Ī.
    tokenizer = byte_pairs()
    found = additions(tokenizer, "ሰለ")
    assert found.letters == ("ሰ", "ለ")
    assert found.merges == [("á", "Ī"), ("áĪ", "°"), ("áĪ", "Ī")]
    assert seeds(tokenizer, found) == {
        "áĪ": ["á", "Ī"],
        "áĪ°": ["á", "Ī", "°"],
        "áĪĪ": ["á", "Ī", "Ī"],
    }
    assert found.fallback == ()  # every byte is in the vocabulary


def test_merges_that_exist_are_used() -> None:
    # 88 B0 is merged already, and so is the space with E1: it needs a merge of its own.
    tokenizer = byte_pairs("Ī °", "Ġ á")
    found = additions(tokenizer, "ሰ")
    assert found.merges == [("á", "Ī°"), ("Ġá", "Ī°")]
    names = {id_: name for name, id_ in tokenizer.get_vocab().items()}
    assert {names[id_] for id_ in found.needed} == {"á", "Ī°", "Ġá"}


def test_a_letter_of_several_bytes_starts_from_its_base_letter_too() -> None:
    tokenizer = byte_pairs()
    (merge,) = additions(tokenizer, "ñ").merges
    assert seeds(tokenizer, additions(tokenizer, "ñ")) == {"".join(merge): ["n"]}


def test_a_letter_that_is_one_subword_is_left_alone() -> None:
    assert additions(byte_pairs("Ã ±"), "ñ").seeds == {}


def test_byte_pairs_with_marks_get_letters_but_no_bytes() -> None:
    core = Tokenizer(models.BPE({"d": 0, "d</w>": 1}, [], end_of_word_suffix="</w>"))
    tokenizer = fast(core)
    assert seeds(tokenizer, additions(tokenizer, "ḓ")) == {"ḓ": ["d"], "ḓ</w>": ["d</w>"]}
    assert additions(tokenizer, "ḓ").fallback == ()


@pytest.mark.parametrize("text", ["", "   ", "dd"])
def test_text_without_missing_letters_needs_no_letters(text: str) -> None:
    assert additions(unigram(d=-1), text).letters == ()
