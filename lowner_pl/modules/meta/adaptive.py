"""Taggers that adapt to what they are to tag."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import repeat
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lowner_pl.corpus import Episode, Sentence
from lowner_pl.encoding import Batch
from lowner_pl.modules.tagging.base import NERModule
from lowner_pl.nn import (
    Adaptation,
    Average,
    CRFHead,
    FirstGradient,
    InnerUpdate,
    SharedStart,
)


class Task(NamedTuple):
    """An episode as the tagger reads it: what it learns from and, in meta-training, the query."""

    episode: Episode
    support: Batch
    query: Batch | None = None


class AdaptiveModule(NERModule):
    """A tagger that takes steps on the support of a sentence to tag it, and takes them back.

    Attributes:
        adaptation: The weights that adapt.
        adaptation_steps: Steps of adaptation; 0 tags with the weights as they are.
        adaptation_update: The step.
        shared_start: Computes first gradients of many tasks together; ``None`` where one by one.
    """

    learns_episodes = True

    adaptation: Adaptation
    adaptation_steps: int
    adaptation_update: InnerUpdate
    shared_start: SharedStart | None

    def encode(self, sentences: list[Sentence], *, train: bool) -> Batch:
        """Return the sentences without masks: those of meta-training are drawn for each task."""
        del train
        return self.word_encoder(sentences, self.tag_set)

    def forward(self, batch: Batch, max_weight: float) -> Tensor:
        """Return the loss of a batch (Eq. 13), as a function that other weights can be put in."""
        return self.loss_from(self.tagger(batch), batch, max_weight)

    def loss_from(self, emissions: Tensor, batch: Batch, max_weight: float) -> Tensor:
        """Return the loss of a batch (Eq. 13) from its emissions, averaged as `average` says.

        The mean of the losses of the sentences stands for the sum of Eq. 3: Adam takes the same
        step on both. A CRF has one loss a sentence, so that there is nothing to choose.
        """
        head = self.tagger.head
        average: Average = "words" if isinstance(head, CRFHead) else self.average
        return head.loss(
            emissions, batch.tags, batch.word_mask, max_weight=max_weight, average=average
        )

    def tag_batch(self, batch: list[Episode], *, with_loss: bool = False) -> list[tuple[str, ...]]:
        """Return the tags of the queries, each from weights adapted to its support.

        Queries of the same support share one adaptation. No masks, no maximum in the loss.

        Raises:
            ValueError: If the loss of a support is no number.
        """
        tags: list[tuple[str, ...]] = [()] * len(batch)
        for numbers, adapted in self.adaptations(batch):
            with adapted:
                queries = [batch[number].query for number in numbers]
                found = super().tag_batch(queries, with_loss=with_loss)
            for number, row in zip(numbers, found, strict=True):
                tags[number] = row
        return tags

    def adaptations(
        self, batch: Sequence[Episode]
    ) -> Iterator[tuple[list[int], AbstractContextManager[Any]]]:
        """Yield the places of the episodes of each support, and what adapts to it.

        The second is a ``with`` block (Eq. 3 and 8), to be left before the next is asked for.
        """
        if self.adaptation_steps == 0:
            yield list(range(len(batch))), nullcontext()
            return
        groups: dict[tuple[Sentence, ...], list[int]] = {}
        for number, episode in enumerate(batch):
            groups.setdefault(episode.support, []).append(number)
        with torch.inference_mode(False):  # what is learnt from must not be of that mode
            tasks = [
                Task(batch[numbers[0]], self.encode(list(support), train=False).to(self.device))
                for support, numbers in groups.items()
            ]
        firsts = self.first_gradients(tasks, 0.0, steps=self.adaptation_steps)
        for numbers, task, first in zip(groups.values(), tasks, firsts, strict=True):
            yield (
                numbers,
                self.adaptation.adapted(
                    self.loss_of(task, 0.0),
                    update=self.adaptation_update,
                    steps=self.adaptation_steps,
                    first=first,
                ),
            )

    def tag(self, sentences: list[Sentence]) -> tuple[list[tuple[str, ...]], Batch, Tensor]:
        """Return what the base does, having made sure that the scores are numbers.

        Raises:
            ValueError: If one is not: the last step was too long, though its loss was finite.
        """
        tags, batch, emissions = super().tag(sentences)
        if not torch.isfinite(emissions).all():
            raise ValueError(
                "The scores of tags must be finite, was: not so in tagging "
                f"{' '.join(sentences[0].words)[:80]!r}, or another sentence of its support. Lower "
                "`adaptation_lr`, or use another checkpoint."
            )
        return tags, batch, emissions

    def first_gradients(
        self, tasks: Sequence[Task], max_weight: float, *, steps: int
    ) -> Iterator[FirstGradient | None]:
        """Yield what gives the first gradients of each task, where that is known beforehand.

        They are computed at the weights as they are when the first task of some is asked for.
        """
        start = self.shared_start
        if start is None or steps == 0:
            yield from repeat(None, len(tasks))
            return
        for part in start.parts([task.support for task in tasks]):
            together = tasks[part]
            supports = [task.support for task in together]
            if not start.is_possible(supports):
                yield from repeat(None, len(together))
                continue
            yield from start.first_gradients(
                supports,
                partial(self._first_loss, together, max_weight),
                seed=partial(self._seed_first, together) if self.training else None,
            )

    def _first_loss(
        self, tasks: Sequence[Task], max_weight: float, number: int, emissions: Tensor
    ) -> Tensor:
        """Return the loss of a task from its emissions."""
        task = tasks[number]
        loss = self.loss_from(emissions, task.support, max_weight)
        return self.checked(loss, task.episode, self.inner_name)

    def task_seed(self, episode: Episode, part: int = 0) -> int:
        """Return the seed of a part of a task: a hash of run seed, epoch and task.

        Args:
            episode: The task.
            part: 0 draws the masks, 1 the dropout of a first step whose gradient is known
                beforehand, 2 that of all other steps.
        """
        return self.seed_of(episode.number, part)

    def _seed_first(self, tasks: Sequence[Task], number: int) -> None:
        """Seed what a task draws in its first step."""
        torch.manual_seed(self.task_seed(tasks[number].episode, 1))

    @property
    def inner_name(self) -> str:
        """What messages call an inner step."""
        return "The inner loop for" if self.training else "Adapting to the neighbours of"

    def loss_of(self, task: Task, max_weight: float) -> Callable[[], Tensor]:
        """Return what gives the loss of a task's support, at the weights as they are."""
        return lambda: self.checked(self(task.support, max_weight), task.episode, self.inner_name)

    def checked(self, loss: Tensor, episode: Episode, what: str) -> Tensor:
        """Return the loss of a task, having made sure that it is a number.

        Raises:
            ValueError: If it is infinite or not a number.
        """
        if not torch.isfinite(loss):
            raise ValueError(
                f"The loss must be finite, was: {loss.item()}. {what} sentence {episode.number}, "
                f"{' '.join(episode.query.words)[:80]!r}, stopped there: lower the learning rates, "
                "or use a checkpoint saved before this, all of which are unchanged."
            )
        return loss
