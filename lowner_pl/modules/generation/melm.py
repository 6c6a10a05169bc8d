"""MELM: masked entity language modelling, which replaces entities by new ones of their type."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import torch
from lightning.pytorch.cli import OptimizerCallable

from lowner_pl.corpus import Candidate, Sentence
from lowner_pl.encoding import LinearEncoder, Spelling, label_token, language_token, mask_entities
from lowner_pl.modules.base import Schedule
from lowner_pl.modules.generation.base import GeneratingModule
from lowner_pl.modules.generation.entity_generator import (
    EntityGenerator,
    EntityPredictions,
    GenerationOptions,
)
from lowner_pl.modules.mlm import MaskedBatch, MLMLightningModule, TrainedEmbeddings
from lowner_pl.modules.optimizers import melm as adam
from lowner_pl.runs.ranges import check_range

SEED_WORDS = {
    "PER": "person",
    "ORG": "organization",
    "LOC": "location",
    "MISC": "miscellaneous",
    "en": "English",
    "de": "German",
    "es": "Spanish",
    "nl": "Dutch",
}
"""Seed words of the common entity types and the paper's languages."""


class MELMLightningModule(GeneratingModule, MLMLightningModule):
    """Masked entity language modelling (`Zhou et al., 2022 <https://arxiv.org/abs/2108.13655>`_).

    Sentences are linearised: every word of an entity stands between two label tokens that name its
    tag. The model is fine-tuned to predict masked subwords of entities, with new masks in every
    epoch. It then replaces entities by new ones of the same type; ``predict`` writes the new
    sentences to a file. A sentence longer than a window is read in several windows, and each of its
    masks is predicted once.

    ``linearize: false`` is the paper's "MELM w/o linearize"; without training as well (``predict
    --ckpt_path none``) it is "MLM-Entity".

    Args:
        entity_types: Entity types of the corpus, set by the data module.
        backbone: Hugging Face hub id or local folder of a masked language model, or ``embedded``.
        linearize: Whether to put label tokens around the words of entities.
        languages: Languages to mark beside the labels, for multilingual text; by default none.
        seed_words: Space-separated words for an entity type or language. Its tokens start from the
            mean embedding of their subwords. Defaults: `SEED_WORDS`, else the lower-cased name.
        max_length: Maximum number of subwords per window, all tokens included. Limited by the
            backbone.
        context: Subwords of context on each side of a window, for sentences longer than one.
        mask_rate: Probability of masking a subword of an entity in training (the paper's eta).
            Above 0 and at most 1. Each sentence with an entity gets at least one mask.
        rounds: Number of candidates per sentence, at least 1.
        generation_rate: Mean share of an entity's subwords to mask and regenerate (the paper's mu).
            Above 0 and at most 1.
        k: Subwords are drawn uniformly from the ``k`` most likely that fit, at least 1.
        min_rank: Rank of the most likely subword that may be drawn, from 1 to ``k``. The released
            code uses 2.
        keep_script: Whether to replace subwords only by subwords in the same script.
        generation_seed: Seed of the new sentences; by default the run's seed.
        train_embeddings: Which subword vectors are trained: ``all``; those ``added``, which are the
            mask's, the label and language tokens' and those that the backbone's ``config.json``
            lists as ``added_subwords``; or ``none``.
        subwords_per_pass: Split batches with more subwords into several passes, to bound memory.
        optimizer: Creates the optimiser for the parameters.
        schedule: Learning rate schedule over the run: constant, or linear or cosine decay to 0.
        warmup: Share of the training steps during which the learning rate rises from 0. Between 0
            and 1.

    Raises:
        ValueError: If an option is outside its range, the backbone has no mask token, or its
            tokenizer can spell none of the seed words of a token.
    """

    works_untrained = True  # MLM-Entity, an ablation of the paper, is MELM without training

    def __init__(
        self,
        *,
        entity_types: tuple[str, ...],
        backbone: str = "embedded",
        linearize: bool = True,
        languages: list[str] | None = None,
        seed_words: dict[str, str] | None = None,
        max_length: int = 512,
        context: int = 64,
        mask_rate: float = 0.7,
        rounds: int = 3,
        generation_rate: float = 0.5,
        k: int = 5,
        min_rank: int = 1,
        keep_script: bool = True,
        generation_seed: int | None = None,
        train_embeddings: TrainedEmbeddings = "all",
        subwords_per_pass: int = 16_384,
        optimizer: OptimizerCallable = adam,
        schedule: Schedule = "constant",
        warmup: float = 0.0,
    ) -> None:
        check_range("rounds", rounds, 1)
        check_range("generation_rate", generation_rate, 0.0, 1.0, open_below=True)
        check_range("k", k, 1)
        check_range("min_rank", min_rank, 1, k)
        seeds = {**SEED_WORDS, **(seed_words or {})}
        super().__init__(
            backbone=backbone,
            length=max_length,
            mask_rate=mask_rate,
            masked_share=1.0,
            train_embeddings=train_embeddings,
            subwords_per_pass=subwords_per_pass,
            optimizer=optimizer,
            schedule=schedule,
            warmup=warmup,
            _new_tokens=_new_tokens(entity_types, languages or (), seeds) if linearize else None,
        )
        self.entity_types = tuple(entity_types)
        self.linearize = linearize
        self.languages = tuple(languages or ())
        self.encoder = LinearEncoder(
            self.word_encoder, labels=linearize, languages=self.languages, context=context
        )
        self.keep_script = keep_script
        self.generation_seed = generation_seed
        self.rounds = rounds
        self.options = GenerationOptions(rounds, generation_rate, k, min_rank)

    @property
    def method(self) -> str:  # type: ignore[override]
        """``melm``, or ``melm_plain`` without label tokens."""
        return "melm" if self.linearize else "melm_plain"

    def identity(self) -> dict[str, Any]:
        """Describe what a checkpoint must agree with, including the options that add tokens."""
        return {
            **super().identity(),
            "entity_types": list(self.entity_types),
            "linearize": self.linearize,
            "languages": list(self.languages),
        }

    def mask(self, sentences: list[Sentence], generator: torch.Generator) -> MaskedBatch:
        """Encode the sentences that have entities, with masks over subwords of the entities.

        If no sentence has an entity, the batch is the first sentence without a mask.
        """
        self.encoder.remember(sentences)
        encoded = list(map(self.encoder, sentences))
        rows = [row for row in encoded if row.entities] or encoded[:1]
        inside = [[p for entity in row.entities for p in entity] for row in rows]
        chosen = mask_entities([len(part) for part in inside], self.mask_rate, generator)
        masked = [[part[n] for n in picked] for part, picked in zip(inside, chosen, strict=True)]
        batch = self.encoder.mask(rows, masked)
        targets = [row.ids[p] for row, hidden in zip(rows, masked, strict=True) for p in hidden]
        return MaskedBatch(*batch, torch.tensor(targets, dtype=torch.long))

    def validation_step(
        self, batch: list[Sentence], batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Score a dev or test batch, ignoring entities of types without label tokens."""
        known = [sentence.restricted_to(self.entity_types) for sentence in batch]
        super().validation_step(known, batch_idx, dataloader_idx)

    @cached_property
    def generator(self) -> EntityGenerator:
        """The entity generator, created on first use because it reads the whole vocabulary.

        Raises:
            ValueError: If fewer than ``k`` subwords of the vocabulary may be generated.
        """
        spelling = Spelling(self.tokenizer, keep_script=self.keep_script)
        return EntityGenerator(
            self.backbone, self.language_model, self.encoder, spelling, self.options
        )

    def candidates(
        self, sentences: list[Sentence], numbers: Sequence[int], *, seed: int | None = None
    ) -> list[list[Candidate]]:
        """Generate candidates for each sentence; see `EntityGenerator.candidates`.

        Args:
            sentences: The sentences, with tags.
            numbers: Index of each sentence in its corpus, from 0.
            seed: Seed of all draws; `used_seed` by default.
        """
        seed = self.used_seed if seed is None else seed
        return self.generator.candidates(sentences, numbers, seed=seed)

    @torch.inference_mode()
    def predictions(
        self, sentence: Sentence, *, k: int = 5, guarded: bool = True
    ) -> list[EntityPredictions]:
        """Predict the most likely subwords of each entity when it is masked (Table 3).

        Call `eval` first, since dropout is active in training mode. See
        `EntityGenerator.predictions`.
        """
        return self.generator.predictions(sentence, k=k, guarded=guarded)

    def generation_options(self) -> dict[str, Any]:
        """Return the options that determine the new sentences."""
        return {
            **self.options._asdict(),
            "keep_script": self.keep_script,
            "languages": list(self.languages),
            "window": [self.length, self.encoder.context],
        }


def _new_tokens(
    entity_types: Sequence[str], languages: Sequence[str], seed_words: Mapping[str, str]
) -> dict[str, list[str]]:
    """Return label and language tokens with their seed words, the same for B- and I- tokens."""
    labels = {label_token(f"{prefix}-{type_}"): type_ for type_ in entity_types for prefix in "BI"}
    names = labels | {language_token(code): code for code in languages}
    return {token: seed_words.get(name, name.lower()).split() for token, name in names.items()}
