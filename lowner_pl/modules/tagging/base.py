"""The base class of taggers: how one is built, and which weights it can start from."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Literal

import torch
from lightning.pytorch.cli import OptimizerCallable
from lightning.pytorch.utilities import rank_zero_info
from torch import Tensor, nn
from torchmetrics import MeanMetric

from lowner_pl.corpus import TagSet
from lowner_pl.encoding import RANDOM_MARKER, Marker, WordEncoder
from lowner_pl.metrics import EntityScores
from lowner_pl.modules.base import Schedule
from lowner_pl.modules.frozen import FrozenWeights, weights_of
from lowner_pl.modules.identity import IDENTITY, hash_of_backbone
from lowner_pl.modules.optimizers import ner as adamw
from lowner_pl.modules.tagging.steps import TaggingModule
from lowner_pl.nn import (
    Average,
    DevPaths,
    HeadName,
    Tagger,
    build_head,
    load_backbone,
    max_positions,
)
from lowner_pl.runs.checkpoints import read_checkpoint
from lowner_pl.runs.ranges import check_range


class NERModule(TaggingModule):
    """A tagger of words. A method that only changes the input overrides `encode`.

    Args:
        entity_types: Entity types of the corpus, set by the data module. For a corpus without
            training data, the checkpoint's types are used.
        backbone: Hugging Face hub id or local folder of a masked language model, or ``embedded``.
        head: ``softmax``, or ``crf`` for a conditional random field over the words.
        tag_scheme: ``iob2`` (B- and I- tags) or ``io`` (one tag per type, as in the formula of
            MANER's first version; adjacent entities of the same type are merged).
        dropout: Dropout rate before the head, at least 0 and below 1.
        max_length: Maximum number of subwords per window, markers included. Limited by the
            backbone.
        context: Subwords of context on each side of a window, for sentences longer than one.
        frozen_layers: Freeze the embeddings and this many bottom layers; ``null`` freezes nothing.
        train_embeddings: Which subword vectors are trained: ``all``; those ``used`` in the training
            sentences, which saves the memory and the time that the optimiser spends on all others;
            or ``none``.
        lora_rank: Freeze the backbone, and train low-rank updates of this rank and the head (LoRA;
            `Hu et al., 2022 <https://arxiv.org/abs/2106.09685>`_). ``null`` trains the backbone.
            Of the subword vectors, only those of ``train_embeddings: used`` are trained beside.
        gradient_checkpointing: Compute layers again in the backward pass, to save memory.
        subwords_per_pass: Split batches with more subwords into several passes, to bound memory.
        optimizer: Creates the optimiser for the parameters.
        schedule: Learning rate schedule over the run: constant, or linear or cosine decay to 0.
        warmup: Share of the training steps during which the learning rate rises from 0. Between 0
            and 1.
        head_lr_factor: Multiplies the learning rate of the head. Above 0.
        average: Whether the training loss is the mean over all ``words`` of a batch, or over its
            ``sentences`` regardless of their length (Eq. 3 of `Wu et al., 2020
            <https://arxiv.org/abs/1911.06161>`_; only with ``head: softmax``).
        start: Checkpoint of any tagger with the same entity types and backbone. Training starts
            from its weights instead of the pretrained backbone and a random head.
        _marker: Token before each word. The command line offers no argument that begins with an
            underscore; methods pass it.
        _needs_language_model: Whether to keep the backbone's language-model head.

    Raises:
        ValueError: If an option is outside its range, ``average`` does not suit the head, or the
            backbone does not allow ``lora_rank`` or ``gradient_checkpointing``.
    """

    mismatch_remedy = (
        "Use the config in the checkpoint's run folder, or start training from its weights with "
        "`--model.start`."
    )

    tokenizer_is_that_of_files = True
    average_of_head: Average = "words"
    """Value of ``average`` that leaves the losses as the head computes them."""

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
        train_embeddings: Literal["all", "used", "none"] = "all",
        lora_rank: int | None = None,
        gradient_checkpointing: bool = False,
        subwords_per_pass: int = 4_096,
        optimizer: OptimizerCallable = adamw,
        schedule: Schedule = "constant",
        warmup: float = 0.0,
        head_lr_factor: float = 1.0,
        average: Average = "words",
        start: str | None = None,
        _marker: Marker = "none",
        _needs_language_model: bool = False,
    ) -> None:
        if average != self.average_of_head and head == "crf":
            raise ValueError(
                f"`average` is {average!r}, but with `head: crf` it must be "
                f"{self.average_of_head!r}: a CRF's loss already grows with the length of a "
                "sentence. Change it, or use `head: softmax`."
            )
        if lora_rank is not None and frozen_layers is not None:
            raise ValueError(
                f"`lora_rank` is {lora_rank} and `frozen_layers` is {frozen_layers}, but low-rank "
                "updates already freeze the whole backbone. Set one of them to `null`."
            )
        check_range("dropout", dropout, 0.0, 1.0, open_above=True)
        check_range("head_lr_factor", head_lr_factor, 0.0, open_below=True)
        super().__init__(optimizer=optimizer, schedule=schedule, warmup=warmup)
        for argument in ("_marker", "_needs_language_model"):  # no options: not to be saved
            self.hparams.pop(argument, None)
        self.marker = _marker
        self.head_lr_factor = head_lr_factor
        self.average = average
        self.lora_rank = lora_rank
        self.start = start
        self._resumes = False
        self.entity_types = tuple(entity_types)
        self.tag_set = TagSet(self.entity_types, scheme=tag_scheme)
        encoder, language_model, self.tokenizer = load_backbone(
            backbone,
            subwords_per_pass=subwords_per_pass,
            new_tokens={RANDOM_MARKER: ()} if _marker == "random" else {},
            needs_head=_needs_language_model,
            lora_rank=lora_rank,
            gradient_checkpointing=gradient_checkpointing,
        )
        self.word_encoder = WordEncoder(
            self.tokenizer,
            marker=_marker,
            max_length=min(max_length, max_positions(encoder)),
            context=context,
        )
        self.language_model = language_model if _needs_language_model else None
        if frozen_layers is not None:
            encoder.freeze(frozen_layers)
        self.train_embeddings = train_embeddings
        if train_embeddings != "all":
            encoder.embeddings.requires_grad_(False)
        self._new_head = partial(build_head, head, encoder.hidden_size, dropout=dropout)
        self.tagger = Tagger(encoder, self._new_head(self.tag_set))
        self.frozen = FrozenWeights(self, encoder, hash_of_backbone(self.hparams))
        self.dev_scores = EntityScores(self.entity_types)
        self.dev_loss = MeanMetric()
        self.dev_paths = DevPaths()
        self.test_scores = nn.ModuleList()

    def setup(self, stage: str) -> None:
        """Check that the data suit the method, prepare scores, and load the weights of ``start``.

        Scores are for all types of the dev data. A run that resumes has its own weights.
        """
        super().setup(stage)
        if self.data is not None and stage in ("fit", "validate"):
            self.dev_scores = self.new_scores(self.data.sentences("dev"))
        if self.data is not None and stage == "fit" and self.train_embeddings == "used":
            words = (word for s in self.data.sentences("train") for word in s.words)
            self.train_rows(self.word_encoder.ids(words) | self._rows_of_start())
        if self.start is not None and stage == "fit" and not self._resumes:
            self.tagger.load_state_dict(self._read_start(self.start))
            rank_zero_info(f"Training starts from the weights of {self.start}.")

    def train_rows(self, ids: Iterable[int]) -> None:
        """Train the vectors of some subwords; all others stay as they are.

        Args:
            ids: Ids of the subwords.
        """
        self.tagger.backbone.train_rows(ids)

    def monitored(self) -> set[str]:
        """List the losses, and the dev scores of all entities and of each type."""
        scores = EntityScores(self.entity_types)
        scores.update([("O",)], [("O",)])
        return {"train/loss", "dev/loss", *(f"dev/{name}" for name in scores.compute())}

    def new_optimizer(self) -> torch.optim.Optimizer:
        """Create the optimiser, with a parameter group of its own for a faster or slower head."""
        if self.head_lr_factor == 1.0:
            return super().new_optimizer()
        head = list(self.tagger.head.parameters())
        ids = {id(parameter) for parameter in head}
        rest = [p for p in self.parameters() if p.requires_grad and id(p) not in ids]
        optimizer = self.optimizer([{"params": rest}, {"params": head}])
        optimizer.param_groups[1]["lr"] *= self.head_lr_factor
        return optimizer

    def identity(self) -> dict[str, Any]:
        """Describe what a checkpoint must agree with, including the entity types."""
        types = list(self.entity_types)
        return {**super().identity(), "entity_types": types, "lora_rank": self.lora_rank}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Check the checkpoint; without training data, take the entity types from it."""
        saved = checkpoint.get(IDENTITY)
        saved = saved if isinstance(saved, dict) else {}
        if self.data is not None and not self.data.has_training_data:
            self._take_types(tuple(saved.get("entity_types") or self.entity_types))
        weights = checkpoint["state_dict"]
        self.tagger.backbone.unpack_for(weights, prefix="tagger.backbone.")
        rows = self.tagger.backbone.rows_in(weights, prefix="tagger.backbone.")
        if rows is not None and self.train_embeddings == "used":
            self.train_rows(rows)
        super().on_load_checkpoint(checkpoint)
        self._resumes = True

    def _take_types(self, entity_types: tuple[str, ...]) -> None:
        """Switch to other entity types, with a new head."""
        self.entity_types = entity_types
        self.tag_set = TagSet(entity_types, scheme=self.tag_set.scheme)
        old = self.tagger.head
        self.tagger.head = self._new_head(self.tag_set).to(old.linear.weight).train(old.training)

    def check_start(self) -> None:
        """Check the checkpoint of ``start``."""
        if self.start is not None:
            self._read_start(self.start)

    def _rows_of_start(self) -> set[int]:
        """Find the subwords whose vectors were trained in the checkpoint of ``start``."""
        if self.start is None:
            return set()
        weights = read_checkpoint(self.start)["state_dict"]
        return set(self.tagger.backbone.rows_in(weights, prefix="tagger.backbone.") or ())

    def _read_start(self, path: str) -> dict[str, Tensor]:
        """Read the tagger's weights from the checkpoint of another tagger."""
        checkpoint = read_checkpoint(path)
        saved: Mapping[str, Any] = checkpoint.get(IDENTITY, {})
        mine = {"entity_types": list(self.entity_types), **self._tokenizer_identity}
        for key, value in mine.items():
            if saved.get(key) != value:
                raise ValueError(
                    f"`start` is '{path}', which has {key} {str(saved.get(key))[:80]}, but "
                    f"{str(value)[:80]} is configured. Choose another checkpoint, or use its "
                    "backbone and entity types."
                )
        try:
            saved_weights = weights_of(checkpoint, self)
        except ValueError as error:
            raise ValueError(f"`start` is '{path}'. {error}") from None
        weights = {
            name.removeprefix("tagger."): weight
            for name, weight in saved_weights.items()
            if name.startswith("tagger.")
        }
        self.tagger.backbone.adopt_rows(weights, prefix="backbone.")
        own = self.tagger.state_dict()
        if {n: w.shape for n, w in weights.items()} != {n: w.shape for n, w in own.items()}:
            raise ValueError(
                f"`start` is '{path}', whose weights differ from those of the configured model in "
                "name or shape. Check `backbone`, `head`, `tag_scheme`, `train_embeddings` and "
                "`lora_rank`."
            )
        return weights
