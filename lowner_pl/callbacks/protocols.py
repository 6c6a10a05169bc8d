"""Protocols of methods and data modules, which callbacks can't import from the same floor."""

from collections.abc import Iterable, Mapping, Sequence, Sized
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from lightning.pytorch import Trainer
from torch import Tensor

from lowner_pl.auditing.numbers.subwords import Spelt
from lowner_pl.corpus import ConllFormat, Sentence, Sentences


class Spelling(Protocol):
    """A method whose backbone spells words."""

    def coverage(self, words: Iterable[str], /) -> Spelt | None:
        """Measure how the backbone spells words, or return ``None`` without a backbone."""


class Method(Spelling, Protocol):
    """A LightningModule of this package."""

    method: str
    variant: str | None
    headline: str
    origin: dict[str, Any] | None
    predict_split: Literal["train", "test"]
    seed: int
    backbone_hash: str | None
    hparams: Mapping[str, Any]

    def parameters(self) -> Iterable[Tensor]:
        """Yield the weights."""


class EntityScores(Protocol):
    """Scores of a tagger; see `lowner_pl.metrics.EntityScores`."""

    entity_types: tuple[str, ...]
    confusion: Tensor


class EntityCalibration(Protocol):
    """Scores of confidences; see `lowner_pl.metrics.EntityCalibration`."""

    def compute(self) -> Mapping[str, Tensor]:
        """Compute ``calibration_error`` and ``brier`` of all devices."""

    def bins(self) -> list[dict[str, float | None]]:
        """Describe the entities by their confidence."""

    def thresholds(self) -> list[dict[str, float]]:
        """Describe the entities whose confidence reaches a threshold."""


class TaggingScores(Protocol):
    """Scores of a test set; see `lowner_pl.metrics.TaggingScores`."""

    entities: EntityScores
    confidences: EntityCalibration
    untempered: EntityCalibration | None


class Tagger(Method, Protocol):
    """A method that tags sentences."""

    entity_types: tuple[str, ...]
    returns_losses: bool
    dev_scores: EntityScores
    test_scores: Sequence[TaggingScores]
    test_names: list[str]

    @property
    def temperature(self) -> float | None:
        """The temperature that was fitted for the tested checkpoint."""


class Generator(Method, Protocol):
    """A method that generates sentences."""

    rounds: int
    used_seed: int
    generated_before: int

    def generation_options(self) -> dict[str, Any]:
        """Collect the options that decide on the generated sentences."""


class TaggedSplits(Protocol):
    """The splits of a tagged corpus."""

    @property
    def test_names(self) -> list[str]:
        """Names of the test sets."""

    def sentences(self, split: Literal["train", "dev"], /) -> list[Sentence]:
        """Return the sentences of a split."""

    def read_tests(self) -> list[list[Sentence]] | None:
        """Read the test sets, or return ``None`` if there are none."""

    def test_sets(self) -> list[list[Sentence]]:
        """Return the sentences of each test set."""


class RawText(Protocol):
    """Raw text for training and for development."""

    def sizes(self) -> tuple[int, int]:
        """Count the training lines and the development lines."""

    def sample(self, size: int, /) -> Sequence[Sentence]:
        """Draw some of the training lines."""

    def sentences(self, split: Literal["train", "dev"], /) -> Sequence[Sentence]:
        """Return the lines of a split."""


class Corpus(TaggedSplits, Protocol):
    """A data module of this package."""

    name: str
    language: str | None
    batch_size: int
    entity_types: tuple[str, ...]
    has_training_data: bool
    predict_path: str | Path | None
    predict_split: Literal["train", "test"]

    def to_predict(self) -> Sentences:
        """Return the input of ``predict``."""

    def format_of(self, file: str, /) -> ConllFormat | None:
        """Return the layout of a file that the sentences were read from, if it is known."""

    def train_dataloader(self) -> Sized:
        """Make the loader of the training data."""


def corpus_of(trainer: Trainer) -> Corpus:
    """Return the data module of a trainer."""
    return cast("Corpus", trainer.datamodule)  # type: ignore[attr-defined]
