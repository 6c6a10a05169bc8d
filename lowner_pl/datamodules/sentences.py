"""What all data modules share, with entity types or without: lists of sentences as batches."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader

from lowner_pl.corpus import Sentence
from lowner_pl.datamodules.loaders import evaluation_loader

_Item = TypeVar("_Item")


class SentenceDataModule(LightningDataModule, ABC):
    """Text in batches of sentences.

    Args:
        batch_size: Training sentences in a batch, per device.
        eval_batch_size: Sentences in a batch everywhere else.
        seed: Of the order of the training sentences; the run's seed without.
        num_workers: Processes that load batches; 0 is fastest, as there is little to do.

    Raises:
        ValueError: If a size is below 1.
    """

    name: str
    """Part of the run folder's name, such as ``wikiann-sw``."""
    language: str | None = None
    """ISO 639-1 code where there is one language."""
    yields_episodes: bool = False
    """Whether batches are lists of episodes; of sentences otherwise."""
    log_root: Path = Path("lightning_logs")
    """Folder of all runs, which the command line sets: what is kept between runs lies there."""
    predict_split: Literal["train", "test"] = "test"
    """What `predict` reads unless it is given a file; methods that generate ask for ``train``."""

    def __init__(
        self, *, batch_size: int, eval_batch_size: int, seed: int | None, num_workers: int
    ) -> None:
        super().__init__()
        sizes = {"batch_size": batch_size, "eval_batch_size": eval_batch_size}
        for option, size in sizes.items():
            if size < 1:
                raise ValueError(f"`{option}` must be at least 1, was: {size}.")
        self.batch_size = batch_size
        self.eval_batch_size = eval_batch_size
        self.seed = seed
        self.num_workers = num_workers

    @property
    @abstractmethod
    def entity_types(self) -> tuple[str, ...]:
        """The entity types that a tagger is to find; none in raw text."""

    @abstractmethod
    def sentences(self, split: Any) -> list[Sentence]:
        """Return the sentences of a split."""

    def description(self) -> dict[str, Any]:
        """Describe the data a checkpoint is trained on: name, language, sizes."""
        return {"corpus": self.name, "language": self.language}

    def _evaluation_loader(self, items: Sequence[_Item]) -> DataLoader[list[_Item]]:
        """Return a loader that gives each sentence or episode to one device, once."""
        world_size, rank = self._world()
        return evaluation_loader(
            items,
            batch_size=self.eval_batch_size,
            num_workers=self.num_workers,
            world_size=world_size,
            rank=rank,
        )

    def _world(self) -> tuple[int, int]:
        """Return the number of devices and of this one; 1 and 0 without a trainer."""
        if self.trainer is None:
            return 1, 0
        return self.trainer.world_size, self.trainer.global_rank
