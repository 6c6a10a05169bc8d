from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from lowner_pl.annotation.suggest import MEASURES, STRATEGIES, Strategy, choose
from lowner_pl.annotation.suggest.scoring import score_pool, tag_pool
from lowner_pl.corpus import Sentence, entities_of
from lowner_pl.modules import (
    MANERLightningModule,
    MetaLightningModule,
    MLMNERLightningModule,
    SNERLightningModule,
)
from lowner_pl.nn import mutual_information, uncertainty, word_probabilities
from lowner_pl.runs.seeds import derived_seed
from lowner_pl.tagging import TextTagger
from lowner_pl.tagging.run_files import RunFiles
from lowner_pl.tagging.support import Batches, plain_batches, support_of

from ...tagging.test_loading import EPISODES

TYPES = ("PER", "ORG", "LOC")
METHODS: dict[str, tuple[type, dict[str, Any]]] = {
    "sner": (SNERLightningModule, {}),
    "crf": (SNERLightningModule, {"head": "crf"}),
    "io": (SNERLightningModule, {"tag_scheme": "io"}),
    "maner": (MANERLightningModule, {}),
    "mlm_ner": (MLMNERLightningModule, {}),
    "meta": (MetaLightningModule, {}),
}


def tagger_of(method: str, backbone: str, **options: Any) -> TextTagger:
    """Make an untrained tagger whose scores differ enough to be compared."""
    kind, more = METHODS[method]
    torch.manual_seed(0)
    module = kind(entity_types=TYPES, backbone=backbone, **more, **options).eval()
    with torch.no_grad():
        for parameter in module.tagger.head.parameters():
            parameter.copy_(torch.randn(parameter.shape))
    batches: Batches = plain_batches
    if method == "meta":
        batches = support_of(EPISODES, RunFiles(Path("x.ckpt"), None))
    return TextTagger(module, batches=batches, language="sw")


@pytest.fixture
def tagger(tiny: str) -> TextTagger:
    """An untrained SNER."""
    return tagger_of("sner", tiny)


@pytest.fixture
def pool(swahili: list[Sentence]) -> list[Sentence]:
    """A few sentences of the sample corpus, with their tags."""
    return swahili[:12]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_works_with_every_strategy(
    method: str, tiny: str, pool: list[Sentence]
) -> None:
    tagger = tagger_of(method, tiny)
    before = {name: weight.clone() for name, weight in tagger.module.state_dict().items()}
    for strategy in STRATEGIES:
        found = choose(tagger, pool[:4], strategy, 2, annotated=pool[8:10], passes=2)
        assert len({one.number for one in found}) == 2
        for one in found:
            assert one.sentence.words == pool[one.number].words
            assert len(one.confidences) == len(entities_of(one.sentence.tags or ()))
            assert set(one.expected) == set(TYPES)
            assert (one.score is None) == (strategy == "random")
    assert not any(module.training for module in tagger.module.modules())
    after = tagger.module.state_dict()
    assert all(weight.equal(before[name]) for name, weight in after.items())


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_seed_alone_decides(
    strategy: Strategy, tagger: TextTagger, pool: list[Sentence]
) -> None:
    torch.manual_seed(1)
    one = choose(tagger, pool, strategy, 4, 7, passes=2)
    state = torch.get_rng_state()
    torch.manual_seed(2)
    two = choose(tagger, pool, strategy, 4, 7, passes=2)
    assert one == two
    torch.manual_seed(1)
    assert state.equal(torch.get_rng_state())  # the generator of the caller is left alone
    if strategy in ("random", "bald"):
        other = choose(tagger, pool, strategy, 4, 8, passes=2)
        assert [s.score or s.number for s in one] != [s.score or s.number for s in other]


def test_uncertainty_takes_the_sentences_with_the_highest_scores(
    tagger: TextTagger, pool: list[Sentence]
) -> None:
    tagger.temperature = 2.0
    for measure in MEASURES:
        scores = []
        for sentence in pool:  # each alone, so that padding could matter only in `choose`
            batch = tagger.module.encode([sentence], train=False)
            with torch.inference_mode():
                emissions = tagger.module.tagger(batch)
            values = uncertainty(tagger.module.tagger.head, emissions, batch.word_mask, 2.0)
            scores.append(getattr(values, measure).item())
        found = choose(tagger, pool, "uncertainty", 5, measure=measure)
        assert [one.number for one in found] == np.argsort(scores)[::-1][:5].tolist()
        assert [one.score for one in found] == pytest.approx(sorted(scores)[::-1][:5], rel=1e-4)


