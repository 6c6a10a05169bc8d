"""A run folder while ``fit`` works in it: claimed, with room made for the run, or put back."""

from pathlib import Path

from lightning.pytorch.utilities import rank_zero_info

from lowner_pl.runs.folder import RunFolder
from lowner_pl.runs.safety import check_room


class RunClaim:
    """The claim of one process on a run folder.

    Args:
        run: The run folder.
    """

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self._aside: Path | None = None  # an earlier run that can be tested

    def begin(self, *, resumed_step: int | None, needed: int) -> None:
        """Lock the folder, and make room in it or go on where the run in it stands.

        An earlier run is moved once there is room for the checkpoints of this one.

        Args:
            resumed_step: Steps of the checkpoint that is resumed in place, if one is.
            needed: Bytes that the checkpoints of the run take.

        Raises:
            ValueError: If another process is training into the folder.
            OSError: If it can't be written, or the disk has less room.
        """
        self.run.lock()
        if resumed_step is not None:
            self.run.last_can_go.unlink(missing_ok=True)
            self.run.forget_after(resumed_step)
            return
        check_room(self.run.path, needed)
        can_be_tested = self.run.has_checkpoint()
        if (aside := self.run.set_aside()) is not None:
            rank_zero_info(f"The earlier run in {self.run.path} was moved to {aside}.")
            self._aside = aside if can_be_tested else None

    def give_up(self) -> str:
        """Put the earlier run back if this one wrote no checkpoint, and say how to go on."""
        if (self.run.checkpoints / "last.ckpt").is_file():
            return "Add `--ckpt_path last` to the command to go on from the last checkpoint."
        if self._aside is None or self.run.has_checkpoint():
            return "There is no checkpoint yet; the same command starts again."
        left = self.run.put_back(self._aside)
        more = f" What this run left is in '{left}'." if left else ""
        print(f"No checkpoint was written. The earlier run is back in '{self.run.path}'.{more}")
        return "The same command starts again."
