"""Masked-language modelling: pre-training a fresh backbone, or continuing it on your own text."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from lightning.pytorch.cli import OptimizerCallable
from torch import Tensor
from torch.nn.functional import cross_entropy

from lowner_pl.corpus import Sentence
from lowner_pl.encoding import WordEncoder, mask_subwords, pack_lines
from lowner_pl.metrics import MaskedScores, ScoresByPart
from lowner_pl.modules.base import BaseModule, MethodKind, Schedule
from lowner_pl.modules.frozen import FrozenWeights
from lowner_pl.modules.identity import hash_of_backbone
from lowner_pl.modules.optimizers import mlm as adamw
from lowner_pl.modules.spelling import check_spelling
from lowner_pl.nn import (
    SampledSoftmax,
    Teacher,
    check_sampling,
    load_backbone,
    max_positions,
    save_backbone,
    set_dropout,
    unexplained_variance,
)
from lowner_pl.runs.ranges import check_range

COUNTED_LINES = 50_000
"""At most so many lines are counted, to draw subwords for the sampled softmax."""

TrainedEmbeddings = Literal["all", "added", "none"]


class MaskedBatch(NamedTuple):
    """Masked windows of text, concatenated. Axes: N subwords, M positions to predict.

    Attributes:
        input_ids: Subword ids after masking. Shape ``(N,)``.
        lengths: Number of subwords in each window.
        positions: Positions to predict. Shape ``(M,)``.
        targets: Original subword ids at these positions. Shape ``(M,)``.
    """

    input_ids: Tensor
    lengths: tuple[int, ...]
    positions: Tensor
    targets: Tensor


class MLMLightningModule(BaseModule):
    """Masked-language modelling (`Devlin et al., 2019 <https://arxiv.org/abs/1810.04805>`_).

    The lines of a batch are concatenated and cut into windows of equal length. In training, the
    remainder that does not fill a window is left out of that epoch, unless there is nothing else.
    Masks are redrawn in every epoch. The vocabulary is scored only at the positions to predict.
    A method that masks differently overrides `mask`.

    Args:
        backbone: Hugging Face hub id or local folder of a masked language model, or ``embedded``.
        length: Number of subwords per window, special tokens included. Limited by the backbone.
        mask_rate: Share of the subwords to predict. Above 0 and at most 1.
        masked_share: Share of the predicted subwords that become the mask token, between 0 and 1.
            Half of the others become a random subword, the other half stay unchanged. BERT uses
            0.8; with 1 there are only masks.
        dropout: Dropout rate of the backbone, at least 0 and below 1; ``null`` leaves its own.
            Without dropout a step is faster, and text that is read once needs none.
        sampled_softmax: Train with the loss over this many subwords drawn from the vocabulary
            instead of all; see `SampledSoftmax`. ``null`` uses all. Scores always use all.
        train_embeddings: ``all``; ``none``; or ``added``, which trains the mask's row and those of
            the subwords that the backbone's ``config.json`` lists as ``added_subwords``.
        teacher: Backbone of the same vocabulary and size, usually the one that training starts
            from. Hidden states stay close to its own, so that less of what it knows wears off; see
            `Teacher`. ``null`` for none.
        teacher_weight: Weight of the teacher's loss beside the loss of the masked subwords.
        lora_rank: Train low-rank updates of this rank and the head, and freeze all else (LoRA).
        gradient_checkpointing: Compute layers again in the backward pass, to save memory.
        subwords_per_pass: Split batches with more subwords into several passes, to bound memory.
        optimizer: Creates the optimiser for the parameters.
        schedule: Learning rate schedule over the run: constant, or linear or cosine decay to 0.
        warmup: Share of the training steps during which the learning rate rises from 0. Between 0
            and 1.
        _new_tokens: Tokens that a method adds, with their seed words; see `load_backbone`. The
            command line offers no argument that begins with an underscore.

    Raises:
        ValueError: If an option is outside its range, or the backbone has no mask token or no
            language-model head, or does not allow ``lora_rank`` or ``gradient_checkpointing``.
    """

    kind: MethodKind = "language_model"
    method = "mlm"
    headline = "accuracy"

    def __init__(
        self,
        *,
        backbone: str = "embedded",
        length: int = 128,
        mask_rate: float = 0.15,
        masked_share: float = 0.8,
        dropout: float | None = None,
        sampled_softmax: int | None = None,
        train_embeddings: TrainedEmbeddings = "all",
        teacher: str | None = None,
        teacher_weight: float = 1.0,
        lora_rank: int | None = None,
        gradient_checkpointing: bool = False,
        subwords_per_pass: int = 16_384,
        optimizer: OptimizerCallable = adamw,
        schedule: Schedule = "linear",
        warmup: float = 0.1,
        _new_tokens: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(optimizer=optimizer, schedule=schedule, warmup=warmup)
        self.hparams.pop("_new_tokens", None)  # no option: not to be saved
        check_range("mask_rate", mask_rate, 0.0, 1.0, open_below=True)
        check_range("masked_share", masked_share, 0.0, 1.0)
        check_range("length", length, 3)  # a subword and the two special tokens around it
        self.mask_rate = mask_rate
        self.masked_share = masked_share
        self.lora_rank = lora_rank
        self.backbone, self.language_model, self.tokenizer = load_backbone(
            backbone,
            subwords_per_pass=subwords_per_pass,
            new_tokens=_new_tokens,
            needs_head=True,
            lora_rank=lora_rank,
            gradient_checkpointing=gradient_checkpointing,
        )
        self.length = min(length, max_positions(self.backbone))
        self.word_encoder = WordEncoder(self.tokenizer, max_length=self.length)
        self.word_encoder.mask_id  # noqa: B018 - fails here instead of in the first step
        if dropout is not None:
            check_range("dropout", dropout, 0.0, 1.0, open_above=True)
            set_dropout(self.backbone, dropout)
        if sampled_softmax is not None:
            check_range("sampled_softmax", sampled_softmax, 1)
            subwords = check_sampling(self.language_model, self.backbone.hidden_size)
            if sampled_softmax >= subwords:
                raise ValueError(
                    f"`sampled_softmax` is {sampled_softmax:,}, but the vocabulary has "
                    f"{subwords:,} subwords. Choose fewer, or null to use all."
                )
        self.sampled_softmax = sampled_softmax
        self.sampled: SampledSoftmax | None = None
        if train_embeddings == "none":
            self.backbone.embeddings.requires_grad_(False)
        if train_embeddings == "added":
            vocabulary = self.tokenizer.get_vocab()
            new = [vocabulary[token] for token in _new_tokens or ()]
            added = self.backbone.added_subwords
            self.backbone.train_rows([self.word_encoder.mask_id, *added, *new])
        self.frozen = FrozenWeights(self, self.backbone, hash_of_backbone(self.hparams))
        check_range("teacher_weight", teacher_weight, 0.0, open_below=True)
        if teacher is None and teacher_weight != 1.0:
            raise ValueError(
                f"`teacher_weight` is {teacher_weight}, but there is no `teacher`. Name one, such "
                "as the backbone that training starts from, or leave the weight out."
            )
        self.teacher_weight = teacher_weight
        self.teacher: Teacher | None = None  # no module: checkpoints must not contain it
        if teacher is not None:
            self.teacher = Teacher(
                teacher,
                tokenizer=self.tokenizer,
                hidden_size=self.backbone.hidden_size,
                subwords_per_pass=subwords_per_pass,
            )
        self._specials = torch.tensor(self.tokenizer.all_special_ids)
        self.scores = self._new_scores()
        self._checked: Any = None  # data module whose text the tokenizer can spell

    def identity(self) -> dict[str, Any]:
        """Describe what a checkpoint must agree with, including the rank of its updates."""
        return {**super().identity(), "lora_rank": self.lora_rank}

    def mask(self, sentences: list[Sentence], generator: torch.Generator) -> MaskedBatch:
        """Pack sentences into windows and mask them, with draws from ``generator``."""
        encoder = self.word_encoder
        ids, lengths = pack_lines(
            encoder.lines(sentences),
            length=self.length,
            prefix=encoder.prefix,
            suffix=encoder.suffix,
        )
        if self.training and len(lengths) > 1 and lengths[0] < lengths[1]:
            # Keep the number of shapes small: on a CPU, a new shape costs as much as a product.
            ids, lengths = ids[lengths[0] :], lengths[1:]
        masked, positions = mask_subwords(
            ids,
            ~torch.isin(ids, self._specials),
            probability=self.mask_rate,
            mask_id=encoder.mask_id,
            vocabulary=self.tokenizer.vocab_size,
            generator=generator,
            masked_share=self.masked_share,
        )
        return MaskedBatch(masked, lengths, positions, ids[positions])

    def forward(self, batch: MaskedBatch) -> Tensor:
        """Compute vocabulary scores at the positions to predict. Shape ``(M, V)``."""
        scores: Tensor = self.language_model(self._hidden(batch)[batch.positions.to(self.device)])
        return scores

    def _hidden(self, batch: MaskedBatch) -> Tensor:
        """Compute the hidden states of masked windows. Shape ``(N, H)``."""
        hidden: Tensor = self.backbone(batch.input_ids.to(self.device), batch.lengths)
        return hidden

    def loss(self, batch: MaskedBatch) -> Tensor:
        """Compute the mean cross-entropy at the positions to predict; 0 if there are none."""
        return self._masked_loss(self._hidden(batch), batch)

    def _masked_loss(self, hidden: Tensor, batch: MaskedBatch) -> Tensor:
        """Compute the mean cross-entropy from hidden states ``(N, H)``."""
        targets, hidden = batch.targets.to(self.device), hidden[batch.positions.to(self.device)]
        if self.sampled is not None and self.training and len(targets):
            table = self.backbone.embeddings
            return self.sampled.loss(hidden, targets, head=self.language_model, table=table)
        scores = self.language_model(hidden)
        return cross_entropy(scores.float(), targets, reduction="sum") / max(len(targets), 1)

    def losses(self, batch: MaskedBatch) -> dict[str, Tensor]:
        """Compute ``loss``, which training minimises, and with a teacher the parts of it."""
        if self.teacher is None:
            return {"loss": self.loss(batch)}
        hidden = self._hidden(batch)
        masked = self._masked_loss(hidden, batch)
        kept = self._teacher_loss(hidden, batch, self.teacher)
        loss = masked + self.teacher_weight * kept
        return {"loss": loss, "masked_loss": masked, "teacher_loss": kept}

    def _teacher_loss(self, hidden: Tensor, batch: MaskedBatch, teacher: Teacher) -> Tensor:
        """Compare hidden states ``(N, H)`` with the teacher's of the unmasked text."""
        ids = batch.input_ids.clone()
        ids[batch.positions] = batch.targets
        return unexplained_variance(hidden, teacher.hidden(ids.to(self.device), batch.lengths))

    def training_step(self, batch: list[Sentence], batch_idx: int) -> Tensor:
        """Mask a batch; compute, check and log its loss."""
        # Sort by language, so that few windows mix languages.
        languages = list(dict.fromkeys(sentence.language for sentence in batch))
        batch = sorted(batch, key=lambda sentence: languages.index(sentence.language))
        masked = self.mask(batch, torch.default_generator)
        losses = self.losses(masked)
        self.check_finite(losses["loss"], batch, batch_idx)
        for name, value in losses.items():
            self.log(f"train/{name}", value, prog_bar=name == "loss", batch_size=len(batch))
        return losses["loss"]

    def on_fit_start(self) -> None:
        """Check the text of the data module, if there is one."""
        if (data := getattr(self.trainer, "datamodule", None)) is not None:
            self.check_data(data)
        if self.sampled_softmax is not None and data is not None:
            self.sampled = SampledSoftmax(self._count(data), self.sampled_softmax).to(self.device)
        if self.teacher is not None:
            self.teacher.to(self.device)

    def _count(self, data: Any) -> Tensor:
        """Count the subwords of a sample of the training lines. Shape ``(V,)``."""
        available, _ = data.sizes()
        lines = self.word_encoder.lines(data.sample(min(available, COUNTED_LINES)))
        ids = torch.tensor([subword for line in lines for subword in line])
        return torch.bincount(ids, minlength=self.language_model.output_layer.out_features)

    def check_data(self, data: Any) -> None:
        """Check, once, that the tokenizer can spell the text; see `check_spelling`."""
        if self._checked is data:
            return
        check_spelling(data.sentences("dev"), self.word_encoder, self.tokenizer)
        self._checked = data

    def on_validation_epoch_start(self) -> None:
        """Reset the scores."""
        self.scores = self._new_scores()

    def validation_step(
        self, batch: list[Sentence], batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Score a dev batch, with the same masks every time.

        The batch may be empty: several devices can share a corpus unevenly.
        """
        name = (batch and batch[0].language) or str(dataloader_idx)
        self.scores.add_parts(dataloader_idx + 1, name)
        if not batch:
            return
        generator = torch.Generator().manual_seed(1_000_003 * dataloader_idx + batch_idx)
        masked = self.mask(batch, generator)
        with self.backbone.written_back():
            self.scores.update(dataloader_idx, self(masked), masked.targets.to(self.device))

    def on_validation_epoch_end(self) -> None:
        """Log the dev scores."""
        self.note_dev_score(self._log_scores("dev")[self.headline])

    def on_test_epoch_start(self) -> None:
        """Reset the scores."""
        self.on_validation_epoch_start()

    def test_step(self, batch: list[Sentence], batch_idx: int, dataloader_idx: int = 0) -> None:
        """Score a test batch."""
        self.validation_step(batch, batch_idx, dataloader_idx)

    def on_test_epoch_end(self) -> None:
        """Log the test scores."""
        self._log_scores("test")

    def monitored(self) -> set[str]:
        """List the training loss and the dev scores of all text."""
        return {"train/loss", *(f"dev/{name}" for name in MaskedScores.names)}

    def export(self, folder: str | Path, *, dtype: torch.dtype = torch.float32) -> None:
        """Save the backbone to a folder; see `save_backbone`."""
        save_backbone(self.backbone, self.language_model, self.tokenizer, folder, dtype=dtype)

    def _new_scores(self) -> ScoresByPart:
        return ScoresByPart(len(self.tokenizer)).to(self.device)

    def _log_scores(self, prefix: str) -> dict[str, Tensor]:
        """Log the scores of all text and, with several loaders, of each language.

        Returns:
            The scores of all text.
        """
        parts = dict(self.scores.compute())
        for name, values in parts.items():
            place = f"{prefix}/{name}" if name else prefix
            self.log_dict({f"{place}/{k}": v for k, v in values.items()}, sync_dist=True)
        return parts[""]
