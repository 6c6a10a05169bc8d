"""DAGA: whole sentences with their tags, sampled from a language model of labelled text."""

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
from lowner_pl.nn import LSTMLanguageModel

STATE = "daga"
ENDLESS = "endless"
SAMPLED_TOGETHER = 64


def sgd(parameters: Any) -> torch.optim.Optimizer:
    """Return SGD at the learning rate of 1."""
    return torch.optim.SGD(parameters, lr=1.0)


class DAGALightningModule(LikelihoodModule):
    """DAGA (`Ding et al., 2020 <https://arxiv.org/abs/2011.01549>`_).

    A language model of sentences with a label token before each word of an entity. The
    vocabulary is that of the training sentences; words that they have once are ``<unk>``. It is
    part of the checkpoint. After an epoch whose dev loss is no new minimum the learning rate
    falls by `decay`. ``predict`` samples as many sentences as it is to make of the training
    sentences, and writes the well-formed ones that have entities.

    Args:
        embedding_size: Width of the embeddings.
        hidden_size: Width of the LSTM.
        dropout: From 0 to 1, before and behind the LSTM.
        decay: Factor of the learning rate, above 0 and at most 1.
        rounds: New sentences for each training sentence.
        draws: Samples to draw at most, for each sentence wanted; many are not well-formed.
        unknown: Whether sentences with some words ``<unk>`` are kept, as Ding et al. do, or
            dropped, which on 100 sentences leaves next to none; see `parsed`.
        temperature: Divides the scores, above 0.
        most_tokens: Longer samples are dropped.
        generation_seed: Of the generated sentences; the run's seed without.
        optimizer: Makes the optimiser from the parameters.

    Raises:
        ValueError: If an option is out of its range.
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
        if not 0.0 < decay <= 1.0:
            raise ValueError(f"`decay` must be above 0 and at most 1, was: {decay}.")
        numbers = {"rounds": rounds, "draws": draws, "most_tokens": most_tokens}
        for option, value in {**numbers, "temperature": temperature}.items():
            if value <= 0:
                raise ValueError(f"`{option}` must be above 0, was: {value}.")
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
        """Make the network for a vocabulary.

        Args:
            vocabulary: The tokens.
            language: Language of the sentences that it generates.
        """
        self.vocabulary, self.language = vocabulary, language
        self.network = LSTMLanguageModel(
            len(vocabulary),
            embedding_size=self.embedding_size,
            hidden_size=self.hidden_size,
            dropout=self.dropout,
        )

    def setup(self, stage: str) -> None:
        """Make the network for the training sentences, unless a checkpoint brought its own."""
        del stage
        if self.network is None:
            data: Any = self.trainer.datamodule  # type: ignore[attr-defined]
            sentences: list[Sentence] = data.sentences("train")
            languages = {sentence.language for sentence in sentences}
            language = languages.pop() if len(languages) == 1 else None
            self.build(TokenVocabulary.of(sentences), language)

    def encode(self, sentences: list[Sentence]) -> tuple[Tensor, Tensor, Tensor]:
        """Return tokens, the tokens behind them, and where these are real. Shape ``(B, S)`` each.

        A row begins with the boundary token, and its last token is followed by it.
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
        """Return the mean cross-entropy over the tokens, ends included, and their number.

        Args:
            sentences: Tagged sentences.
            generator: Of no use here: sentences are shown as they are.
        """
        del generator
        given, wanted, real = self.encode(sentences)
        _, network = self._ready()
        scores, _ = network(given)
        return cross_entropy(scores[real], wanted[real]), int(real.sum())

    def on_train_epoch_start(self) -> None:
        """Set the learning rate."""
        for optimizer in self.trainer.optimizers:
            for group, configured in zip(optimizer.param_groups, self._configured, strict=True):
                group["lr"] = configured["lr"] * self.decay**self.decays

    def on_validation_epoch_end(self) -> None:
        """Log the dev scores, and let the learning rate fall where they are no better."""
        loss = self._log_scores("dev")
        self.note_dev_score(-loss)
        if self.trainer.state.fn != "fit":
            return
        if loss < self.least_loss:
            self.least_loss = loss
        else:
            self.decays += 1

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Write the vocabulary and the learning rate's state into the checkpoint."""
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
        """Take over the vocabulary, with a network of its size; refuse other methods."""
        if state := checkpoint.get(STATE):
            self.build(TokenVocabulary(state["labels"], state["words"]), state["language"])
            self.decays, self.least_loss = state["decays"], state["least_loss"]
        super().on_load_checkpoint(checkpoint)

    def generation_options(self) -> dict[str, Any]:
        """Return the options that decide on the new sentences."""
        names = ("rounds", "draws", "unknown", "temperature", "most_tokens")
        return {name: getattr(self, name) for name in names}

    def candidates(
        self, sentences: list[Sentence], numbers: Sequence[int], *, seed: int | None = None
    ) -> list[Iterator[Candidate]]:
        """Return samples, which have nothing of the sentences but their number and their share.

        Raises:
            ValueError: If the model has not been trained.
        """
        del sentences
        self._ready()
        seed = self.used_seed if seed is None else seed
        return [self._sampled(seed, number) for number in numbers]

    def _sampled(self, seed: int, number: int) -> Iterator[Candidate]:
        """Yield what comes of samples, drawn in evaluation mode, when they are asked for."""
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
            ValueError: If there are none yet.
        """
        if self.vocabulary is None or self.network is None:
            raise ValueError(
                "DAGA must have a vocabulary, was: none. Train it with `fit`, or load a checkpoint."
            )
        return self.vocabulary, self.network
