import unicodedata
from functools import cache
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from lowner_pl.corpus import Sentence
from lowner_pl.encoding import Spelling, WordEncoder
from lowner_pl.nn import load_backbone
from lowner_pl.nn.backbones.making.fresh_tokenizer import Kind as BackboneKind
from lowner_pl.nn.backbones.making.fresh_tokenizer import fresh_tokenizer

from ..conftest import ALL_KINDS

MIXED = ["Moscow and London are cities", "Москва и Лондон города", "Juma alifika 2022"] * 20
MIXED += ["мы на земле, где жили мы"] * 20


@cache  # training a tokenizer twice on the same text may break ties differently
def mixed_tokenizer(kind: BackboneKind, vocabulary: int) -> PreTrainedTokenizerFast:
    vocabulary += 256 if kind in ("modernbert", "multilingual") else 0
    return fresh_tokenizer(MIXED, kind=kind, vocabulary=vocabulary)


def spelling_of(kind: BackboneKind, vocabulary: int = 120, **options: bool) -> Spelling:
    return Spelling(mixed_tokenizer(kind, vocabulary), **options)


def ids_of(spelling: Spelling, *names: str) -> list[int]:
    return [spelling._names.index(name) for name in names]


def cyrillic_id(spelling: Spelling, *, initial: bool) -> int:
    """Find a Cyrillic subword that begins a word, or one that does not."""
    return next(
        id_
        for id_, name in enumerate(spelling._names)
        if "CYRILLIC" in unicodedata.name(name[-1], "")
        and name.startswith(spelling._prefix) == (initial == (spelling.style != "wordpiece"))
    )


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_the_subwords_of_a_word_give_the_word(
    kind: str, backbones: dict[str, Path], swahili: list[Sentence]
) -> None:
    _, _, tokenizer = load_backbone(str(backbones[kind]))
    encoder, spelling = WordEncoder(tokenizer), Spelling(tokenizer)
    words = {word for sentence in swahili for word in sentence.words}
    spelt = {word: spelling.word(encoder.subwords(word)) for word in words}
    changeable = {word for word in words if spelling.changeable(encoder.subwords(word))}
    assert all(spelt[word] == unicodedata.normalize("NFKC", word) for word in changeable)
    assert len(changeable) > 0.9 * len(words)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_replacement_has_the_same_position_in_the_word(
    kind: str, backbones: dict[str, Path], swahili: list[Sentence]
) -> None:
    _, _, tokenizer = load_backbone(str(backbones[kind]), new_tokens={"<B-PER>": (), "<sw>": ()})
    encoder, spelling = WordEncoder(tokenizer), Spelling(tokenizer)
    added = {*tokenizer.all_special_ids, *tokenizer.get_added_vocab().values()}
    kinds = set()
    for word in {word for sentence in swahili[:40] for word in sentence.words}:
        ids = list(encoder.subwords(word))
        for position in spelling.changeable(ids):
            replacements = spelling.allowed(spelling.kind(ids, position)).tolist()
            kinds.add(spelling.kind(ids, position))
            assert not added & set(replacements)
            for other in replacements[::37]:
                changed = [*ids[:position], other, *ids[position + 1 :]]
                text = spelling.word(changed)
                assert text
                assert text.isprintable()
                assert not {*" \ufffd▁"} & {*text}
                mark = spelling._names[other].startswith(spelling._prefix)
                assert mark == spelling._names[ids[position]].startswith(spelling._prefix)
    assert {kind.initial for kind in kinds} == {True, False}


@pytest.mark.parametrize("kind", ["xlm-roberta", "bert", "multilingual"])
def test_replacements_keep_the_script_unless_told_otherwise(kind: BackboneKind) -> None:
    kept, free = spelling_of(kind), spelling_of(kind, keep_script=False)
    ids = [cyrillic_id(kept, initial=True)]
    assert kept.kind(ids, 0).scripts == {"CYRILLIC"}
    cyrillic = {kept.word([i]) for i in kept.allowed(kept.kind(ids, 0)).tolist()}
    assert cyrillic
    assert all("CYRILLIC" in unicodedata.name(c) for text in cyrillic for c in text)
    anything = {free.word([i]) for i in free.allowed(free.kind(ids, 0)).tolist()}
    assert cyrillic < anything
    assert any("LATIN" in unicodedata.name(text[0]) for text in anything)


def test_a_subword_without_letters_takes_the_script_of_its_word() -> None:
    spelling = spelling_of("xlm-roberta")
    # A lone "▁" before Cyrillic: its replacement may be Cyrillic or without letters.
    ids = [*ids_of(spelling, "▁"), cyrillic_id(spelling, initial=False)]
    blank = spelling.kind(ids, 0)
    assert (blank.initial, blank.scripts, blank.letters) == (True, frozenset({"CYRILLIC"}), False)
    number = spelling.kind(ids_of(spelling, "▁", "2"), 1)
    assert number.scripts == frozenset()
    texts = {spelling.word([i]) for i in spelling.allowed(number).tolist()}
    assert "2" in texts
    assert not any(character.isalpha() for text in texts for character in text)


def test_unknown_words_and_single_bytes_are_not_replaced() -> None:
    plain = spelling_of("xlm-roberta")
    unknown, word = ids_of(plain, "<unk>", "▁a")
    assert plain.changeable([word, unknown]) == []
    assert plain.changeable([unknown]) == []
    with_bytes = spelling_of("multilingual")
    ids = ids_of(with_bytes, "▁a", "<0xE2>", "<0x82>", "<0xAC>")
    assert with_bytes.word(ids) == "a€"
    assert with_bytes.changeable(ids) == [0]
    kind = with_bytes.kind(ids, 0)
    assert not set(ids[1:]) & set(with_bytes.allowed(kind._replace(initial=False)).tolist())


def test_parts_of_a_character_are_not_replaced() -> None:
    spelling = spelling_of("modernbert", vocabulary=10)
    euro = [spelling._names.index(name) for name in "âĤ¬"]  # the three bytes of €
    letter = spelling._names.index("a")
    assert spelling.word([letter, *euro]) == "a€"
    assert spelling.changeable([letter, *euro]) == [0]
    allowed = spelling.allowed(spelling.kind([letter, *euro], 0)).tolist()
    assert not set(euro) & set(allowed)


def test_a_word_that_contains_a_space_is_not_changed() -> None:
    spelling = spelling_of("xlm-roberta")
    assert spelling.changeable(ids_of(spelling, "▁a", "▁a")) == []
    assert spelling.changeable(ids_of(spelling, "▁")) == []


def test_a_tokenizer_that_does_not_mark_words_is_refused() -> None:
    core = Tokenizer(models.WordLevel({"a": 0, "[UNK]": 1}, unk_token="[UNK]"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, unk_token="[UNK]")
    with pytest.raises(ValueError, match=r"\(WordLevel with .*\) does not mark where words begin"):
        Spelling(tokenizer)
