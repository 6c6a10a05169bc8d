"""MELM: masked entity language modelling, to fill entities with new ones of their type."""

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
from lowner_pl.modules.mlm import MaskedBatch, MLMLightningModule

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
"""Words that the tokens of the common entity types and the paper's languages start from."""


def adam(parameters: Any) -> torch.optim.Optimizer:
    """Return Adam at the paper's learning rate of 1e-5."""
    return torch.optim.Adam(parameters, lr=1e-5, fused=True)


class MELMLightningModule(GeneratingModule, MLMLightningModule):
    """Masked entity language modelling (`Zhou et al., 2022 <https://arxiv.org/abs/2108.13655>`_).

    Sentences are linearised: each word of an entity stands between two tokens that say its tag.
    Fine-tuned to predict masked subwords of entities, new ones in every epoch, the model then
    fills entities with others of their type: ``predict`` writes the new sentences to a file. A
    sentence too long for a window is read in several, and its masks are predicted once each.

    Without ``linearize`` it is the paper's "MELM w/o linearize", and then without training
    (``predict --ckpt_path none``) its "MLM-Entity".

    Args:
        entity_types: Entity types of the corpus; the data module hands them over.
        backbone: Hugging Face hub id or folder of a masked language model, or ``embedded``.
        linearize: Whether label tokens stand around the words of entities.
        languages: Languages to mark beside the labels, for text in several; none without.
        seed_words: Words, parted by blanks, whose subwords' mean the tokens of an entity type or
            language start from, where `SEED_WORDS` has none or others are wanted; without, the
            type's own name in small letters.
        max_length: Subwords in a window, all tokens included; the backbone's limit where lower.
        context: Subwords of context on each side in the windows of longer sentences.
        mask_rate: Chance of each subword of an entity to be masked in training, above 0 and at
            most 1. The paper's eta; at least one is masked in each sentence that has an entity.
        rounds: Candidates generated for each sentence.
        generation_rate: Mean share of an entity's subwords that are masked to be generated, above
            0 and at most 1. The paper's mu.
        k: A subword is drawn evenly from the ``k`` most likely of those that may stand there.
        min_rank: Rank of the most likely subword that may be drawn, from 1 to ``k``; 2 is what the
            released code does.
        keep_script: Whether subwords are only replaced by others in their own script.
        generation_seed: Of the generated sentences; the run's seed without.
        subwords_per_pass: A batch of more subwords is run in several passes, to bound memory.
        optimizer: Makes the optimiser from the parameters.
        schedule: Learning rate over the run: constant, or linear or cosine decay to 0.
        warmup: Share of the steps in which the learning rate rises from 0.

    Raises:
        ValueError: If an option is out of its range, the backbone has no mask token, or it spells
            none of a token's seed words.
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
        subwords_per_pass: int = 16_384,
        optimizer: OptimizerCallable = adam,
        schedule: Schedule = "constant",
        warmup: float = 0.0,
    ) -> None:
        _check(rounds=rounds, generation_rate=generation_rate, k=k, min_rank=min_rank)
        self.entity_types = tuple(entity_types)
        self.linearize = linearize
        self.languages = tuple(languages or ())
        self.seed_words = {**SEED_WORDS, **(seed_words or {})}
        super().__init__(
            backbone=backbone,
            length=max_length,
            mask_rate=mask_rate,
            masked_share=1.0,
            subwords_per_pass=subwords_per_pass,
            optimizer=optimizer,
            schedule=schedule,
            warmup=warmup,
        )
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

    def new_tokens(self) -> Mapping[str, Sequence[str]]:
        """Return the label and language tokens with their seed words; B- and I- share them."""
        if not self.linearize:
            return {}
        labels = {
            label_token(f"{prefix}-{type_}"): self._seeds(type_)
            for type_ in self.entity_types
            for prefix in "BI"
        }
        return labels | {language_token(code): self._seeds(code) for code in self.languages}

    def identity(self) -> dict[str, Any]:
        """Return what a checkpoint must agree on: also what decides on the tokens."""
        return {
            **super().identity(),
            "entity_types": list(self.entity_types),
            "linearize": self.linearize,
            "languages": list(self.languages),
        }

    def mask(self, sentences: list[Sentence], generator: torch.Generator) -> MaskedBatch:
        """Return the sentences that have entities, with masks over subwords of these.

        If none has, the first sentence stands for all, without a mask.
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
        """Score a dev or test batch; entities of types without label tokens are none here."""
        known = [sentence.restricted_to(self.entity_types) for sentence in batch]
        super().validation_step(known, batch_idx, dataloader_idx)

    @cached_property
    def generator(self) -> EntityGenerator:
        """What generates; made when first asked for, as it reads the whole vocabulary.

        Raises:
            ValueError: If the vocabulary is smaller than ``k``.
        """
        spelling = Spelling(self.tokenizer, keep_script=self.keep_script)
        return EntityGenerator(
            self.backbone, self.language_model, self.encoder, spelling, self.options
        )

    def candidates(
        self, sentences: list[Sentence], numbers: Sequence[int], *, seed: int | None = None
    ) -> list[list[Candidate]]:
        """Return candidates of each sentence; see `EntityGenerator.candidates`.

        Args:
            sentences: The sentences, with tags.
            numbers: Number of each sentence in its corpus.
            seed: Of all draws; ``generation_seed`` without.
        """
        seed = self.used_seed if seed is None else seed
        return self.generator.candidates(sentences, numbers, seed=seed)

    @torch.inference_mode()
    def predictions(
        self, sentence: Sentence, *, k: int = 5, guarded: bool = True
    ) -> list[EntityPredictions]:
        """Return the most likely subwords for each masked entity (the paper's Table 3).

        Dropout acts in training mode: call `eval` first. See `EntityGenerator.predictions`.
        """
        return self.generator.predictions(sentence, k=k, guarded=guarded)

    def generation_options(self) -> dict[str, Any]:
        """Return the options that decide on the new sentences."""
        return {
            **self.options._asdict(),
            "keep_script": self.keep_script,
            "languages": list(self.languages),
            "window": [self.length, self.encoder.context],
        }

    def _seeds(self, name: str) -> list[str]:
        """Return the seed words of an entity type or a language."""
        return self.seed_words.get(name, name.lower()).split()


def _check(*, rounds: int, generation_rate: float, k: int, min_rank: int) -> None:
    """Refuse options of the generation that are out of their range."""
    for name, number in {"rounds": rounds, "k": k}.items():
        if number < 1:
            raise ValueError(f"`{name}` must be at least 1, was: {number}.")
    if not 0.0 < generation_rate <= 1.0:
        raise ValueError(
            f"`generation_rate` must be above 0 and at most 1, was: {generation_rate}."
        )
    if not 1 <= min_rank <= k:
        raise ValueError(f"`min_rank` must be from 1 to `k`, {k}, was: {min_rank}.")
