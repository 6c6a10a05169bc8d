import logging
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from lowner_pl.corpus import Sentence, TagSet
from lowner_pl.encoding import Marker, WordEncoder
from lowner_pl.encoding import word_encoder as module

from ..conftest import ALL_KINDS, KINDS

TAGS = TagSet(("PER", "LOC", "ORG"))
ODD = ("\u200f", "\xad", "\u200b", "")


def encoder(
    folder: Path, *, marker: Marker = "none", max_length: int = 512, context: int = 64
) -> WordEncoder:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return WordEncoder(tokenizer, marker=marker, max_length=max_length, context=context)


@pytest.mark.parametrize("kind", KINDS)
def test_without_markers_the_encoding_equals_that_of_hugging_face(
    kind: str, backbones: dict[str, Path], swahili: list[Sentence]
) -> None:
    encode = encoder(backbones[kind])
    reference = AutoTokenizer.from_pretrained(backbones[kind], add_prefix_space=True)
    for sentence in swahili[:30]:
        batch = encode([sentence], TAGS)
        words = [(" " if kind == "modernbert" else "") + word for word in sentence.words]
        wanted = reference(words, is_split_into_words=True)
        assert batch.input_ids.tolist() == wanted["input_ids"]
        ids = wanted.word_ids()
        assert batch.anchors[0].tolist() == [ids.index(i) for i in range(len(words))]
        assert batch.tags[0].tolist() == TAGS.encode(sentence.tags or ())


def test_byte_level_words_include_the_space_before_them(backbones: dict[str, Path]) -> None:
    encode = encoder(backbones["modernbert"])
    first = str(encode.tokenizer.convert_ids_to_tokens(encode.subwords("ya")[0]))
    assert first.startswith("Ġ")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("marker", ["mask", "random"])
def test_markers_precede_every_word_and_are_its_anchors(
    kind: str, marker: Marker, backbones: dict[str, Path]
) -> None:
    # S' = m w0 m w1 m w2 (MANER v2, section 2).
    sentence = Sentence(("Juma", "alifika", "Dodoma"))
    plain, marked = encoder(backbones[kind]), encoder(backbones[kind], marker=marker)
    tokenizer = marked.tokenizer
    m = tokenizer.mask_token_id if marker == "mask" else tokenizer.convert_tokens_to_ids("<rand>")
    batch = marked([sentence], TAGS)
    pieces = [list(plain.subwords(word)) for word in sentence.words]
    inner = [i for piece in pieces for i in (m, *piece)]
    assert batch.input_ids.tolist()[1:-1] == inner
    assert batch.input_ids[batch.anchors[0]].tolist() == [m, m, m]


def test_mlm_ner_replaces_a_word_by_a_single_mask_token(tiny: str) -> None:
    encode = encoder(Path(tiny))
    sentence = Sentence(("Juma", "Mwakalinga", "alifika"))
    batch = encode([sentence], TAGS, masked=[[False, True, False]])
    mask = encode.mask_id
    wanted = [*encode.subwords("Juma"), mask, *encode.subwords("alifika")]
    assert batch.input_ids.tolist()[1:-1] == wanted
    assert batch.input_ids[batch.anchors[0, 1]] == mask


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("marker", ["none", "mask"])
def test_words_that_the_tokenizer_maps_to_nothing_have_an_anchor(
    kind: str, marker: Marker, backbones: dict[str, Path]
) -> None:
    encode = encoder(backbones[kind], marker=marker)
    batch = encode([Sentence(("Juma", *ODD, "."))], TAGS)
    anchors = batch.anchors[0].tolist()
    assert len(set(anchors)) == 6
    assert sorted(anchors) == anchors


@pytest.mark.parametrize("marker", ["none", "mask"])
def test_each_word_of_a_long_sentence_has_one_anchor(
    marker: Marker, tiny: str, swahili: list[Sentence]
) -> None:
    words = tuple(word for sentence in swahili for word in sentence.words)
    encode = encoder(Path(tiny), marker=marker, max_length=64, context=16)
    batch = encode([Sentence(words), swahili[0]], TAGS)
    assert max(batch.lengths) <= 64
    assert sum(batch.lengths) == len(batch.input_ids)
    assert list(batch.lengths) == sorted(batch.lengths)
    anchors = batch.anchors[batch.word_mask].tolist()
    assert len(set(anchors)) == len(words) + len(swahili[0].words)
    for word, anchor in zip(words, batch.anchors[0].tolist(), strict=True):
        size = len(encode.subwords(word))
        assert tuple(batch.input_ids[anchor : anchor + size].tolist()) == encode.subwords(word)


def test_a_sentence_of_20_000_words_is_encoded(tiny: str) -> None:
    encode = encoder(Path(tiny), max_length=128, context=16)
    batch = encode([Sentence(("Juma",) * 20_000)], TAGS)
    assert batch.word_mask.sum() == 20_000


