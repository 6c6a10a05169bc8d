"""Methods that make new sentences of the training sentences, and what streams these."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import torch

from lowner_pl.corpus import (
    AugmentationReport,
    Candidate,
    NoveltyFilter,
    SeenSentences,
    Sentence,
)
from lowner_pl.modules.base import BaseModule, MethodKind
from lowner_pl.runs.seeds import derived_seed, run_seed

BUFFERED_BATCHES = 16


class GeneratingModule(BaseModule, ABC):
    """A method whose ``predict`` makes new sentences, some of each training sentence.

    What comes of a sentence is a function of the seed, the sentence and its number, so that a
    stopped generation can go on behind any sentence.

    Attributes:
        rounds: New sentences of each sentence, at most.
        generation_seed: Of the new sentences; the run's seed if ``None``.
        generated_before: How many sentences of the corpus were done when a stopped run goes on.
    """

    kind: MethodKind = "generator"
    predicts = True
    predict_split = "train"
    rounds: int
    generation_seed: int | None
    generated_before = 0
    _generated = 0

    @abstractmethod
    def candidates(
        self, sentences: list[Sentence], numbers: Sequence[int], *, seed: int | None = None
    ) -> Sequence[Iterable[Candidate]]:
        """Return candidates of each sentence, which may be made as they are asked for.

        Args:
            sentences: The sentences, with tags.
            numbers: Number of each sentence in its corpus, from 0.
            seed: Of all draws; `used_seed` without.
        """

    @abstractmethod
    def generation_options(self) -> dict[str, Any]:
        """Return the options that decide on the new sentences, as JSON has them."""

    @property
    def used_seed(self) -> int:
        """The seed of the generated sentences."""
        return run_seed(self.generation_seed)

    @staticmethod
    def drawing(seed: int, number: int) -> torch.Generator:
        """Return what draws all that comes of a sentence, by its number."""
        return torch.Generator().manual_seed(derived_seed(seed, number))

    def on_predict_start(self) -> None:
        """Count sentences from the first.

        Raises:
            ValueError: If there is more than one device: duplicates are known to one process.
        """
        if self.trainer.world_size > 1:
            raise ValueError(
                f"Generation runs on one device, was: {self.trainer.world_size}. Set "
                "`trainer.devices: 1`."
            )
        self._generated = 0

    def predict_step(self, batch: list[Sentence], batch_idx: int) -> Sequence[Iterable[Candidate]]:
        """Return the candidates of the sentences that were not generated from before."""
        del batch_idx
        numbers = range(self._generated, self._generated + len(batch))
        self._generated += len(batch)
        done = max(0, min(len(batch), self.generated_before - numbers.start))
        return self.candidates(batch[done:], numbers[done:])


def generate(
    module: GeneratingModule,
    sentences: Iterable[Sentence],
    *,
    seed: int | None = None,
    gold: Iterable[Sentence] | None = None,
    batch_size: int = 32,
    report: AugmentationReport | None = None,
) -> Iterator[Sentence]:
    """Yield the new sentences that a method makes of sentences, in their order.

    The same seed gives the same sentences. ``sentences`` may be a stream: some hundred are held at
    a time, to be batched by length, and a fingerprint of each that was seen (see `SeenSentences`).

    Args:
        module: The model; its options say how it generates. Dropout is switched off meanwhile.
        sentences: What to generate from, with tags.
        seed: Of all draws; the module's ``generation_seed``, or the run's seed, without.
        gold: Sentences that are not to be generated again; ``sentences``, which are then read
            twice, without.
        batch_size: Sentences in a pass; each may have several rows.
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
    novelty = NoveltyFilter(SeenSentences(gold), report)
    stream = iter(sentences)
    done = 0
    while buffer := list(islice(stream, batch_size * BUFFERED_BATCHES)):
        for parts in _buffered(module, buffer, done, seed=seed, batch_size=batch_size):
            novelty.report.sentences_in += 1
            yield from novelty.sift(parts, most=module.rounds)
        done += len(buffer)
    novelty.report.check()


@torch.inference_mode()
def _buffered(
    module: GeneratingModule,
    sentences: list[Sentence],
    first: int,
    *,
    seed: int | None,
    batch_size: int,
) -> list[Iterable[Candidate]]:
    """Return the candidates of some sentences, made in batches of about equal length."""
    order = sorted(range(len(sentences)), key=lambda place: len(sentences[place].words))
    candidates: list[Iterable[Candidate]] = [() for _ in sentences]
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
