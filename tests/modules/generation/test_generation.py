from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from statistics import NormalDist
from typing import Any

import pytest
import torch
from transformers import AutoModelForMaskedLM

from lowner_pl.corpus import AugmentationReport, Sentence
from lowner_pl.encoding import Kind, Spelling
from lowner_pl.modules import MELMLightningModule, generate

from ...conftest import ALL_KINDS
from .melm_models import JUMA, melm

# The 99.9 % quantiles of chi-square, by degrees of freedom.
CHI_SQUARE = {4: 18.47, 3: 16.27}


def made(module: MELMLightningModule, sentences: list[Sentence], **options: Any) -> list[Sentence]:
    return list(generate(module, sentences, **{"seed": 0, **options}))


def without_entities(sentence: Sentence) -> list[str]:
    return [
        word for word, tag in zip(sentence.words, sentence.tags or (), strict=True) if tag == "O"
    ]


@pytest.mark.parametrize("kind", ALL_KINDS)
@pytest.mark.parametrize("linearize", [True, False])
def test_only_entities_change(
    kind: str, linearize: bool, backbones: dict[str, Path], swahili: list[Sentence]
) -> None:
    module = melm(backbones[kind], linearize=linearize)
    report = AugmentationReport()
    new = made(module, swahili[:24], report=report)
    gold = {sentence.words for sentence in swahili[:24]}
    contexts = {(tuple(without_entities(s)), s.tags) for s in swahili[:24]}
    assert len({sentence.words for sentence in new}) == len(new) > 24
    for sentence in new:
        assert sentence.words not in gold
        assert (tuple(without_entities(sentence)), sentence.tags) in contexts
        assert sentence.language == "sw"
        assert all(word and word.isprintable() and " " not in word for word in sentence.words)
        assert not any("<B-" in word or "<I-" in word for word in sentence.words)
    assert report.sentences_in == 24
    assert report.candidates == 3 * 24
    plain = sum(not sentence.entities for sentence in swahili[:24])
    assert report.dropped["no_entity"] == 3 * plain > 0
    assert report.sentences_out == len(new)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_the_result_for_a_sentence_does_not_depend_on_its_batch(
    kind: str, backbones: dict[str, Path], swahili: list[Sentence]
) -> None:
    module = melm(backbones[kind])
    with torch.inference_mode():
        together = module.candidates(swahili[:20], range(20), seed=3)
        backwards = module.candidates(swahili[:20][::-1], range(20)[::-1], seed=3)
        alone = [module.candidates([swahili[n]], [n], seed=3)[0] for n in range(20)]
        other = module.candidates(swahili[:20], range(20), seed=4)
    assert together == backwards[::-1] == alone
    assert together != other
    assert made(module, swahili[:20], batch_size=3) == made(module, swahili[:20], batch_size=20)


def test_rounds_differ_and_more_rounds_extend_fewer(tiny: str, swahili: list[Sentence]) -> None:
    few, many = (melm(tiny, rounds=rounds) for rounds in (2, 6))
    with torch.inference_mode():
        two, six = (module.candidates(swahili[:8], range(8), seed=0) for module in (few, many))
    assert two == [parts[:2] for parts in six]
    assert any(len({s.words for s in parts if isinstance(s, Sentence)}) > 2 for parts in six)


def test_rounds_with_equal_masks_share_a_pass_but_not_their_draws(tiny: str) -> None:
    module = melm(tiny, rounds=40)
    one = Sentence((_one_subword(module), "na", "mimi"), ("B-PER", "O", "O"))
    windows: list[int] = []
    scored: list[int] = []
    module.backbone.register_forward_hook(lambda _, given, __: windows.append(len(given[1])))
    module.language_model.register_forward_hook(lambda _, given, __: scored.append(len(given[0])))
    with torch.inference_mode():
        (candidates,) = module.candidates([one], [0], seed=0)
        assert (windows.pop(), scored.pop()) == (1, 1)
        assert len({c.words[0] for c in candidates if isinstance(c, Sentence)}) == 5
        # Two equal sentences have different indices and thus different draws.
        both = module.candidates([one, one], [0, 1], seed=0)
        assert (windows.pop(), scored.pop()) == (2, 2)
    assert both[0] == candidates != both[1]