def test_a_word_of_5_000_characters_is_cut_off_with_a_warning(tiny: str) -> None:
    encode = encoder(Path(tiny), max_length=64)
    with pytest.warns(UserWarning, match="1 of 2 new words are longer than 62 subwords"):
        batch = encode([Sentence(("Juma", "abc" * 1_667))], TAGS)
    assert batch.word_mask.sum() == 2
    assert max(batch.lengths) <= 64


def test_a_word_is_tokenised_once_and_the_cache_is_bounded(
    tiny: str, monkeypatch: pytest.MonkeyPatch, swahili: list[Sentence]
) -> None:
    encode = encoder(Path(tiny))
    before = encode(swahili, TAGS)
    calls: list[int] = []
    tokenizer = encode.tokenizer

    def count(words: list[list[str]], **options: bool) -> object:
        calls.append(len(words))
        return tokenizer(words, **options)

    encode.tokenizer = count  # type: ignore[assignment]
    again = encode(swahili, TAGS)
    assert calls == []
    assert again.input_ids.equal(before.input_ids)
    monkeypatch.setattr(module, "CACHED_WORDS", 10)
    few = encode([Sentence(("neno", "jipya", "Juma"))], TAGS)
    assert calls == [3]
    assert few.word_mask.all()
    assert len(encode._pieces) == 3


def test_a_tokenizer_without_a_mask_token_is_refused_only_with_mask_markers(tiny: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    tokenizer.mask_token = None
    WordEncoder(tokenizer)
    with pytest.raises(ValueError, match="has no mask token"):
        WordEncoder(tokenizer, marker="mask")


def test_a_slow_tokenizer_is_refused() -> None:
    slow = cast(PreTrainedTokenizerBase, SimpleNamespace(is_fast=False))
    with pytest.raises(ValueError, match="SimpleNamespace is not a fast one"):
        WordEncoder(slow)


def test_unknown_markers_and_small_windows_are_refused(tiny: str) -> None:
    with pytest.raises(ValueError, match=r"There is no marker 'maks'. Use one of .*'random'"):
        encoder(Path(tiny), marker="maks")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`max_length` is 3, which leaves no room"):
        encoder(Path(tiny), marker="mask", max_length=3)


def test_long_words_cause_no_warning_of_the_tokenizer(
    tiny: str, caplog: pytest.LogCaptureFixture
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    tokenizer.model_max_length = 8
    with caplog.at_level(logging.WARNING):
        WordEncoder(tokenizer)([Sentence(("Mwakalinga" * 5,))], TAGS)
    assert "longer than" not in caplog.text


@pytest.mark.parametrize("kind", ALL_KINDS)
@pytest.mark.parametrize("marker", ["none", "mask", "random"])
def test_no_word_is_encoded_as_a_special_token(
    kind: str, marker: Marker, backbones: dict[str, Path]
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(backbones[kind])
    tokenizer.add_tokens(["<B-PER>"], special_tokens=True)
    tokenizer.add_tokens(["Juma"])  # an added token that is not special
    encode = WordEncoder(tokenizer, marker=marker)
    names = [*map(str, tokenizer.all_special_tokens), "<B-PER>", "<rand>"]
    special = {tokenizer.convert_tokens_to_ids(name) for name in names} - {tokenizer.unk_token_id}
    for name in names:
        wide = "".join(chr(ord(letter) + 0xFEE0) for letter in name)
        for word in (name, f"a{name}b", f"{name[0]}{name}{name[1:]}", wide):
            batch = encode([Sentence(("Juma", word))], TAGS)
            ids = batch.input_ids.tolist()[len(encode.prefix) : -len(encode.suffix)]
            marks = [1, 1] if marker != "none" else []
            assert [1 for id_ in ids if id_ in special] == marks, word
            assert batch.anchors[0, 1] < len(encode.prefix) + len(ids)
    assert tokenizer.convert_tokens_to_ids("Juma") in encode.subwords("Juma")
    # Except the unknown token, which DAGA writes for unknown words.
    assert encode.subwords(str(tokenizer.unk_token))[-1] == tokenizer.unk_token_id


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_running_text_is_never_encoded_as_a_special_token(
    kind: str, backbones: dict[str, Path]
) -> None:
    encode = encoder(backbones[kind])
    tokenizer = encode.tokenizer
    # On their own, inside a word, inside each other, and in full-width letters.
    names = [str(name) for name in tokenizer.all_special_tokens]
    words = [form for name in names for form in (name, f"a{name}b", f"{name[0]}{name}{name[1:]}")]
    words += ["".join(chr(ord(letter) + 0xFEE0) for letter in name) for name in names]
    lines = encode.lines([Sentence((word, "na")) for word in words])
    ordinary = {*tokenizer.all_special_ids} - {tokenizer.unk_token_id}
    assert not ordinary & {subword for line in lines for subword in line}
    if kind == "multilingual":  # its vocabulary can encode every character
        assert tokenizer.unk_token_id not in {subword for line in lines for subword in line}
        assert tokenizer.decode(encode.lines([Sentence(("a<mask>b",))])[0]) == "a< mask>b"
