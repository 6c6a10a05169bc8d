"""Taggers: sentences to batches, loss, scores, predictions."""

from abc import abstractmethod
from collections.abc import Iterable
from functools import partial
from itertools import chain
from typing import Any, Literal

import torch
from lightning.pytorch.cli import OptimizerCallable
from lightning.pytorch.utilities import rank_zero_info, rank_zero_warn
from torch import Tensor, nn
from torchmetrics import MeanMetric

from lowner_pl.corpus import Sentence, TagSet, count_types, queries
from lowner_pl.encoding import RANDOM_MARKER, Batch, Marker, WordEncoder
from lowner_pl.metrics import EntityScores
from lowner_pl.modules.base import IDENTITY, BaseModule, MethodKind, Schedule
from lowner_pl.modules.tagging.start import read_start
from lowner_pl.nn import (
    Average,
    HeadName,
    MaskedLMHead,
    Tagger,
    build_head,
    load_backbone,
    max_positions,
)


def adamw(parameters: Any) -> torch.optim.Optimizer:
    """Return AdamW at the papers' learning rate of 5e-6."""
    return torch.optim.AdamW(parameters, lr=5e-6, fused=True)


class NERModule(BaseModule):
    """A tagger of words. A method that only changes the input overrides `encode`.

    Args:
        entity_types: Entity types of the corpus; the data module hands them over. A corpus without
            training data is tagged with those of the checkpoint.
        backbone: Hugging Face hub id or folder of a masked language model, or ``embedded``.
        head: ``softmax``, or ``crf``: a conditional random field over the words.
        tag_scheme: ``iob2`` (B- and I- of each type) or ``io`` (one tag a type, as in the formula
            of MANER's first version; neighbouring entities of one type become one).
        dropout: Dropout before the head, from 0 to 1.
        max_length: Subwords in a window, markers included; the backbone's limit where lower.
        context: Subwords of context on each side in the windows of longer sentences.
        frozen_layers: Freezes the embeddings and this many bottom layers; ``null`` freezes nothing.
        subwords_per_pass: A batch of more subwords is run in several passes, to bound memory.
        optimizer: Makes the optimiser from the parameters.
        schedule: Learning rate over the run: constant, or linear or cosine decay to 0.
        warmup: Share of the steps in which the learning rate rises from 0.
        head_lr_factor: The head learns at this many times the learning rate of the backbone.
        average: What the loss of a training batch is the mean of: all its ``words``, or its
            ``sentences``, each of which counts the same however long it is (Eq. 3 of `Wu et al.,
            2020 <https://arxiv.org/abs/1911.06161>`_); the latter with ``head: softmax`` alone.
        start: Checkpoint of any of our taggers with the same entity types and backbone, whose
            weights training begins with, instead of the backbone's and a random head.

    Raises:
        ValueError: If ``head_lr_factor`` is not positive, or ``average`` does not suit the head.
    """

    kind: MethodKind = "tagger"
    predicts = True
    mismatch_remedy = (
        "Use the config of the checkpoint's own run folder, or begin training with its weights: "
        "`--model.start`."
    )

    average_of_head: Average = "words"
    """What the method averages over when it takes the losses as the head gives them."""
    marker: Marker = "none"
    needs_language_model = False
    """Whether the head of the masked language model is needed; see `keep_language_model`."""

    def __init__(
        self,
        *,
        entity_types: tuple[str, ...],
        backbone: str = "embedded",
        head: HeadName = "softmax",
        tag_scheme: Literal["iob2", "io"] = "iob2",
        dropout: float = 0.1,
        max_length: int = 512,
        context: int = 64,
        frozen_layers: int | None = None,
        subwords_per_pass: int = 4_096,
        optimizer: OptimizerCallable = adamw,
        schedule: Schedule = "constant",
        warmup: float = 0.0,
        head_lr_factor: float = 1.0,
        average: Average = "words",
        start: str | None = None,
    ) -> None:
        self._check(head, average, head_lr_factor)
        super().__init__(optimizer=optimizer, schedule=schedule, warmup=warmup)
        self.head_lr_factor = head_lr_factor
        self.average: Average = average
        self.start = start
        self._begins = True
        self.entity_types = tuple(entity_types)
        self.tag_set = TagSet(self.entity_types, scheme=tag_scheme)
        encoder, language_model, self.tokenizer = load_backbone(
            backbone,
            subwords_per_pass=subwords_per_pass,
            new_tokens={RANDOM_MARKER: ()} if self.marker == "random" else {},
            needs_head=self.needs_language_model,
        )
        self.word_encoder = WordEncoder(
            self.tokenizer,
            marker=self.marker,
            max_length=min(max_length, max_positions(encoder)),
            context=context,
        )
        self.keep_language_model(language_model)
        if frozen_layers is not None:
            encoder.freeze(frozen_layers)
        self._new_head = partial(build_head, head, encoder.hidden_size, dropout=dropout)
        self.tagger = Tagger(encoder, self._new_head(self.tag_set))
        self.dev_scores = EntityScores(self.entity_types)
        self.dev_loss = MeanMetric()
        self.test_scores = nn.ModuleList()

    def _check(self, head: HeadName, average: Average, head_lr_factor: float) -> None:
        """Refuse options that are out of range or do not suit each other."""
        if average != self.average_of_head and head == "crf":
            raise ValueError(
                f"`average` must be {self.average_of_head!r} with `head: crf`, whose loss grows "
                f"with the words of a sentence by itself, was: {average!r}. Set it so, or use "
                "`head: softmax`."
            )
        if head_lr_factor <= 0.0:
            raise ValueError(f"`head_lr_factor` must be above 0, was: {head_lr_factor}.")

    def setup(self, stage: str) -> None:
        """Make sure that the data suit the method, and score all types that the dev data have."""
        super().setup(stage)
        data = self._data
        if data is None or stage == "predict":
            return
        if stage in ("fit", "validate"):
            self.dev_scores = self._new_scores(data.sentences("dev"))

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse a checkpoint that does not fit; training goes on from one, and does not begin.

        Where the data have no training sentences, the checkpoint decides on the entity types.
        """
        saved = checkpoint.get(IDENTITY)
        saved = saved if isinstance(saved, dict) else {}
        if self._data is not None and not self._data.has_training_data:
            self._take_types(tuple(saved.get("entity_types") or self.entity_types))
        super().on_load_checkpoint(checkpoint)
        self._begins = False

    def _take_types(self, entity_types: tuple[str, ...]) -> None:
        """Become a tagger of other entity types, with a new head."""
        self.entity_types = entity_types
        self.tag_set = TagSet(entity_types, scheme=self.tag_set.scheme)
        old = self.tagger.head
        self.tagger.head = self._new_head(self.tag_set).to(old.linear.weight).train(old.training)

    @property
    def _data(self) -> Any:
        """The data module of tagged sentences that the trainer works on, if there is one."""
        data = None if self._trainer is None else getattr(self.trainer, "datamodule", None)
        return data if hasattr(data, "has_training_data") else None

    def _new_scores(self, sentences: Iterable[Sentence]) -> EntityScores:
        """Return scores of the tagger's types, and of all others that gold sentences have."""
        more = count_types(sentences, without=self.entity_types)
        return EntityScores((*self.entity_types, *more)).to(self.device)

    def on_fit_start(self) -> None:
        """Take the weights to begin with, unless training goes on from a checkpoint."""
        if self.start is not None and self._begins:
            self.tagger.load_state_dict(self._read_start())
            rank_zero_info(f"Training begins with the weights of {self.start}.")

    def monitored(self) -> set[str]:
        """Name the losses, and the dev scores of all entities and of each type."""
        scores = EntityScores(self.entity_types)
        scores.update([("O",)], [("O",)])
        return {"train/loss", "dev/loss", *(f"dev/{name}" for name in scores.compute())}

    def check_start(self) -> None:
        """Refuse a checkpoint to begin with that does not fit."""
        if self.start is not None:
            self._read_start()

    def _read_start(self) -> dict[str, Tensor]:
        """Return the weights to begin with."""
        assert self.start is not None
        mine = {"entity_types": list(self.entity_types), **self._tokenizer_identity}
        return read_start(self.start, identity=mine, own=self.tagger.state_dict())

    def keep_language_model(self, language_model: MaskedLMHead) -> None:
        """Keep the head of the masked language model, if the method needs it; most do not."""

    def new_optimizer(self) -> torch.optim.Optimizer:
        """Return an optimiser, with a group of its own for a head that learns faster or slower."""
        if self.head_lr_factor == 1.0:
            return super().new_optimizer()
        head = list(self.tagger.head.parameters())
        ids = {id(parameter) for parameter in head}
        rest = [p for p in self.parameters() if p.requires_grad and id(p) not in ids]
        optimizer = self.optimizer([{"params": rest}, {"params": head}])
        optimizer.param_groups[1]["lr"] *= self.head_lr_factor
        return optimizer

    def identity(self) -> dict[str, Any]:
        """Return what a checkpoint must agree on: also the entity types."""
        return {**super().identity(), "entity_types": list(self.entity_types)}

    @abstractmethod
    def encode(self, sentences: list[Sentence], *, train: bool) -> Batch:
        """Return the sentences as this method shows them to the backbone."""

    def loss(self, sentences: list[Sentence]) -> Tensor:
        """Return the training loss of a batch."""
        batch = self.encode(sentences, train=True).to(self.device)
        return self.tagger.loss(batch, average=self.average)

    def training_step(self, batch: list[Any], batch_idx: int) -> Tensor | None:
        """Return the loss, having made sure that it is a number."""
        loss = self.loss(batch)
        self.check_finite(loss, batch, batch_idx)
        self.log("train/loss", self._per_word(loss, batch), prog_bar=True, batch_size=len(batch))
        return loss

    def _per_word(self, loss: Tensor, sentences: list[Sentence]) -> Tensor:
        """Convert the loss of sentences to one per word, which is what is logged."""
        words = sum(len(sentence.words) for sentence in sentences)
        return self.tagger.head.per_word(loss.detach(), sentences=len(sentences), words=words)

    def tag(self, sentences: list[Sentence]) -> tuple[list[tuple[str, ...]], Batch, Tensor]:
        """Return well-formed IOB2 tags for each sentence, the batch and the emissions.

        Gold tags of types that the tagger does not have are ``O`` in the batch, and so for the
        loss: no tag of its own is right there, and ``O`` is the one that costs it least in F1.
        """
        known = [sentence.restricted_to(self.entity_types) for sentence in sentences]
        batch = self.encode(known, train=False).to(self.device)
        emissions = self.tagger(batch)
        ids = self.tagger.head.decode(emissions, batch.word_mask).tolist()
        tags = [
            self.tag_set.decode(row[: len(sentence.words)])
            for row, sentence in zip(ids, sentences, strict=True)
        ]
        return tags, batch, emissions

    def tag_batch(self, batch: list[Any], *, with_loss: bool = False) -> list[tuple[str, ...]]:
        """Return the tags of a batch as the data module yields it, with its dev loss counted."""
        tags, encoded, emissions = self.tag(batch)
        if with_loss:
            loss = self.tagger.head.loss(emissions, encoded.tags, encoded.word_mask)
            sentences = queries(batch)
            words = sum(len(sentence.words) for sentence in sentences)
            self.dev_loss.update(self._per_word(loss, sentences), words)
        return tags

    def on_validation_epoch_start(self) -> None:
        """Start the dev scores afresh."""
        self.dev_scores.reset()
        self.dev_loss.reset()

    def validation_step(self, batch: list[Any], batch_idx: int) -> dict[str, Any]:
        """Return the ``tags`` of a dev batch, having scored them.

        Several devices may share a corpus unevenly: the last batch of one may be empty.
        """
        del batch_idx
        if not batch:
            return {"tags": []}
        gold = [_gold(sentence) for sentence in queries(batch)]
        tags = self.tag_batch(batch, with_loss=True)
        self.dev_scores.update(gold, tags)
        return {"tags": tags}

    def on_validation_epoch_end(self) -> None:
        """Log the dev scores."""
        self.note_dev_score(self._log_scores("dev", self.dev_scores)["f1"])
        self.log("dev/loss", self.dev_loss.compute(), sync_dist=True)

    def on_test_epoch_start(self) -> None:
        """Start the test scores afresh, one for each test set of the data module."""
        data: Any = getattr(self.trainer, "datamodule", None)
        self.test_names: list[str] = data.test_names
        tests = [] if self._data is None else list(chain.from_iterable(data.test_sets()))
        self.test_scores = nn.ModuleList(self._new_scores(tests) for _ in self.test_names)
        seen = (self.origin or {}).get("train_entities") or self.entity_types
        unseen = count_types(tests, without=seen)
        if unseen and not data.has_training_data:  # else the data module has said it
            listed = ", ".join(f"{type_} ({count:,})" for type_, count in unseen.items())
            rank_zero_warn(
                f"The test data of {data.name} have entities of types that the tagger was not "
                f"trained on: {listed}. They count as missed."
            )

    def test_step(
        self, batch: list[Any], batch_idx: int, dataloader_idx: int = 0
    ) -> dict[str, Any]:
        """Return the ``tags`` of a test batch, having scored them."""
        del batch_idx
        if not batch:
            return {"tags": []}
        gold = [_gold(sentence) for sentence in queries(batch)]
        tags = self.tag_batch(batch)
        scores = self.test_scores[dataloader_idx]
        assert isinstance(scores, EntityScores)
        scores.update(gold, tags)
        return {"tags": tags}

    def on_test_epoch_end(self) -> None:
        """Log the scores of each test set; with several, also the mean of their F1."""
        self.log("step", float(self.trained_steps))  # Lightning takes it as the place on the axis
        several = len(self.test_scores) > 1
        headline = []
        for name, scores in zip(self.test_names, self.test_scores, strict=True):
            assert isinstance(scores, EntityScores)
            prefix = f"test/{name}" if several else "test"
            headline.append(self._log_scores(prefix, scores)["f1"])
        if several:
            self.log("test/f1", torch.stack(headline).mean(), sync_dist=True)

    def predict_step(self, batch: list[Any], batch_idx: int) -> list[Sentence]:
        """Return the sentences with the predicted tags."""
        del batch_idx
        if not batch:
            return []
        tags = self.tag_batch(batch)
        return [sentence.with_tags(t) for sentence, t in zip(queries(batch), tags, strict=True)]

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
    """Return the tags of a labelled sentence."""
    if sentence.tags is None:
        raise ValueError(
            f"A sentence must have tags to be scored, was: untagged {' '.join(sentence.words)!r}. "
            "Use `predict` for text without tags."
        )
    return sentence.tags
