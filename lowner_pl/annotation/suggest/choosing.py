"""Choosing the sentences to annotate next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, assert_never, get_args

import numpy as np

from lowner_pl.annotation.suggest.reasons import why_balanced, why_diverse, why_unsure
from lowner_pl.annotation.suggest.scoring import (
    Measure,
    PoolScores,
    Show,
    TaggedSentence,
    score_pool,
    tag_pool,
)
from lowner_pl.annotation.suggest.similarity import NoveltyCheck
from lowner_pl.annotation.suggest.strategies import Chosen, balanced, highest, k_centre
from lowner_pl.corpus import Sentence, count_types
from lowner_pl.runs.ranges import check_range
from lowner_pl.tagging import TextTagger

Strategy = Literal["random", "uncertainty", "bald", "diverse", "balanced"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
PathMeasure = Literal["path", "entropy"]
MEASURES: tuple[PathMeasure, ...] = get_args(PathMeasure)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A sentence to annotate.

    Args:
        number: Its position among the sentences to choose from.
        sentence: The sentence with the predicted tags.
        confidences: Probability of each predicted entity, ordered by start.
        expected: Expected number of entities of each type.
        sure: Probability of the best tags, as the geometric mean over the words, from 0 to 1.
        score: What it was chosen by, higher is better; ``None`` if it was drawn at random.
        reason: Why it was chosen, in words.
    """

    number: int
    sentence: Sentence
    confidences: tuple[float, ...]
    expected: Mapping[str, float]
    sure: float
    score: float | None
    reason: str


class Suggestions(list[Suggestion]):
    """The sentences to annotate, the best first.

    Args:
        suggestions: The sentences.
        near_duplicates: Number of near duplicates that would have been among them.
    """

    def __init__(self, suggestions: Iterable[Suggestion] = (), *, near_duplicates: int = 0) -> None:
        super().__init__(suggestions)
        self.near_duplicates = near_duplicates


def choose(
    tagger: TextTagger,
    sentences: Sequence[Sentence],
    strategy: Strategy,
    count: int,
    seed: int = 0,
    *,
    annotated: Sequence[Sentence] = (),
    measure: PathMeasure = "path",
    passes: int = 10,
    batch_size: int = 32,
    fewer: bool = False,
    show: Show = lambda _: None,
) -> Suggestions:
    """Choose the sentences that are most worth annotating next, the best first.

    Near duplicates of each other and of annotated sentences are left out; see `NoveltyCheck`. The
    same arguments give the same sentences. Ties are broken at random, by the seed. Gold tags of the
    sentences, if they have any, change nothing.

    Args:
        tagger: The tagger. Its `temperature` divides all scores.
        sentences: The sentences to choose from.
        strategy: ``random``; ``uncertainty``, the sentences that the tagger is least sure of;
            ``bald``, those on whose tags passes with dropout disagree most; ``diverse``, uncertain
            ones that are far from each other and from annotated ones; ``balanced``, those with many
            entities of types of which there are few.
        count: Number of sentences to choose, at least 1.
        seed: Seed of everything random.
        annotated: Sentences that have been annotated. ``balanced`` counts their entities.
        measure: How ``uncertainty`` and ``diverse`` measure uncertainty: by the best ``path`` of
            tags, or by the ``entropy`` of the words' tags; see `lowner_pl.nn.Uncertainty`.
        passes: Number of passes of ``bald``, at least 2.
        batch_size: Sentences that are tagged together.
        fewer: Whether to return fewer sentences if there are not ``count``.
        show: Called with the number of sentences that have been scored.

    Raises:
        ValueError: If there are fewer sentences than ``count`` that are no near duplicates and
            ``fewer`` is not set, an argument is out of range, or ``bald`` finds no dropout.
    """
    _check(strategy, measure, count, passes)
    if len(sentences) < count and not fewer:
        raise ValueError(_too_few(len(sentences), count))
    order = np.random.default_rng(seed).permutation(len(sentences))
    pool = [sentences[at] for at in order]
    unsure: Measure = "bald" if strategy == "bald" else measure
    score = partial(
        score_pool,
        tagger,
        measure=unsure,
        vectors=strategy == "diverse",
        passes=passes,
        seed=seed,
        batch_size=batch_size,
    )
    scores = PoolScores.none(len(pool)) if strategy == "random" else score(pool, show=show)
    centres = score(annotated if strategy == "diverse" else [])
    have = count_types(sentence for sentence in annotated if sentence.tags)
    is_new = NoveltyCheck(pool, annotated)
    match strategy:
        case "random" | "uncertainty" | "bald":
            chosen = highest(scores.unsure, count, is_new)
        case "diverse":
            chosen = k_centre(scores.unsure, scores.vectors, centres.vectors, count, is_new)
        case "balanced":
            words = np.array([len(sentence.words) for sentence in pool])
            known = np.array([have.get(type_, 0) for type_ in tagger.entity_types])
            chosen = balanced(scores.expected, words, known, count, is_new)
        case _:
            assert_never(strategy)
    if len(chosen) < count and not fewer:
        raise ValueError(_too_few(len(chosen), count, near_duplicates=is_new.near_duplicates))
    tagged = tag_pool(tagger, [pool[one.place] for one in chosen])
    return Suggestions(
        (
            Suggestion(
                number=int(order[one.place]),
                sentence=pool[one.place].with_tags(seen.tags),
                confidences=seen.confidences,
                expected=seen.expected,
                sure=seen.sure,
                score=None if strategy == "random" else one.score,
                reason=_reason(strategy, unsure, one, scores, pool[one.place].words, seen, have),
            )
            for one, seen in zip(chosen, tagged, strict=True)
        ),
        near_duplicates=is_new.near_duplicates,
    )


def _check(strategy: str, measure: str, count: int, passes: int) -> None:
    """Check the arguments of `choose`."""
    if strategy not in STRATEGIES:
        raise ValueError(
            f"`strategy` is {str(strategy)[:80]!r}, but it must be one of {', '.join(STRATEGIES)}."
        )
    if measure not in MEASURES:
        raise ValueError(
            f"`measure` is {str(measure)[:80]!r}, but it must be one of {', '.join(MEASURES)}."
        )
    check_range("count", count, 1)
    check_range("passes", passes, 2)


def _too_few(found: int, count: int, *, near_duplicates: int = 0) -> str:
    """Say that there are too few sentences."""
    near = f"; near duplicates of these and of annotated ones: {near_duplicates:,}"
    return (
        f"{count:,} sentences are to be chosen, but only {found:,} new ones are there"
        f"{near if near_duplicates else ''}. Give more text, or choose fewer."
    )


def _reason(
    strategy: Strategy,
    measure: Measure,
    one: Chosen,
    scores: PoolScores,
    words: Sequence[str],
    tagged: TaggedSentence,
    have: Mapping[str, int],
) -> str:
    """Say why a sentence was chosen."""
    unsure = float(scores.unsure[one.place])
    match strategy:
        case "random":
            return "drawn at random"
        case "uncertainty" | "bald":
            return why_unsure(measure, unsure, words, tagged)
        case "diverse":
            return why_diverse(one, unsure, words, tagged)
        case "balanced":
            return why_balanced(tagged.expected, have)
        case _:
            assert_never(strategy)
