"""MulDA: tagged sentences written by a multilingual sequence-to-sequence model."""

from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from typing import Any

import torch
from lightning.pytorch.cli import OptimizerCallable
from torch import Tensor
from torch.nn.functional import cross_entropy

from lowner_pl.augmentation import labelled, parsed
from lowner_pl.corpus import Candidate, Sentence
from lowner_pl.modules.base import Schedule
from lowner_pl.modules.generation.likelihood import LikelihoodModule
from lowner_pl.modules.generation.sequence_encoder import (
    IGNORED,
    SequenceBatch,
    SequenceEncoder,
    first_words,
)
from lowner_pl.modules.generation.sequence_generator import SearchOptions, write
from lowner_pl.modules.optimizers import mulda as adam
from lowner_pl.nn import load_sequence_to_sequence
from lowner_pl.runs.ranges import check_range

ENDLESS = "endless"
WRITTEN_TOGETHER = 4


class MulDALightningModule(LikelihoodModule):
    """MulDA (`Liu et al., 2021 <https://aclanthology.org/2021.acl-long.453>`_), with mBART.

    A label token precedes each word of an entity. The encoder reads the language, the first words
    of a sentence with their labels, and one mask. The decoder writes the whole sentence. The number
    of words that the encoder reads is drawn uniformly from 0 to ``prefix_words``, anew in every
    epoch; see `SequenceEncoder`. ``predict`` writes sentences that start like the training
    sentences, and keeps the well-formed ones that have entities.

    Args:
        entity_types: Entity types of the corpus, set by the data module.
        backbone: Hugging Face hub id or local folder of a sequence-to-sequence model that has a
            mask token or T5's ``<extra_id_0>``.
        languages: Languages of the sentences; by default the encoder reads no language.
        prefix_words: Maximum number of words that the encoder reads, at least 0. It never reads all
            words of a sentence.
        max_length: Maximum number of subwords in a source or target, all tokens included. Limited
            by the backbone. Longer sentences are cut.
        rounds: Maximum number of new sentences per training sentence, at least 1.
        draws: Maximum number of candidates per wanted sentence, at least 1. Without ``sample``,
            each prefix length gives at most ``returned`` candidates.
        beams: Beam size, at least 1; the released code uses 5. With ``sample``, 1 samples from the
            model itself.
        returned: Sentences returned per search, from 1 to ``beams``.
        sample: Whether beams continue with draws from the scores instead of the best scores.
        generation_seed: Seed of the new sentences; by default the run's seed.
        optimizer: Creates the optimiser for the parameters.
        schedule: Learning rate schedule over the run: constant, or linear or cosine decay to 0.
        warmup: Share of the training steps during which the learning rate rises from 0. Between 0
            and 1.

    Raises:
        ValueError: If an option is outside its range, or the tokenizer has no mask or end token.
    """

    method = "mulda"

    def __init__(
        self,
        *,
        entity_types: tuple[str, ...],
        backbone: str,
        languages: list[str] | None = None,
        prefix_words: int = 3,
        max_length: int = 512,
        rounds: int = 3,
        draws: int = 20,
        beams: int = 5,
        returned: int = 1,
        sample: bool = False,
        generation_seed: int | None = None,
        optimizer: OptimizerCallable = adam,
        schedule: Schedule = "constant",
        warmup: float = 0.0,
    ) -> None:
        super().__init__(optimizer=optimizer, schedule=schedule, warmup=warmup)
        check_range("prefix_words", prefix_words, 0)
        check_range("rounds", rounds, 1)
        check_range("draws", draws, 1)
        self.rounds, self.draws = rounds, draws
        self.search = SearchOptions(beams, returned, sample)
        self.search.check()
        self.generation_seed = generation_seed
        self.entity_types = tuple(entity_types)
        self.languages = tuple(languages or ())
        self.model, self.tokenizer = load_sequence_to_sequence(backbone)
        limit = getattr(self.model.config, "max_position_embeddings", None)  # T5 has none
        self.encoder = SequenceEncoder(
            self.model,
            self.tokenizer,
            [f"{prefix}-{type_}" for type_ in self.entity_types for prefix in "BI"],
            languages=self.languages,
            prefix_words=prefix_words,
            max_length=min(max_length, limit or max_length),
        )

    def identity(self) -> dict[str, Any]:
        """Describe what a checkpoint must agree with, including the options that add tokens."""
        return {
            **super().identity(),
            "entity_types": list(self.entity_types),
            "languages": list(self.languages),
        }

    def forward(self, batch: SequenceBatch) -> Tensor:
        """Compute vocabulary scores of the targets. Shape ``(B, T, V)``."""
        source, source_mask, given, _ = (part.to(self.device) for part in batch)
        scores: Tensor = self.model(
            input_ids=source,
            attention_mask=source_mask.long(),
            decoder_input_ids=given,
            use_cache=False,
        ).logits
        return scores

    def loss(self, sentences: list[Sentence], generator: torch.Generator) -> tuple[Tensor, int]:
        """Compute the mean cross-entropy over the subwords of the targets, and their number.

        Args:
            sentences: Tagged sentences.
            generator: CPU generator that draws how many words the encoder reads.
        """
        batch = self.encoder(sentences, generator)
        wanted = batch.wanted.to(self.device)
        scores = self(batch).float().flatten(0, 1)
        loss = cross_entropy(scores, wanted.flatten(), ignore_index=IGNORED)
        return loss, int((batch.wanted != IGNORED).sum())

    def validation_step(
        self, batch: list[Sentence], batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Score a dev or test batch, ignoring entities of types without label tokens."""
        known = [sentence.restricted_to(self.entity_types) for sentence in batch]
        super().validation_step(known, batch_idx, dataloader_idx)

    def generation_options(self) -> dict[str, Any]:
        """Return the options that determine the new sentences."""
        return {
            "rounds": self.rounds,
            "draws": self.draws,
            **self.search._asdict(),
            "prefix_words": self.encoder.prefix_words,
            "max_length": self.encoder.max_length,
            "languages": list(self.languages),
        }

    def candidates(
        self, sentences: list[Sentence], numbers: Sequence[int], *, seed: int | None = None
    ) -> list[Iterator[Candidate]]:
        """Lazily write sentences that continue the first words of each sentence.

        The encoder reads prefixes of 0 to ``prefix_words`` words, in random order. Beam search
        always answers a prefix with the same sentences, so each is used once. With ``sample`` the
        prefixes are used repeatedly.
        """
        seed = self.used_seed if seed is None else seed
        return [
            islice(self._written(sentence, self.drawing(seed, number)), self.rounds * self.draws)
            for sentence, number in zip(sentences, numbers, strict=True)
        ]

    def _written(self, sentence: Sentence, draws: torch.Generator) -> Iterator[Candidate]:
        """Yield the sentences written for each prefix, or the reason why one is rejected."""
        tokens = labelled(sentence)
        language = sentence.language if self.languages else None
        most = min(self.encoder.prefix_words, len(sentence.words) - 1)
        order = torch.randperm(most + 1, generator=draws).tolist()
        stream = cycle(order) if self.search.sample else iter(order)
        while part := list(islice(stream, WRITTEN_TOGETHER)):
            sources = [self.encoder.source(first_words(tokens, words), language) for words in part]
            rows = write(
                self.model,
                self.encoder.padded(sources),
                [self.encoder.start(language)] * len(part),
                options=self.search,
                end=self.encoder.end,
                most=self.encoder.max_length,
                seed=int(torch.randint(2**62, (), generator=draws)),
            )
            for row in rows:
                yield ENDLESS if row is None else self._sentence(row, language)

    def _sentence(self, row: list[int], language: str | None) -> Candidate:
        """Parse a row of subwords into a sentence, or the reason why it is rejected."""
        tokens = self.encoder.subwords.decode(row)
        if isinstance(tokens, str):
            return tokens
        return parsed(tokens, language=language, unknown="drop")
