"""DAGA: tagged sentences sampled from a language model of labelled text."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from lightning.pytorch.cli import OptimizerCallable
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence

from lowner_pl.augmentation import TokenVocabulary, UnknownWords, labelled, parsed
from lowner_pl.corpus import Candidate, Sentence
from lowner_pl.modules.generation.likelihood import LikelihoodModule
from lowner_pl.modules.optimizers import daga as sgd
from lowner_pl.nn import LSTMLanguageModel
from lowner_pl.runs.ranges import check_range

STATE = "daga"
ENDLESS = "endless"
SAMPLED_TOGETHER = 64


class DAGALightningModule(LikelihoodModule):
    """DAGA (`Ding et al., 2020 <https://arxiv.org/abs/2011.01549>`_).

    An LSTM language model of sentences in which a label token precedes each word of an entity. Its
    vocabulary comes from the training sentences, with words that occur once replaced by ``<unk>``,
    and is saved in the checkpoint. After each epoch without a new minimum of the dev loss, the
    learning rate is multiplied by ``decay``. ``predict`` samples sentences and writes the
    well-formed ones that have entities.

    Args:
        embedding_size: Width of the embeddings.
        hidden_size: Width of the LSTM.
        dropout: Dropout rate before and after the LSTM, at least 0 and below 1.
        decay: Factor for the learning rate. Above 0 and at most 1.
        rounds: Number of new sentences per training sentence, at least 1.
        draws: Maximum number of samples per wanted sentence, at least 1. Many are not well-formed.
        unknown: Whether to ``keep`` or ``drop`` sentences in which some words are ``<unk>``. Ding
            et al. keep them. Dropping them leaves almost none when training on 100 sentences.
        temperature: Divides the scores before sampling. Above 0.
        most_tokens: Maximum number of tokens per sample, at least 1; longer ones are dropped.
        generation_seed: Seed of the new sentences; by default the run's seed.
        optimizer: Creates the optimiser for the parameters.

    Raises:
        ValueError: If an option is outside its range.
    """

    method = "daga"

    def __init__(
        self,
        *,
        embedding_size: int = 300,
        hidden_size: int = 512,
        dropout: float = 0.5,
        decay: float = 0.5,
        rounds: int = 3,
        draws: int = 20,
        unknown: UnknownWords = "keep",
        temperature: float = 1.0,
        most_tokens: int = 200,
        generation_seed: int | None = None,
        optimizer: OptimizerCallable = sgd,
    ) -> None:
        super().__init__(optimizer=optimizer, schedule="constant", warmup=0.0)
        check_range("decay", decay, 0.0, 1.0, open_below=True)
        check_range("dropout", dropout, 0.0, 1.0, open_above=True)
        check_range("rounds", rounds, 1)
        check_range("draws", draws, 1)
        check_range("temperature", temperature, 0.0, open_below=True)
        check_range("most_tokens", most_tokens, 1)
        self.embedding_size = embedding_size
        self.hidden_size = hidden_size
        self.dropout = dropout
        self.decay = decay
        self.rounds = rounds
        self.draws = draws
        self.unknown: UnknownWords = unknown
        self.temperature = temperature
        self.most_tokens = most_tokens
        self.generation_seed = generation_seed
        self.decays = 0
        self.least_loss = math.inf
        self.language: str | None = None
        self.vocabulary: TokenVocabulary | None = None
        self.network: LSTMLanguageModel | None = None

    def build(self, vocabulary: TokenVocabulary, language: str | None) -> None:
        """Create the network for a vocabulary.

        Args:
            vocabulary: The tokens.
            language: Language of the sentences to generate.
        """
        self.vocabulary, self.language = vocabulary, language
        self.network = LSTMLanguageModel(
            len(vocabulary),
            embedding_size=self.embedding_size,
            hidden_size=self.hidden_size,
            dropout=self.dropout,
        )

    def setup(self, stage: str) -> None:
        """Create the network for the training sentences, unless a checkpoint has created it."""
        del stage
        if self.network is None:
            data: Any = self.trainer.datamodule  # type: ignore[attr-defined]
            sentences: list[Sentence] = data.sentences("train")
            languages = {sentence.language for sentence in sentences}
            language = languages.pop() if len(languages) == 1 else None
            self.build(TokenVocabulary.of(sentences), language)

    def encode(self, sentences: list[Sentence]) -> tuple[Tensor, Tensor, Tensor]:
        """Encode inputs, targets (the next tokens) and the mask of real targets.

        Each has shape ``(B, S)``. The first input and the last target are the boundary token.
        """
        vocabulary, _ = self._ready()
        ids = [torch.tensor(vocabulary.encode(labelled(sentence))) for sentence in sentences]
        end = torch.tensor([vocabulary.boundary])
        given = pad_sequence([torch.cat([end, row]) for row in ids], batch_first=True)
        wanted = pad_sequence([torch.cat([row, end]) for row in ids], batch_first=True)
        lengths = torch.tensor([len(row) + 1 for row in ids])
        real = torch.arange(given.shape[1]) < lengths[:, None]
        return given.to(self.device), wanted.to(self.device), real.to(self.device)

    def loss(
        self, sentences: list[Sentence], generator: torch.Generator | None = None
    ) -> tuple[Tensor, int]:
        """Compute the mean cross-entropy over the tokens, ends included, and their number.

        Args:
            sentences: Tagged sentences.
            generator: Unused, since the encoding of sentences is not random.
        """
        del generator
        given, wanted, real = self.encode(sentences)
        _, network = self._ready()
        scores, _ = network(given)
        return cross_entropy(scores[real].float(), wanted[real]), int(real.sum())

    def on_train_epoch_start(self) -> None:
        """Apply the decays so far to the learning rate."""
        for optimizer in self.trainer.optimizers:
            for group, configured in zip(optimizer.param_groups, self._configured, strict=True):
                group["lr"] = configured["lr"] * self.decay**self.decays

    def on_validation_epoch_end(self) -> None:
        """Log the dev scores, and decay the learning rate unless the loss is a new minimum."""
        loss = self._log_scores("dev")
        self.note_dev_score(-loss)
        if self.trainer.state.fn != "fit":
            return
        if loss < self.least_loss:
            self.least_loss = loss
        else:
            self.decays += 1

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the vocabulary and the state of the learning rate to the checkpoint."""
        super().on_save_checkpoint(checkpoint)
        vocabulary, _ = self._ready()
        checkpoint[STATE] = {
            "labels": vocabulary.labels,
            "words": vocabulary.words,
            "language": self.language,
            "decays": self.decays,
            "least_loss": self.least_loss,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore vocabulary and learning rate, create the network, and check the checkpoint."""
        if state := checkpoint.get(STATE):
            self.build(TokenVocabulary(state["labels"], state["words"]), state["language"])
            self.decays, self.least_loss = state["decays"], state["least_loss"]
        super().on_load_checkpoint(checkpoint)

    def generation_options(self) -> dict[str, Any]:
        """Return the options that determine the new sentences."""
        names = ("rounds", "draws", "unknown", "temperature", "most_tokens")
        return {name: getattr(self, name) for name in names}

    def candidates(
        self, sentences: list[Sentence], numbers: Sequence[int], *, seed: int | None = None
    ) -> list[Iterator[Candidate]]:
        """Sample sentences for each index. The given sentences themselves are not used.

        Raises:
            ValueError: If the model has not been trained.
        """
        del sentences
        self._ready()
        seed = self.used_seed if seed is None else seed
        return [self._sampled(seed, number) for number in numbers]

    def _sampled(self, seed: int, number: int) -> Iterator[Candidate]:
        """Yield parsed samples, drawn lazily and in evaluation mode."""
        vocabulary, network = self._ready()
        generator = self.drawing(seed, number)
        count = self.rounds * self.draws
        for start in range(0, count, SAMPLED_TOGETHER):
            was_training = network.training
            network.eval()
            rows = network.sample(
                SAMPLED_TOGETHER,
                boundary=vocabulary.boundary,
                most_tokens=self.most_tokens,
                temperature=self.temperature,
                generator=generator,
            )
            network.train(was_training)
            for row in rows[: count - start]:
                if row is None:
                    yield ENDLESS
                else:
                    tokens = vocabulary.decode(row)
                    yield parsed(tokens, language=self.language, unknown=self.unknown)

    def _ready(self) -> tuple[TokenVocabulary, LSTMLanguageModel]:
        """Return vocabulary and network.

        Raises:
            ValueError: If the model has not been trained.
        """
        if self.vocabulary is None or self.network is None:
            raise ValueError(
                "DAGA has no vocabulary yet. Train it with `fit`, or load a checkpoint."
            )
        return self.vocabulary, self.network
