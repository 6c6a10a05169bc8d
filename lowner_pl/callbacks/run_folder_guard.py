"""A run folder that must stay where it is."""

from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer

from lowner_pl.runs.disk import removed


class RunFolderGuard(Callback):
    """Ends a command whose run folder has been removed or moved, before it makes another one.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._number: tuple[int, int] | None = None

    def on_train_start(self, trainer: Trainer, pl_module: Any) -> None:
        """Note which folder it is."""
        self._number = _number_of(self.folder) if trainer.is_global_zero else None

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: Any, checkpoint: dict[str, Any]
    ) -> None:
        """Make sure that it is still there.

        Raises:
            OSError: If it is not.
        """
        if self._number is not None and _number_of(self.folder) != self._number:
            raise removed(self.folder)


def _number_of(folder: Path) -> tuple[int, int] | None:
    """Return what tells a folder from another one at its place."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
