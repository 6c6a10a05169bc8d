"""A tagger's scores of the sentences of a pool, as arrays for the strategies."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lowner_pl.corpus import Sentence, entities_of
from lowner_pl.modules.tagging.predictions import TaggedGroup
from lowner_pl.nn import (
    Tagger,
    dropout_on,
    entity_confidences,
    has_dropout,
    mutual_information,
    uncertainty,
    word_probabilities,
)
from lowner_pl.runs.seeds import derived_seed
from lowner_pl.tagging import TextTagger

Measure = Literal["path", "entropy", "bald"]
Show = Callable[[int], None]
"""Called with the number of sentences that are done."""


class PoolScores(NamedTuple):
    """Scores of N sentences by a tagger of E entity types with H hidden units.

    Attributes:
        unsure: How unsure the tagger is of each sentence, in nats per word. Shape ``(N,)``.
        expected: Expected number of entities of each type. Shape ``(N, E)``.
        vectors: Mean over the words of what the head reads. Shape ``(N, H)``, or ``(N, 0)``.
    """

    unsure: NDArray[np.float64]
    expected: NDArray[np.float64]
    vectors: NDArray[np.float32]

    @classmethod
    def none(cls, size: int) -> "PoolScores":
        """Make the scores of sentences that are all alike."""
        return cls(np.zeros(size), np.zeros((size, 0)), np.zeros((size, 0), np.float32))


class TaggedSentence(NamedTuple):
    """A sentence as a tagger sees it.

    Attributes:
        tags: The predicted tags.
        confidences: Probability of each entity in them, ordered by start.
        expected: Expected number of entities of each type.
        sure: Probability of the best tags, as the geometric mean over the words.
    """

    tags: tuple[str, ...]
    confidences: tuple[float, ...]
    expected: dict[str, float]
    sure: float


def score_pool(
    tagger: TextTagger,
    sentences: Sequence[Sentence],
    *,
    measure: Measure = "path",
    vectors: bool = False,
    passes: int = 10,
    seed: int = 0,
    batch_size: int = 32,
    show: Show = lambda _: None,
) -> PoolScores:
    """Score the sentences of a pool. Their tags, if they have any, change nothing.

    Args:
        tagger: The tagger.
        sentences: The N sentences.
        measure: ``path`` and ``entropy`` as in `lowner_pl.nn.Uncertainty`; ``bald`` as in
            `lowner_pl.nn.mutual_information`.
        vectors: Whether to compute vectors.
        passes: Number of passes with dropout for ``bald``, at least 2.
        seed: Seed of the dropout.
        batch_size: Sentences that are tagged together.
        show: Called after each batch.

    Raises:
        ValueError: If ``measure`` is ``bald`` and no part of the tagger has dropout, or ONNX
            Runtime computes what must be looked into.
    """
    head, model = tagger.module.tagger.head, tagger.module.tagger
    if (vectors or measure == "bald") and not isinstance(model, Tagger):
        raise ValueError(
            f"`{'diverse' if vectors else 'bald'}` looks inside the tagger, but ONNX Runtime only "
            "returns its scores. Use another strategy, or the run that was exported."
        )
    if measure == "bald" and not has_dropout(model):
        raise ValueError(
            "`bald` compares passes with dropout, but all dropout rates of this tagger are 0. Use "
            "another strategy, or train with `--model.dropout 0.1`."
        )
    size, done = len(sentences), 0
    unsure, expected = np.zeros(size), np.zeros((size, len(tagger.entity_types)))
    found = np.zeros((size, head.linear.in_features if vectors else 0), np.float32)

    def use(places: list[int], group: TaggedGroup) -> None:
        nonlocal done
        mask = group.batch.word_mask
        if vectors:
            found[places] = _mean(states[0], mask).float().cpu().numpy()
        values = uncertainty(head, group.emissions, mask, tagger.temperature)
        expected[places] = values.expected.numpy()
        if measure == "bald":
            seeded = derived_seed(seed, done)
            unsure[places] = _disagreement(tagger, group, passes, seeded).numpy()
        else:
            unsure[places] = getattr(values, measure).numpy()
        done += len(places)
        show(done)

    with _inputs_of(head.linear) as states:
        tagger.each_group(sentences, use, batch_size=batch_size)
    return PoolScores(unsure, expected, found)


def tag_pool(tagger: TextTagger, sentences: Sequence[Sentence]) -> list[TaggedSentence]:
    """Tag sentences. Their tags, if they have any, change nothing."""
    found: dict[int, TaggedSentence] = {}
    head = tagger.module.tagger.head

    def use(places: list[int], group: TaggedGroup) -> None:
        emissions, mask = group.emissions, group.batch.word_mask
        spans = [entities_of(tags) for tags in group.tags]
        sure = entity_confidences(head, emissions, mask, spans, tagger.temperature)
        whole = uncertainty(head, emissions, mask, tagger.temperature)
        of_paths = (-whole.path).exp().tolist()
        rows = zip(places, group.tags, sure, whole.expected.tolist(), of_paths, strict=True)
        for place, tags, confidences, counts, of_path in rows:
            expected = dict(zip(tagger.entity_types, counts, strict=True))
            found[place] = TaggedSentence(tags, tuple(confidences), expected, of_path)

    tagger.each_group(sentences, use)
    return [found[place] for place in range(len(sentences))]


def _disagreement(tagger: TextTagger, group: TaggedGroup, passes: int, seed: int) -> Tensor:
    """Compute how much passes with dropout disagree on each sentence. Shape ``(B,)``."""
    model, mask = tagger.module.tagger, group.batch.word_mask
    device = group.emissions.device
    with torch.random.fork_rng([device] if device.type == "cuda" else []), dropout_on(model):
        torch.manual_seed(seed)
        samples = [
            word_probabilities(model.head, model(group.batch), mask, tagger.temperature)
            for _ in range(passes)
        ]
    return mutual_information(torch.stack(samples), mask.cpu())


@contextmanager
def _inputs_of(module: nn.Module) -> Iterator[list[Tensor]]:
    """Keep the last input of a module for the length of a ``with`` block, in a list of one."""
    kept: list[Tensor] = []

    def keep(_: nn.Module, inputs: tuple[Any, ...]) -> None:
        kept[:] = inputs[:1]

    handle = module.register_forward_pre_hook(keep)
    try:
        yield kept
    finally:
        handle.remove()


def _mean(states: Tensor, mask: Tensor) -> Tensor:
    """Average the states ``(B, W, H)`` of the real words of each sentence. Shape ``(B, H)``."""
    return states.masked_fill(~mask.unsqueeze(2), 0.0).sum(1) / mask.sum(1, keepdim=True)
