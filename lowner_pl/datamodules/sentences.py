"""The base class of all data modules, with or without entity types."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeVar

from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader

from lowner_pl.corpus import Sentence
from lowner_pl.datamodules.loaders import evaluation_loader
from lowner_pl.runs.ranges import check_range

_Item = TypeVar("_Item")


class SentenceDataModule(LightningDataModule, ABC):
    """A source of sentences in batches.

    Args:
        batch_size: Training sentences per batch and device.
        eval_batch_size: Sentences per batch and device in validation, test and prediction.
        seed: Seed of the order of the training sentences; by default the run's seed.
        num_workers: Number of worker processes; 0 loads in the main process and is the fastest,
            because there is little to do.

    Raises:
        ValueError: If a batch size is below 1.
    """

    name: str
    """Part of the run folder's name, such as ``wikiann-sw``."""
    language: str | None = None
    """ISO 639-1 code, if the data are in one language."""
    yields_episodes: bool = False
    """Whether batches are lists of episodes instead of sentences."""
    log_root: Path = Path("lightning_logs")
    """Folder of all runs, set by the command line; files that several runs share lie there."""
    predict_split: Literal["train", "test"] = "test"
    """Split that `predict` reads when no file is given; methods that generate set ``train``."""

    def __init__(
        self, *, batch_size: int, eval_batch_size: int, seed: int | None, num_workers: int
    ) -> None:
        super().__init__()
        check_range("batch_size", batch_size, 1)
        check_range("eval_batch_size", eval_batch_size, 1)
        self.batch_size = batch_size
        self.eval_batch_size = eval_batch_size
        self.seed = seed
        self.num_workers = num_workers

    @property
    @abstractmethod
    def entity_types(self) -> tuple[str, ...]:
        """The entity types that a tagger learns; raw text has none."""

    @abstractmethod
    def sentences(self, split: Literal["dev", "test"]) -> list[Sentence]:
        """Return the sentences of a split."""

    def description(self) -> dict[str, object]:
        """Describe the training data for the checkpoint, such as name, language and sizes."""
        return {"corpus": self.name, "language": self.language}

    def _evaluation_loader(self, items: Sequence[_Item]) -> DataLoader[list[_Item]]:
        """Create a loader that gives each sentence or episode to one device, once."""
        world_size, rank = self._world()
        return evaluation_loader(
            items,
            batch_size=self.eval_batch_size,
            num_workers=self.num_workers,
            world_size=world_size,
            rank=rank,
        )

    def _world(self) -> tuple[int, int]:
        """Return the number of devices and the number of this one; 1 and 0 without a trainer."""
        if self.trainer is None:
            return 1, 0
        return self.trainer.world_size, self.trainer.global_rank
