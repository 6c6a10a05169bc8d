"""Sentences in, new sentences out, in a stream."""

from collections.abc import Iterable, Iterator
from itertools import islice

import torch

from lowner_pl.corpus import GenerationReport, NoveltyFilter, Sentence
from lowner_pl.modules.melm import MELMLightningModule

BUFFERED_BATCHES = 16


def generate(
    module: MELMLightningModule,
    sentences: Iterable[Sentence],
    *,
    seed: int | None = None,
    gold: Iterable[Sentence] | None = None,
    batch_size: int = 32,
    report: GenerationReport | None = None,
) -> Iterator[Sentence]:
    """Yield the new sentences that MELM makes of sentences, in their order, round after round.

    The same seed gives the same sentences. ``sentences`` may be a stream: some hundred are held at
    a time, to be batched by length, and 8 bytes of each that was seen (see `NoveltyFilter`).

    Args:
        module: The model; its options say how it generates. Dropout is switched off meanwhile.
        sentences: What to generate from, with tags.
        seed: Of all draws; the module's ``generation_seed``, or the run's seed, without.
        gold: Sentences that are not to be generated again; ``sentences``, which are then read
            twice, without.
        batch_size: Sentences in a pass; each has as many rows as there are rounds.
        report: Counts what becomes of the sentences, if given.

    Raises:
        ValueError: If no sentence has an entity, or ``sentences`` can be read once only and there
            is no ``gold``.
    """
    if gold is None:
        if iter(sentences) is sentences:
            raise ValueError(
                "`sentences` must be readable twice, to know them all before the first is "
                "generated from, was: an iterator. Give a list, or `gold`."
            )
        gold = sentences
    novelty = NoveltyFilter(gold, report)
    stream = iter(sentences)
    done = 0
    while buffer := list(islice(stream, batch_size * BUFFERED_BATCHES)):
        candidates = _buffered(module, buffer, done, seed=seed, batch_size=batch_size)
        for parts in candidates:
            yield from novelty.sift(parts)
        done += len(buffer)
    novelty.report.check()


@torch.inference_mode()
def _buffered(
    module: MELMLightningModule,
    sentences: list[Sentence],
    first: int,
    *,
    seed: int | None,
    batch_size: int,
) -> list[list[Sentence | None]]:
    """Return the candidates of some sentences, made in batches of about equal length."""
    order = sorted(range(len(sentences)), key=lambda place: len(sentences[place].words))
    candidates: list[list[Sentence | None]] = [[] for _ in sentences]
    training = module.training
    module.eval()
    try:
        for start in range(0, len(order), batch_size):
            places = order[start : start + batch_size]
            made = module.candidates(
                [sentences[place] for place in places],
                [first + place for place in places],
                seed=seed,
            )
            for place, parts in zip(places, made, strict=True):
                candidates[place] = parts
    finally:
        module.train(training)
    return candidates