def test_bald_is_the_disagreement_of_passes_with_dropout(
    tagger: TextTagger, pool: list[Sentence]
) -> None:
    model, one = tagger.module.tagger, pool[:1]
    batch = tagger.module.encode([one[0].with_tags(None)], train=False)
    torch.manual_seed(derived_seed(5, 0))
    model.train()
    with torch.inference_mode():
        passes = [word_probabilities(model.head, model(batch), batch.word_mask) for _ in range(3)]
    model.eval()
    expected = mutual_information(torch.stack(passes), batch.word_mask)
    found = score_pool(tagger, one, measure="bald", passes=3, seed=5)
    assert found.unsure.tolist() == pytest.approx(expected.tolist())
    assert expected.item() > 0


def test_vectors_are_means_of_what_the_head_reads(tagger: TextTagger, pool: list[Sentence]) -> None:
    found = score_pool(tagger, pool, vectors=True, batch_size=5)
    for row, sentence in enumerate(pool):
        batch = tagger.module.encode([sentence], train=False)
        with torch.inference_mode():
            hidden = tagger.module.tagger.backbone(batch.input_ids, batch.lengths)
        mean = hidden[batch.anchors[0]].mean(0)
        assert found.vectors[row] == pytest.approx(mean.numpy(), abs=1e-4)


def test_gold_tags_change_nothing(tagger: TextTagger, pool: list[Sentence]) -> None:
    unknown = [
        Sentence(s.words, tuple("B-NEW" for _ in s.words), s.language, s.place) for s in pool
    ]
    for strategy in STRATEGIES:
        with_gold, other, without = (
            choose(tagger, part, strategy, 3, passes=2)
            for part in (pool, unknown, [s.with_tags(None) for s in pool])
        )
        assert with_gold == other == without
    assert all(one.sentence.tags != pool[one.number].tags for one in with_gold)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_near_duplicates_are_passed_over_and_counted(
    strategy: Strategy, tagger: TextTagger, pool: list[Sentence]
) -> None:
    twins = [Sentence((*sentence.words, "!")) for sentence in pool[:3]]
    found = choose(tagger, [*pool[:3], *twins, *pool[3:6]], strategy, 3, annotated=pool[3:6])
    assert {one.number % 3 for one in found} == {0, 1, 2}
    assert all(one.number < 6 for one in found)
    with pytest.raises(ValueError, match=r"^4 .* only 3 new ones .* annotated ones: 6\. Give"):
        choose(tagger, [*pool[:3], *twins, *pool[3:6]], strategy, 4, annotated=pool[3:6])
    assert choose(tagger, [*pool[:1], *pool[:1]], strategy, 1).near_duplicates in (0, 1)
    with pytest.raises(ValueError, match=r"^2 .* only 1 new ones .* ones: 1\."):
        choose(tagger, [*pool[:1], *pool[:1]], strategy, 2)


def test_ties_are_broken_by_the_seed(tiny: str, pool: list[Sentence]) -> None:
    tagger = tagger_of("io", tiny)
    with torch.no_grad():
        for parameter in tagger.module.tagger.head.parameters():
            parameter.zero_()  # every path of every sentence is equally likely
    seen = [choose(tagger, pool, "uncertainty", 2, seed, measure="entropy") for seed in range(3)]
    assert all(one[0].score == pytest.approx(one[1].score, rel=1e-12) for one in seen)
    assert len({one[0].number for one in seen}) > 1


