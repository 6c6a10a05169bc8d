"""Finding a checkpoint and the files of its run by the path that a user gives."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

CHECKPOINTS = "checkpoints"
_SHOWN = 3  # runs to name in a message


class RunFiles(NamedTuple):
    """The files of a trained tagger.

    Attributes:
        checkpoint: The checkpoint.
        folder: The run folder, or ``None`` if the checkpoint lies elsewhere.
    """

    checkpoint: Path
    folder: Path | None

    def config(self) -> Mapping[str, Any]:
        """Read the configuration of the run; empty if there is none.

        Raises:
            ValueError: If the file is no YAML.
        """
        file = None if self.folder is None else self.folder / "config.yaml"
        if file is None or not file.is_file():
            return {}
        try:
            values = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ValueError(f"'{file}' is damaged: {reason}. Copy it again.") from error
        return values if isinstance(values, dict) else {}


def run_files(run: str | Path) -> RunFiles:
    """Find the checkpoint of a run folder, which is ``best``, or take a checkpoint as it is.

    Raises:
        FileNotFoundError: If there is no such run or checkpoint.
    """
    path = Path(run)
    if path.is_dir():
        return _in_folder(path)
    if path.is_file():
        folder = path.absolute().parent
        return RunFiles(path, folder.parent if folder.name == CHECKPOINTS else None)
    raise FileNotFoundError(f"There is no run '{str(run)[:200]}'.{_others(path)}")


def _in_folder(folder: Path) -> RunFiles:
    """Find the best checkpoint of a run folder."""
    checkpoints = folder if folder.name == CHECKPOINTS else folder / CHECKPOINTS
    best, last = (checkpoints / f"{which}.ckpt" for which in ("best", "last"))
    if best.is_file():
        return RunFiles(best, checkpoints.parent)
    if last.is_file():
        raise FileNotFoundError(
            f"The run '{folder}' has no dev scores yet, and so no 'best.ckpt'. Continue it with "
            f"`fit` and `--ckpt_path last`, or give '{last}' itself."
        )
    if (folder / "config.yaml").is_file():
        raise FileNotFoundError(
            f"The run '{folder}' was stopped before its first checkpoint. Run `fit` again."
        )
    raise FileNotFoundError(f"'{folder}' is no run folder: it has no checkpoints.{_others(folder)}")


def _others(path: Path) -> str:
    """Name a few runs below the nearest folder that exists."""
    place = path
    while not place.is_dir() and place != place.parent:
        place = place.parent
    pattern = f"{CHECKPOINTS}/best.ckpt"
    depth = ("", "*/", "*/*/", "*/*/*/") if place.parts and place != Path("/") else ()
    runs = sorted({str(file.parents[1]) for up in depth for file in place.glob(up + pattern)})
    if not runs:
        return " Give the folder of a run: lightning_logs/<corpus>/<method>/seed_<seed>."
    more = f" and {len(runs) - _SHOWN} more" if len(runs) > _SHOWN else ""
    return f" Runs in '{place}': {', '.join(runs[:_SHOWN])}{more}."
