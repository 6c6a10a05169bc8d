"""The folder that a command writes a backbone to, whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lowner_pl.runs.files import Partial, clear_abandoned


@contextmanager
def written_whole(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a new folder beside ``target``, and move it to ``target`` if nothing fails.

    Raises:
        ValueError: If ``target`` holds something that must not be replaced.
    """
    target = target.resolve()
    clear_abandoned(target.parent)  # a process may have been killed while replacing it
    _check_free(target, overwrite=overwrite)
    with Partial(target, folder=True) as partial:
        (probe := partial.path / ".probe").touch()
        mode = probe.stat().st_mode
        probe.unlink()
        yield partial.path
        for file in partial.path.iterdir():
            file.chmod(mode)  # `safetensors` writes files that only the owner can read
        _check_free(target, overwrite=overwrite)  # another process may have filled it


def _check_free(target: Path, *, overwrite: bool) -> None:
    """Refuse a file, or a folder that isn't empty, unless it holds a backbone to overwrite."""
    if target.exists() and not target.is_dir():
        raise ValueError(f"`--folder` is '{target}', which is a file. Give a folder.")
    names = {file.name for file in target.iterdir()} if target.exists() else set()
    if names and not overwrite:
        raise ValueError(
            f"`--folder` is '{target}', which holds {len(names)} files already. Give a new or "
            "empty folder, or `--overwrite` to replace the backbone in it."
        )
    if names and ("config.json" not in names or any(file.is_dir() for file in target.iterdir())):
        raise ValueError(
            f"`--overwrite` only replaces a backbone, but '{target}' holds other things. Give "
            "another folder."
        )
