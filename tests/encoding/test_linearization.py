from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lowner_pl.corpus import Sentence
from lowner_pl.encoding import (
    LinearEncoder,
    Unit,
    WordEncoder,
    delinearize,
    linearize,
)
from lowner_pl.nn import load_backbone

from ..conftest import ALL_KINDS

FIGURE = Sentence(("The", "European", "Union", "said"), ("O", "B-ORG", "I-ORG", "O"), "en")
TOKENS = {f"<{prefix}-{type_}>": () for type_ in ("PER", "ORG", "LOC") for prefix in "BI"}
words = st.text(st.characters(blacklist_categories=["Cs"]), max_size=8)
tags = st.sampled_from(("O", "B-PER", "I-PER", "B-two words", "I-ORG"))


def encoder(backbone: Path | str, **options: int) -> LinearEncoder:
    _, _, tokenizer = load_backbone(str(backbone), new_tokens={**TOKENS, "<sw>": (), "<en>": ()})
    return LinearEncoder(WordEncoder(tokenizer, max_length=options.pop("max_length", 64)))


def text_of(units: list[Unit]) -> str:
    return " ".join(token for unit in units for token in (*unit.before, unit.word, *unit.after))


def test_label_tokens_surround_each_word_of_an_entity() -> None:
    # Figure 2c: <B-ORG> European <B-ORG> <I-ORG> Union <I-ORG>; other words stay bare.
    expected = "The <B-ORG> European <B-ORG> <I-ORG> Union <I-ORG> said"
    assert text_of(linearize(FIGURE)) == expected


def test_a_language_token_precedes_the_first_label_of_each_word() -> None:
    expected = "The <en> <B-ORG> European <B-ORG> <en> <I-ORG> Union <I-ORG> said"
    assert text_of(linearize(FIGURE, mark_language=True)) == expected


@given(st.lists(st.tuples(words, tags), min_size=1, max_size=12), st.booleans())
def test_delinearizing_undoes_linearizing(pairs: list[tuple[str, str]], marked: bool) -> None:
    sentence = Sentence(tuple(word for word, _ in pairs), tuple(tag for _, tag in pairs), "sw")
    assert delinearize(linearize(sentence, mark_language=marked), language="sw") == sentence


def test_words_that_look_like_label_tokens_stay_words() -> None:
    sentence = Sentence(("<B-ORG>", "x", "<sw>", "<B-ORG>"), ("O", "B-PER", "I-PER", "O"))
    assert delinearize(linearize(sentence)) == sentence


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_all_subwords_of_a_word_are_between_its_labels(
    kind: str, backbones: dict[str, Path]
) -> None:
    linear = encoder(backbones[kind])
    row = linear(FIGURE)
    names = linear.word_encoder.tokenizer.get_vocab()
    pieces = {word: list(linear.word_encoder.subwords(word)) for word in FIGURE.words}
    begin, inside = names["<B-ORG>"], names["<I-ORG>"]
    expected = [
        *pieces["The"],
        *(begin, *pieces["European"], begin),
        *(inside, *pieces["Union"], inside),
        *pieces["said"],
    ]
    assert list(row.ids) == expected
    assert len(pieces["European"]) > 1
    (entity,) = row.entities
    assert [row.ids[p] for p in entity] == pieces["European"] + pieces["Union"]
    assert [list(row.ids[b:e]) for b, e in row.words] == list(pieces.values())


def test_without_labels_only_the_words_are_encoded(tiny: str) -> None:
    linear = encoder(tiny)
    plain = LinearEncoder(linear.word_encoder, labels=False)
    pieces = [i for word in FIGURE.words for i in linear.word_encoder.subwords(word)]
    assert list(plain(FIGURE).ids) == pieces


def test_a_word_without_subwords_becomes_the_unknown_token(tiny: str) -> None:
    linear = encoder(tiny)
    row = linear(Sentence(("", "Juma"), ("B-PER", "O")))
    tokenizer = linear.word_encoder.tokenizer
    label = tokenizer.get_vocab()["<B-PER>"]
    assert row.ids[:3] == (label, tokenizer.unk_token_id, label)


