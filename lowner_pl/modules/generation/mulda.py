"""MulDA: whole sentences with their tags, from a sequence-to-sequence model of many languages."""

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
from lowner_pl.nn import load_sequence_to_sequence

ENDLESS = "endless"
WRITTEN_TOGETHER = 4


def adam(parameters: Any) -> torch.optim.Optimizer:
    """Return Adam with the options of the released code."""
    return torch.optim.Adam(parameters, lr=5e-5, betas=(0.9, 0.98), fused=True)


class MulDALightningModule(LikelihoodModule):
    """MulDA (`Liu et al., 2021 <https://aclanthology.org/2021.acl-long.453>`_), with mBART.

    Sentences have a label token before each word of an entity. The encoder reads the language, the
    first words of a sentence with their labels, and one mask; the decoder writes the whole
    sentence. How many words the encoder reads is drawn evenly from 0 to ``prefix_words``, anew in
    every epoch; see `SequenceEncoder`. ``predict`` searches what begins as each training sentence
    does, and writes the well-formed sentences that have entities.

    Args:
        entity_types: Entity types of the corpus; the data module hands them over.
        backbone: Hugging Face hub id or folder of a sequence-to-sequence model that has a mask
            token or T5's ``<extra_id_0>``.
        languages: Languages of the sentences; without, the encoder is told none.
        prefix_words: Words of a sentence that the encoder reads at most, at least 0; always fewer
            than there are.
        max_length: Subwords in a source or target, all tokens included; the backbone's limit where
            lower. Of a longer sentence, the first so many are read.
        rounds: New sentences of each training sentence, at most.
        draws: Candidates at most, for each sentence wanted; without ``sample`` there are no more
            than ``returned`` for each number of first words.
        beams: Beams of the search, 5 in the released code. With ``sample``, 1 draws from the model
            itself.
        returned: Sentences taken of each search, from 1 to ``beams``.
        sample: Whether beams go on with draws from the scores rather than with the best.
        generation_seed: Of the generated sentences; the run's seed without.
        optimizer: Makes the optimiser from the parameters.
        schedule: Learning rate over the run: constant, or linear or cosine decay to 0.
        warmup: Share of the steps in which the learning rate rises from 0.

    Raises:
        ValueError: If an option is out of its range, or the tokenizer has no mask or end token.
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
        if prefix_words < 0:
            raise ValueError(f"`prefix_words` must be at least 0, was: {prefix_words}.")
        for option, value in {"rounds": rounds, "draws": draws}.items():
            if value <= 0:
                raise ValueError(f"`{option}` must be above 0, was: {value}.")
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
        """Return what a checkpoint must agree on: also what decides on the tokens."""
        return {
            **super().identity(),
            "entity_types": list(self.entity_types),
            "languages": list(self.languages),
        }

    def forward(self, batch: SequenceBatch) -> Tensor:
        """Return vocabulary scores of the targets. Shape ``(B, T, V)``."""
        source, source_mask, given, _ = (part.to(self.device) for part in batch)
        scores: Tensor = self.model(
            input_ids=source,
            attention_mask=source_mask.long(),
            decoder_input_ids=given,
            use_cache=False,
        ).logits
        return scores

    def loss(self, sentences: list[Sentence], generator: torch.Generator) -> tuple[Tensor, int]:
        """Return the mean cross-entropy over the targets' subwords, and their number.

        Args:
            sentences: Tagged sentences.
            generator: Draws how many words the encoder reads, on the CPU.
        """
        batch = self.encoder(sentences, generator)
        wanted = batch.wanted.to(self.device)
        loss = cross_entropy(self(batch).flatten(0, 1), wanted.flatten(), ignore_index=IGNORED)
        return loss, int((batch.wanted != IGNORED).sum())

    def validation_step(
        self, batch: list[Sentence], batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Score a dev or test batch; entities of types without label tokens are none here."""
        known = [sentence.restricted_to(self.entity_types) for sentence in batch]
        super().validation_step(known, batch_idx, dataloader_idx)

    def generation_options(self) -> dict[str, Any]:
        """Return the options that decide on the new sentences."""
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
        """Return what is written behind the first words of each sentence, when it is asked for.

        The encoder reads 0 to ``prefix_words`` of the words, never all of them, in an order that
        the seed draws. Beam search always answers a source with the same sentences, so that each
        is asked once; with ``sample`` they are asked again and again.
        """
        seed = self.used_seed if seed is None else seed
        return [
            islice(self._written(sentence, self.drawing(seed, number)), self.rounds * self.draws)
            for sentence, number in zip(sentences, numbers, strict=True)
        ]

    def _written(self, sentence: Sentence, draws: torch.Generator) -> Iterator[Candidate]:
        """Yield sentences, or what is wrong with what was written, source by source."""
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
        """Return the sentence that a row of subwords stands for, or what is wrong with it."""
        tokens = self.encoder.subwords.decode(row)
        if isinstance(tokens, str):
            return tokens
        return parsed(tokens, language=language, unknown="drop")
