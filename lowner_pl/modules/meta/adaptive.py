"""Taggers that adapt to each sentence before they tag it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from typing import Any

import torch
from torch import Tensor

from lowner_pl.corpus import Episode, Sentence
from lowner_pl.encoding import Batch
from lowner_pl.modules.tagging.base import NERModule
from lowner_pl.nn import Adaptation, Average, InnerUpdate


class AdaptiveModule(NERModule):
    """A tagger that takes gradient steps on the support of a sentence, tags it, and undoes them.

    Attributes:
        adaptation: The weights that adapt.
        adaptation_steps: Number of steps at test time; 0 tags with the weights as they are.
        adaptation_update: Optimiser of these steps.
    """

    learns_episodes = True

    adaptation: Adaptation
    adaptation_steps: int
    adaptation_update: InnerUpdate[Any]

    def encode(self, sentences: list[Sentence], *, train: bool) -> Batch:
        """Encode sentences without masks. Meta-training draws masks per task instead."""
        del train
        return self.word_encoder(sentences, self.tag_set)

    def forward(self, batch: Batch, max_weight: float) -> Tensor:
        """Compute the loss of a batch (Eq. 13). `functional_call` can run it with other weights.

        The losses of the sentences are averaged, where Eq. 3 sums them: Adam takes the same step on
        both. With `average: words` the words are averaged instead.
        """
        head = self.tagger.head
        average: Average = self.average if head.scores_words_alone else "words"
        return head.loss(
            self.tagger(batch),
            batch.tags,
            batch.word_mask,
            max_weight=max_weight,
            average=average,
        )

    def adaptations(
        self, batch: Sequence[Episode]
    ) -> Iterator[tuple[list[int], AbstractContextManager[object]]]:
        """Yield, for each distinct support, the positions of its episodes and the adaptation to it.

        The adaptation is a ``with`` block (Eq. 3 and 8). Leave it before asking for the next one.
        Queries with the same support share one adaptation. There are no masks, and the loss of the
        support is the plain mean.

        Raises:
            ValueError: If the loss of a support is not finite, inside the ``with`` block.
        """
        if self.adaptation_steps == 0:
            yield list(range(len(batch))), nullcontext()
            return
        groups: dict[tuple[Sentence, ...], list[int]] = {}
        for number, episode in enumerate(batch):
            groups.setdefault(episode.support, []).append(number)
        for support, numbers in groups.items():
            with torch.inference_mode(False):  # an inference tensor can't take part in a gradient
                encoded = self.encode(list(support), train=False).to(self.device)
            yield (
                numbers,
                self.adaptation.adapted(
                    self.support_loss(batch[numbers[0]], encoded, max_weight=0.0),
                    update=self.adaptation_update,
                    steps=self.adaptation_steps,
                ),
            )

    def support_loss(
        self, episode: Episode, support: Batch, *, max_weight: float
    ) -> Callable[[], Tensor]:
        """Return a function that computes the loss of an encoded support at the current weights.

        In training it seeds every step, so that dropout depends on run, epoch, task and step only.
        """
        what = "The inner loop for" if self.training else "Adapting to the neighbours of"
        steps = count(1)

        def loss() -> Tensor:
            if self.training:
                torch.manual_seed(self.task_seed(episode, next(steps)))
            return self.checked(self(support, max_weight), episode, what)

        return loss

    def tag(self, sentences: list[Sentence]) -> tuple[list[tuple[str, ...]], Batch, Tensor]:
        """Tag sentences as the base class does, and check that the scores are finite.

        Raises:
            ValueError: If a score is not finite. Then the last inner step was too long, though its
                loss was finite.
        """
        tags, batch, emissions = super().tag(sentences)
        if not torch.isfinite(emissions).all():
            raise ValueError(
                "The tag scores of the sentence "
                f"{' '.join(sentences[0].words)[:80]!r}, or of one with the same support, are not "
                "finite after adaptation. Lower `adaptation_lr`, or use another checkpoint."
            )
        return tags, batch, emissions

    def task_seed(self, episode: Episode, step: int = 0) -> int:
        """Compute the seed of a task: a hash of run seed, epoch, task and step.

        Args:
            episode: The task.
            step: 0 for the masks, or the number of an inner step, from 1.
        """
        return self.seed_of(episode.number, step)

    def checked(self, loss: Tensor, episode: Episode, what: str) -> Tensor:
        """Return the loss of a task if it is finite.

        Raises:
            ValueError: If it is infinite or not a number.
        """
        if not torch.isfinite(loss):
            raise ValueError(
                f"The loss is {loss.item()}. {what} sentence {episode.number}, "
                f"{' '.join(episode.query.words)[:80]!r}, stopped there. Lower the learning rates, "
                "or use an earlier checkpoint; all of them are unchanged."
            )
        return loss