@pytest.mark.parametrize("length", [12, 17, 64])
def test_windows_cover_a_long_sentence_and_each_mask_is_predicted_once(
    tiny: str, swahili: list[Sentence], length: int
) -> None:
    linear = encoder(tiny, max_length=length)
    rows = [linear(sentence) for sentence in [*swahili[:6], _joined(swahili[:9])]]
    masked = [[p for entity in row.entities for p in entity] for row in rows]
    batch = linear.mask(rows, masked)
    mask_id = linear.word_encoder.mask_id
    assert list(batch.lengths) == sorted(batch.lengths)
    assert sum(batch.lengths) == len(batch.input_ids)
    assert max(batch.lengths) <= length
    assert len(set(batch.positions.tolist())) == len(batch.positions) == sum(map(len, masked))
    assert (batch.input_ids[batch.positions] == mask_id).all()
    # Compared with the same windows without masks: masks change no length, and a masked position
    # is masked in every window that contains it.
    alone = [linear.mask([row], [[]]) for row in rows]
    assert sum(int((part.input_ids == mask_id).sum()) for part in alone) == 0
    assert sorted(batch.lengths) == sorted(n for part in alone for n in part.lengths)
    shown = sum(
        int(torch.isin(part.input_ids, torch.tensor(sorted({row.ids[p] for p in hidden}))).sum())
        for part, row, hidden in zip(alone, rows, masked, strict=True)
    )
    assert len(batch.positions) <= int((batch.input_ids == mask_id).sum()) <= shown


def test_a_subword_masked_in_one_window_is_masked_in_all(tiny: str) -> None:
    linear = encoder(tiny, max_length=16)
    names = [f"{letter}li" for letter in "abcdefghijkm"]
    sentence = Sentence(tuple(names), ("B-PER", *["I-PER"] * (len(names) - 1)))
    row = linear(sentence)
    batch = linear.mask([row], [list(row.entities[0])])
    assert len(batch.lengths) > 2
    subwords = {i for name in names for i in linear.word_encoder.subwords(name)}
    assert not subwords & set(batch.input_ids.tolist())


def test_a_word_cut_off_at_the_window_keeps_its_labels(tiny: str) -> None:
    linear = encoder(tiny, max_length=8)
    with pytest.warns(UserWarning, match="longer than"):
        row = linear(Sentence(("x" * 50,), ("B-PER",)))
    label = linear.word_encoder.tokenizer.get_vocab()["<B-PER>"]
    assert len(row.ids) == 6
    assert (row.ids[0], row.ids[-1]) == (label, label)


def test_sentences_and_options_that_cannot_be_encoded_are_refused(tiny: str) -> None:
    linear = encoder(tiny)
    with pytest.raises(ValueError, match="'Juma' has no tags, so it can't be linearised"):
        linear(Sentence(("Juma",)))
    with pytest.raises(ValueError, match="The language of 'Juma' is unknown"):
        linearize(Sentence(("Juma",), ("B-PER",)), mark_language=True)
    with pytest.raises(ValueError, match="no token '<B-XYZ>'"):
        linear(Sentence(("Juma",), ("B-XYZ",)))
    with pytest.raises(ValueError, match="`max_length` is 4, which leaves no room"):
        LinearEncoder(WordEncoder(linear.word_encoder.tokenizer, max_length=4))
    with pytest.raises(ValueError, match=r"`languages` is \['sw'\], but .* beside label tokens"):
        LinearEncoder(linear.word_encoder, labels=False, languages=["sw"])


def _joined(sentences: list[Sentence]) -> Sentence:
    pairs = [pair for s in sentences for pair in zip(s.words, s.tags or (), strict=True)]
    return Sentence(tuple(word for word, _ in pairs), tuple(tag for _, tag in pairs))
