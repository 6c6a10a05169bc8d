"""A check that the run folder stays in place while a run writes to it."""

from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from lowner_pl.runs.disk import removed


class RunFolderGuard(Callback):
    """Ends a run whose folder has been removed or moved, before a checkpoint recreates it.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._identity: tuple[int, int] | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remember the identity of the folder."""
        self._identity = _identity_of(self.folder) if trainer.is_global_zero else None

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Check that the folder is still there.

        Raises:
            OSError: If it is gone or was replaced.
        """
        if self._identity is not None and _identity_of(self.folder) != self._identity:
            raise removed(self.folder)


def _identity_of(folder: Path) -> tuple[int, int] | None:
    """Return the device and inode of a folder, which change if another one takes its place."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
