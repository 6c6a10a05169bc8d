"""How ``fit`` takes over a run folder: lock it, check its disk, and move an earlier run away."""

from pathlib import Path

from lightning.pytorch.utilities import rank_zero_info

from lowner_pl.runs.disk import check_room
from lowner_pl.runs.folder import RunFolder


class RunClaim:
    """The claim of one process on a run folder while it trains.

    Args:
        run: The run folder.
    """

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self._aside: Path | None = None  # an earlier run that has a checkpoint

    def begin(self, *, resumed_step: int | None, needed: int) -> None:
        """Lock the folder, then prepare it for a new run or for resuming the run in it.

        An earlier run is moved only once the disk is known to have room for the new checkpoints.

        Args:
            resumed_step: Number of steps in the checkpoint that is resumed in place, if any.
            needed: Size of the run's checkpoints in bytes.

        Raises:
            ValueError: If another process is training into the folder.
            OSError: If the folder can't be written or the disk has too little room.
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
        """Restore the earlier run if this one wrote no checkpoint.

        Returns:
            A sentence that tells the user how to continue.
        """
        if (self.run.checkpoints / "last.ckpt").is_file():
            return "To continue from the last checkpoint, add `--ckpt_path last` to the command."
        if self._aside is None or self.run.has_checkpoint():
            return "No checkpoint was written yet. To start again, run the same command."
        left = self.run.put_back(self._aside)
        more = f" The files of this run are in '{left}'." if left else ""
        print(f"No checkpoint was written. The earlier run is back in '{self.run.path}'.{more}")
        return "To start again, run the same command."
