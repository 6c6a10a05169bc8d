"""Telling whether a run has ended, or is still being trained or was stopped."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from lowner_pl.runs.files import claim
from lowner_pl.tagging.run_files import CHECKPOINTS, RunFiles


def check_finished(run: str | Path, files: RunFiles) -> None:
    """Make sure that a run has ended. A checkpoint that is named itself is used as it is.

    Args:
        run: What the user named: a run folder or a checkpoint.
        files: Its files.

    Raises:
        ValueError: If the run is still being trained, or was stopped before its last epoch.
    """
    folder = files.folder
    if folder is None or Path(run).is_file():
        return
    rest = f"or give its best checkpoint so far itself: --run {files.checkpoint}"
    if folder.with_name(f".{folder.name}.lock").exists():
        refusal = f"The run '{folder}' is still being trained. Wait until it ends, {rest}."
        with suppress(OSError):  # a folder that nobody may write into
            claim(folder.absolute(), refusal).release()
    if (how_far := _stopped(folder, files)) is not None:
        raise ValueError(
            f"The run '{folder}' was stopped {how_far}. Continue it with `fit` and `--ckpt_path "
            f"last`, {rest}."
        )


def _stopped(folder: Path, files: RunFiles) -> str | None:
    """Say how far a run came that was stopped; ``None`` if it has ended or nobody can tell."""
    last = folder / CHECKPOINTS / "last.ckpt"
    trainer = files.config().get("trainer") or {}
    most = trainer.get("max_epochs")
    if not last.is_file() or not isinstance(most, int) or most < 1 or trainer.get("max_time"):
        return None
    try:  # the weights stay on the disk
        saved = torch.load(last, map_location="cpu", weights_only=True, mmap=True)
        progress = saved["loops"]["fit_loop"]["epoch_loop.batch_progress"]
        whole, epoch, steps = progress["is_last_batch"], saved["epoch"], saved["global_step"]
    except Exception:  # a damaged file, which only matters if someone resumes from it
        return None
    by_steps = isinstance(limit := trainer.get("max_steps"), int) and 0 < limit <= steps
    if by_steps or _stopped_early(saved) or (whole and epoch + 1 >= most):
        return None
    return f"after {epoch + 1} of {most} epochs" if whole else f"in epoch {epoch + 1} of {most}"


def _stopped_early(saved: dict[str, Any]) -> bool:
    """Tell whether `EarlyStopping` ended the run."""
    states = saved.get("callbacks", {}).values()
    return any(state.get("stopped_epoch", 0) > 0 for state in states if isinstance(state, dict))