def test_balanced_counts_the_annotated_entities(tagger: TextTagger, pool: list[Sentence]) -> None:
    scores = score_pool(tagger, pool)
    for number, type_ in enumerate(TYPES):
        annotated = [Sentence(("x",), (f"B-{type_}",))] * 1_000
        (one,) = choose(tagger, pool, "balanced", 1, annotated=annotated)
        have = np.array([1_000.0 * (place == number) for place in range(len(TYPES))])
        gains = [
            float(np.log((1 + have + expected) / (1 + have)).sum()) / len(sentence.words)
            for expected, sentence in zip(scores.expected, pool, strict=True)
        ]
        assert one.score == pytest.approx(max(gains), rel=1e-4)
        assert f"{type_} (1,000 annotated)" in one.reason
        assert not one.reason.startswith(f"expected: {one.expected[type_]:.1f} {type_}")


def test_diverse_keeps_away_from_annotated_sentences(
    tagger: TextTagger, pool: list[Sentence]
) -> None:
    annotated, rest = pool[:3], pool[3:]
    near, far = (score_pool(tagger, part, vectors=True) for part in (annotated, rest))
    apart = np.linalg.norm(far.vectors[:, None] - near.vectors, axis=2).min(1)
    (one,) = choose(tagger, rest, "diverse", 1, annotated=annotated)
    assert one.score == pytest.approx(float((far.unsure * apart).max()), rel=1e-3)


def test_reasons_name_the_score_and_the_least_sure_entity(
    tagger: TextTagger, pool: list[Sentence]
) -> None:
    (one,) = choose(tagger, pool, "uncertainty", 1)
    assert f"-log p of {one.score:.3f} per word" in one.reason
    assert f" {100 * min(one.confidences):.0f} %" in one.reason
    (one,) = choose(tagger, pool, "bald", 1, passes=2)
    assert f"disagree by {one.score:.4f} nats" in one.reason
    (one,) = choose(tagger, pool, "diverse", 1, annotated=pool[:2])
    unsure, distance = one.reason.split(" from ")[0].removeprefix("uncertainty ").split(" x ")
    product = float(unsure) * float(distance.removeprefix("distance "))
    assert product == pytest.approx(one.score, rel=0.01)
    assert choose(tagger, pool, "random", 1)[0].reason == "drawn at random"


def test_tagging_a_pool_keeps_its_order(tagger: TextTagger, pool: list[Sentence]) -> None:
    found = tag_pool(tagger, pool)
    words = tagger.tag_words([sentence.words for sentence in pool])
    for seen, entities in zip(found, words, strict=True):
        assert [(e.start, e.end, e.type) for e in entities_of(seen.tags)] == [
            (e.start, e.end, e.type) for e in entities
        ]
        assert seen.confidences == pytest.approx([e.confidence for e in entities], rel=1e-4)


def test_progress_is_told(tagger: TextTagger, pool: list[Sentence]) -> None:
    shown: list[int] = []
    choose(tagger, pool, "diverse", 1, annotated=pool[:2], batch_size=5, show=shown.append)
    assert shown == [5, 10, 12]


def test_mistakes_are_named(tiny: str, tagger: TextTagger, pool: list[Sentence]) -> None:
    with pytest.raises(ValueError, match="`strategy` is 'best', but it must be one of random, "):
        choose(tagger, pool, "best", 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`measure` is 'margin'"):
        choose(tagger, pool, "diverse", 1, measure="margin")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`count` is 0"):
        choose(tagger, pool, "random", 0)
    with pytest.raises(ValueError, match="`passes` is 1"):
        choose(tagger, pool, "bald", 1, passes=1)
    with pytest.raises(ValueError, match=r"^13 .* only 12 new ones are there\. Give"):
        choose(tagger, pool, "uncertainty", 13)
    scores_only = tagger_of("sner", tiny)
    model = scores_only.module.tagger
    graph = SimpleNamespace(head=model.head)  # as ONNX Runtime's
    scores_only.module = cast(Any, SimpleNamespace(tagger=graph))
    for strategy in ("bald", "diverse"):
        with pytest.raises(ValueError, match=f"`{strategy}` looks inside the tagger, but ONNX"):
            choose(scores_only, pool, strategy, 1)
    sure = tagger_of("sner", tiny, dropout=0.0)
    for module in sure.module.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    with pytest.raises(ValueError, match="all dropout rates of this tagger are 0"):
        choose(sure, pool, "bald", 1)
