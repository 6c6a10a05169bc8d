"""The base class of generators, and `generate`, which streams the new sentences."""

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
    """A method whose ``predict`` generates new sentences from each training sentence.

    The result for a sentence depends only on the seed, the sentence and its index, so that an
    interrupted generation can continue after any sentence.

    Attributes:
        rounds: Maximum number of new sentences per sentence.
        generation_seed: Seed of the new sentences; ``None`` for the run's seed.
        generated_before: Number of sentences that an interrupted run has finished.
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
        """Generate candidates for each sentence, lazily where the method can.

        Args:
            sentences: The sentences, with tags.
            numbers: Index of each sentence in its corpus, from 0.
            seed: Seed of all draws; `used_seed` by default.
        """

    @abstractmethod
    def generation_options(self) -> dict[str, Any]:
        """Return the options that determine the new sentences, as JSON values."""

    @property
    def used_seed(self) -> int:
        """The seed of the new sentences."""
        return run_seed(self.generation_seed)

    @staticmethod
    def drawing(seed: int, number: int) -> torch.Generator:
        """Create the random generator for the sentence with this index."""
        return torch.Generator().manual_seed(derived_seed(seed, number))

    def on_predict_start(self) -> None:
        """Restart the sentence count.

        Raises:
            ValueError: With more than one device, since only one process can know all duplicates.
        """
        if self.trainer.world_size > 1:
            raise ValueError(
                f"`predict` was started on {self.trainer.world_size} devices, but generation runs "
                "on one. Set `trainer.devices: 1`."
            )
        self._generated = 0

    def predict_step(self, batch: list[Sentence], batch_idx: int) -> Sequence[Iterable[Candidate]]:
        """Generate candidates for the sentences that an interrupted run has not finished."""
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
    """Generate new sentences, in the order of the sentences they come from.

    The same seed gives the same sentences. ``sentences`` may be a stream. Only a few hundred are
    held in memory, to be batched by length, plus a fingerprint of every sentence seen so far (see
    `SeenSentences`).

    Args:
        module: The model, whose options say how it generates. Dropout is switched off meanwhile.
        sentences: Sentences to generate from, with tags.
        seed: Seed of all draws; by default the module's ``generation_seed`` or the run's seed.
        gold: Sentences that must not be generated again. By default these are ``sentences``, which
            are then read twice.
        batch_size: Sentences per pass; each may take several rows.
        report: Counts accepted and rejected candidates, if given.

    Raises:
        ValueError: If no sentence has an entity, or if ``sentences`` can only be read once and
            there is no ``gold``.
    """
    if gold is None:
        if iter(sentences) is sentences:
            raise ValueError(
                "`sentences` is an iterator, but without `gold` it is read twice. Pass a list, or "
                "pass `gold`."
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
    """Generate candidates in batches of similar length; return them in the original order."""
    order = sorted(range(len(sentences)), key=lambda index: len(sentences[index].words))
    candidates: list[Iterable[Candidate]] = [() for _ in sentences]
    training = module.training
    module.eval()
    try:
        for start in range(0, len(order), batch_size):
            indices = order[start : start + batch_size]
            made = module.candidates(
                [sentences[index] for index in indices],
                [first + index for index in indices],
                seed=seed,
            )
            for index, parts in zip(indices, made, strict=True):
                candidates[index] = parts
    finally:
        module.train(training)
    return candidates