@pytest.mark.parametrize(("k", "min_rank"), [(5, 1), (5, 2)])
def test_subwords_are_drawn_uniformly_from_the_most_likely(
    tiny: str, k: int, min_rank: int
) -> None:
    rounds = 4_000
    module = melm(tiny, rounds=rounds, k=k, min_rank=min_rank)
    sentence = Sentence((_one_subword(module), "na", "mimi"), ("B-PER", "O", "O"))
    with torch.inference_mode():
        (candidates,) = module.candidates([sentence], [0], seed=0)
        ((subword,),) = [entity.predictions for entity in module.predictions(sentence, k=k)]
    counts = Counter(c.words[0] for c in candidates if isinstance(c, Sentence))
    assert set(counts) == {text for text, _ in subword[min_rank - 1 :]}
    choices = k - min_rank + 1
    expected = rounds / choices
    statistic = sum((count - expected) ** 2 / expected for count in counts.values())
    assert statistic < CHI_SQUARE[choices - 1]


def _one_subword(module: MELMLightningModule) -> str:
    """Find a name that is a single subword."""
    spelling = Spelling(module.tokenizer)
    ids = spelling.allowed(Kind(True, frozenset({"LATIN"}), letters=True)).tolist()
    return max((spelling.word([i]) for i in ids), key=len)


def test_entities_in_all_windows_of_a_long_sentence_change(
    tiny: str, swahili: list[Sentence]
) -> None:
    pairs = [pair for s in swahili[:30] for pair in zip(s.words, s.tags or (), strict=True)]
    long = Sentence(tuple(w for w, _ in pairs), tuple(t for _, t in pairs))
    module = melm(tiny, max_length=40, rounds=1)
    (new,) = made(module, [long])
    changed = sum(new.words[e.start : e.end] != long.words[e.start : e.end] for e in long.entities)
    assert without_entities(new) == without_entities(long)
    assert changed > 0.6 * len(long.entities)


@pytest.mark.parametrize("rate", [0.2, 0.9])
def test_the_generation_rate_sets_the_masked_share_of_an_entity(tiny: str, rate: float) -> None:
    # The number of masks is a draw from N(rate * n, 1), rounded, redrawn until it is in [1, n].
    module = melm(tiny, generation_rate=rate)
    row = module.encoder(Sentence(("Mwakalinga", "alifika"), ("B-PER", "O")))
    (places,) = module.generator._places(row)
    size = len(places)
    draw = NormalDist(rate * size)
    chances = {n: draw.cdf(n + 0.5) - draw.cdf(n - 0.5) for n in range(1, size + 1)}
    expected = sum(n * chance for n, chance in chances.items()) / sum(chances.values())
    masks = [len(module.generator._draft(row, [places], Random(n)).masked) for n in range(4_000)]
    assert size > 3
    assert sum(masks) / len(masks) == pytest.approx(expected, abs=4 / 4_000**0.5)


def test_a_word_cut_by_a_window_stays_unchanged(tiny: str) -> None:
    # The model would see only its first subwords, and generate only those.
    module = melm(tiny, max_length=20)
    report = AugmentationReport()
    sentence = Sentence(("Mwakalinga" * 5, "na", "Juma"), ("B-PER", "O", "B-PER"))
    with pytest.warns(UserWarning, match="1 of 3 new words are longer than 18 subwords"):
        new = made(module, [sentence], report=report)
    assert new
    assert {s.words[:2] for s in new} == {sentence.words[:2]}


@pytest.mark.parametrize("keep", [True, False])
def test_the_script_changes_only_without_keep_script(tiny: str, keep: bool) -> None:
    # A word without letters becomes another without letters.
    module = melm(tiny, keep_script=keep, rounds=20)
    sentence = Sentence(("-", "alifika"), ("B-PER", "O"))
    new = made(module, [sentence])
    assert new
    assert any(c.isalpha() for s in new for c in s.words[0]) != keep


def test_an_entity_can_cover_the_whole_sentence(tiny: str) -> None:
    sentence = Sentence(("Juma", "Ali", "Hassan"), ("B-PER", "I-PER", "I-PER"))
    new = made(melm(tiny), [sentence])
    assert new
    assert all(s.tags == sentence.tags and s.words != sentence.words for s in new)


