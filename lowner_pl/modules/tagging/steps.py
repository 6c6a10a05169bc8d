"""The training, validation, test and prediction steps that all taggers share."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import torch
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor, nn
from torchmetrics import MeanMetric

from lowner_pl.corpus import Sentence, count_types, entities_of, queries
from lowner_pl.metrics import EntityScores, TaggingScores
from lowner_pl.modules.base import MethodKind
from lowner_pl.modules.tagging.predictions import PredictingModule, TaggedGroup, Tags
from lowner_pl.nn import Average, DevPath, DevPaths, fit_temperature


class TaggingModule(PredictingModule):
    """The training, validation, test and prediction steps of a tagger.

    Attributes:
        average: What the training loss is averaged over.
        dev_scores: Scores of the running validation.
        dev_loss: Loss of the running validation, per word.
        dev_paths: Emissions, gold tags and entities of the running validation.
        test_scores: Scores of the running test, one per test set.
    """

    kind: MethodKind = "tagger"
    predicts = True
    returns_losses: bool = False
    """Whether a test also returns the loss of each sentence."""

    average: Average
    dev_scores: EntityScores
    dev_loss: MeanMetric
    dev_paths: DevPaths
    test_scores: nn.ModuleList

    def loss(self, sentences: list[Sentence]) -> Tensor:
        """Compute the training loss of a batch."""
        batch = self.encode(sentences, train=True).to(self.device)
        return self.tagger.loss(batch, average=self.average)

    def training_step(self, batch: list[Any], batch_idx: int) -> Tensor | None:
        """Compute, check and log the loss of a batch."""
        loss = self.loss(batch)
        self.check_finite(loss, batch, batch_idx)
        self.log("train/loss", self._per_word(loss, batch), prog_bar=True, batch_size=len(batch))
        return loss

    def _per_word(self, loss: Tensor, sentences: Sequence[Sentence]) -> Tensor:
        """Convert a loss to the loss per word, which is what is logged."""
        words = sum(len(sentence.words) for sentence in sentences)
        return self.tagger.head.per_word(loss.detach(), sentences=len(sentences), words=words)

    def tag_dev_batch(self, batch: list[Any]) -> list[Tags]:
        """Tag a batch of dev data, and add its loss and its scores to those of the validation.

        Entities are left out that nobody could have marked; see `NERDataModule.dev_types`.
        """
        tags: list[Tags] = [()] * len(batch)
        types = None if self.data is None else self.data.dev_types
        for tagged in self.tagged_groups(batch):
            group = tagged if types is None else tagged.without_unmarked(types)
            group.place(tags)
            self._add_dev_loss(group)
        return tags

    def _add_dev_loss(self, group: TaggedGroup) -> None:
        """Add the loss of tagged dev sentences, and keep their scores for `calibrate`."""
        head, encoded = self.tagger.head, group.batch
        loss = head.loss(group.emissions, encoded.tags, encoded.word_mask)
        words = sum(len(sentence.words) for sentence in group.sentences)
        self.dev_loss.update(self._per_word(loss, group.sentences), words)
        found = [list(entities_of(row)) for row in group.tags]
        self.dev_paths.add(head, group.emissions, encoded.tags, encoded.word_mask, found)

    def calibrate(self) -> dict[str, float | int | None] | None:
        """Fit the temperature of confidences on the dev scores of these weights.

        Checkpoints of this step then hold it. All devices must call this.

        Returns:
            The temperature, what it was fitted on, and epoch and step of the weights; ``None`` if
            these weights have no dev scores.
        """
        score = self.dev_score_of_step()
        if score is None:
            return None
        paths = self._from_all_devices(self.dev_paths.sentences())
        if (fitted := fit_temperature(self.tag_set, paths)) is None:
            return None
        score["temperature"] = fitted.temperature
        place = {"epoch": self.trainer.current_epoch, "step": self.trainer.global_step}
        return {**fitted._asdict(), **place}

    def _from_all_devices(self, paths: list[DevPath]) -> list[DevPath]:
        """Gather the dev sentences of all devices."""
        if self.trainer.world_size == 1:
            return paths
        parts: list[Any] = [None] * self.trainer.world_size
        torch.distributed.all_gather_object(parts, paths)
        return list(chain.from_iterable(parts))

    def on_validation_epoch_start(self) -> None:
        """Reset the dev scores."""
        self.dev_scores.reset()
        self.dev_loss.reset()
        self.dev_paths.clear()

    def validation_step(self, batch: list[Any], batch_idx: int) -> dict[str, Any]:
        """Tag and score a dev batch; return the ``tags``.

        The batch may be empty: several devices can share a corpus unevenly.
        """
        del batch_idx
        if not batch:
            return {"tags": []}
        gold = [_gold(sentence) for sentence in queries(batch)]
        tags = self.tag_dev_batch(batch)
        self.dev_scores.update(gold, tags)
        return {"tags": tags}

    def on_validation_epoch_end(self) -> None:
        """Log the dev scores."""
        self.note_dev_score(self._log_scores("dev", self.dev_scores)["f1"])
        self.log("dev/loss", self.dev_loss.compute(), sync_dist=True)

    def on_test_epoch_start(self) -> None:
        """Create scores for each test set of the data module."""
        data: Any = getattr(self.trainer, "datamodule", None)
        self.test_names: list[str] = data.test_names
        tests = [] if self.data is None else list(chain.from_iterable(data.test_sets()))
        self.test_scores = nn.ModuleList(
            TaggingScores(self.new_scores(tests), self.temperature).to(self.device)
            for _ in self.test_names
        )
        seen = (self.origin or {}).get("train_entities") or self.entity_types
        unseen = count_types(tests, without=seen)
        if unseen and not data.has_training_data:  # else the data module has already warned
            listed = ", ".join(f"{type_} ({count:,})" for type_, count in unseen.items())
            rank_zero_warn(
                f"The test data of {data.name} contain entity types that the tagger was not "
                f"trained on: {listed}. These entities count as missed."
            )

    def test_step(
        self, batch: list[Any], batch_idx: int, dataloader_idx: int = 0
    ) -> dict[str, Any]:
        """Tag and score a test batch.

        Returns:
            The ``tags``, and if `returns_losses` is set the ``losses`` of the sentences' gold tags,
            in nats, summed over the words of each.
        """
        del batch_idx
        losses: list[float] | None = [] if self.returns_losses else None
        if not batch:
            return {"tags": [], "losses": losses}
        gold = [_gold(sentence) for sentence in queries(batch)]
        scores = self.test_scores[dataloader_idx]
        assert isinstance(scores, TaggingScores)
        tags, confidences = self.tag_with_temperatures(batch, scores.temperatures, losses)
        scores.update(gold, tags, confidences)
        return {"tags": tags, "losses": losses}

    def on_test_epoch_end(self) -> None:
        """Log the scores of each test set; with several sets, also their mean F1."""
        self.log("step", float(self.trained_steps))  # Lightning uses it as the x-coordinate
        several = len(self.test_scores) > 1
        headline = []
        for name, scores in zip(self.test_names, self.test_scores, strict=True):
            assert isinstance(scores, TaggingScores)
            prefix = f"test/{name}" if several else "test"
            headline.append(self._log_scores(prefix, scores.entities)["f1"])
            sure = {f"{prefix}/{key}": value for key, value in scores.confidences.compute().items()}
            self.log_dict(sure, sync_dist=True)
        if several:
            self.log("test/f1", torch.stack(headline).mean(), sync_dist=True)

    def predict_step(self, batch: list[Any], batch_idx: int) -> list[Sentence]:
        """Tag a batch and return its sentences with the predicted tags."""
        del batch_idx
        if not batch:
            return []
        tags = self.tag_batch(batch)
        return [sentence.with_tags(t) for sentence, t in zip(queries(batch), tags, strict=True)]

    @property
    def temperature(self) -> float | None:
        """The temperature of the loaded checkpoint; ``None`` if none was fitted for it."""
        return (self.origin or {}).get("temperature")

    @property
    def data(self) -> Any:
        """The trainer's data module of tagged sentences, or ``None``."""
        data = None if self._trainer is None else getattr(self.trainer, "datamodule", None)
        return data if hasattr(data, "has_training_data") else None

    def new_scores(self, sentences: Iterable[Sentence]) -> EntityScores:
        """Create scores for the tagger's types and all other types in gold sentences."""
        more = count_types(sentences, without=self.entity_types)
        return EntityScores((*self.entity_types, *more)).to(self.device)

    def _log_scores(self, prefix: str, scores: EntityScores) -> dict[str, Tensor]:
        """Log all scores under ``prefix`` and return them."""
        values = scores.compute()
        self.log_dict(
            {f"{prefix}/{name}": value.float() for name, value in values.items() if name != "f1"},
            sync_dist=True,
        )
        self.log(f"{prefix}/f1", values["f1"], prog_bar=True, sync_dist=True)
        return values


def _gold(sentence: Sentence) -> tuple[str, ...]:
    """Return the gold tags of a sentence."""
    if sentence.tags is None:
        raise ValueError(
            f"The sentence {' '.join(sentence.words)[:80]!r} has no tags and cannot be scored. Use "
            "`predict` for text without tags."
        )
    return sentence.tags