def test_words_that_the_tokenizer_cannot_spell_stay_unchanged(tiny: str) -> None:
    report = AugmentationReport()
    sentences = [
        Sentence(("", "alifika"), ("B-PER", "O")),
        Sentence(("人", "alifika"), ("B-PER", "O")),
        Sentence(("", "Juma", "人"), ("B-PER", "I-PER", "B-LOC")),
    ]
    new = made(melm(tiny), sentences, report=report)
    assert report.dropped["nothing_allowed"] == 6
    assert new
    assert all(s.words[0] == "" and s.words[2] == "人" and s.words[1] != "Juma" for s in new)


def test_a_corpus_without_entities_is_an_error(tiny: str) -> None:
    with pytest.raises(ValueError, match="no entities in the 2 sentences"):
        made(melm(tiny), [JUMA.with_tags(["O"] * 4)] * 2)


def test_a_k_above_the_size_of_the_vocabulary_is_an_error(tiny: str) -> None:
    with pytest.raises(ValueError, match=r"`k` is 100000, but only \d+ subwords"):
        made(melm(tiny, k=100_000), [JUMA])


def test_a_kind_with_fewer_than_k_subwords_uses_all_of_them(tiny: str) -> None:
    # The vocabulary has few word-internal subwords without letters.
    module = melm(tiny, k=200)
    spelling = module.generator.spelling
    stop = spelling.kind([module.tokenizer.get_vocab()["."]], 0)
    allowed = spelling.allowed(stop).tolist()
    assert 1 <= len(allowed) < 200
    scores = torch.zeros(1, len(module.tokenizer))
    assert module.generator._choices(scores, [0], stop) == [sorted(allowed)]


def test_a_stream_can_be_a_single_sentence(tiny: str) -> None:
    assert made(melm(tiny), [JUMA])


def test_a_stream_without_gold_is_an_error(tiny: str, swahili: list[Sentence]) -> None:
    module = melm(tiny)
    with pytest.raises(ValueError, match="`sentences` is an iterator, but without `gold`"):
        next(generate(module, iter(swahili)))
    streamed = made(module, iter(swahili[:30]), gold=swahili[:30])  # type: ignore[arg-type]
    assert streamed == made(module, swahili[:30])


def test_a_stream_is_read_lazily(tiny: str, swahili: list[Sentence]) -> None:
    read = 0

    def endless() -> Iterator[Sentence]:
        nonlocal read
        while True:
            read += 1
            yield swahili[read % len(swahili)]

    stream = generate(melm(tiny), endless(), seed=0, gold=[], batch_size=4)
    assert next(stream)
    assert read == 64


def test_training_mode_is_restored(tiny: str, swahili: list[Sentence]) -> None:
    module = melm(tiny).train()
    stream = generate(module, swahili[:8], seed=0)
    first = next(stream)
    assert module.training
    assert [first, *stream] == made(module.eval(), swahili[:8])


def test_predictions_equal_those_of_the_stock_model(tiny: str, tmp_path: Path) -> None:
    module = melm(tiny)
    person, place = module.predictions(JUMA, k=3, guarded=False)
    assert (person.words, place.words) == (("Juma",), ("Dodoma",))
    module.export(tmp_path)
    stock = AutoModelForMaskedLM.from_pretrained(tmp_path).eval()
    row = module.encoder(JUMA)
    batch = module.encoder.mask([row], [list(row.entities[1])])
    with torch.inference_mode():
        chances = stock(input_ids=batch.input_ids[None]).logits[0].softmax(1)
    for position, predicted in zip(batch.positions.tolist(), place.predictions, strict=True):
        best = chances[position].topk(3)
        texts = [module.generator.spelling.word([i]) for i in best.indices.tolist()]
        assert [text for text, _ in predicted] == texts
        found = torch.tensor([chance for _, chance in predicted])
        torch.testing.assert_close(found, best.values, atol=1e-6, rtol=1e-4)
    guarded = module.predictions(JUMA, k=3)[1]
    assert all(text.isalpha() for part in guarded.predictions for text, _ in part)
