"""The folder that a command writes a model to, whole or not at all."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from safetensors import SafetensorError

from lowner_pl.runs.files import Partial, clear_abandoned, unwritable

_OS_ERROR = re.compile(r"\(os error (\d+)\)")


class Content(NamedTuple):
    """What a folder holds, by which ``--overwrite`` recognises one that it may replace.

    Attributes:
        name: What it is, with an article, for messages.
        mark: A file that every such folder has.
        folders: Names of the folders that it may hold.
        files: Patterns of the files that it may hold.
    """

    name: str
    mark: str
    folders: frozenset[str] = frozenset()
    files: tuple[str, ...] = ("*",)

    def holds(self, name: str, is_folder: bool) -> bool:
        """Tell whether a file or folder of this name may belong to it."""
        if is_folder:
            return name in self.folders
        return any(fnmatch(name, pattern) for pattern in self.files)


BACKBONE = Content(
    "the backbone",
    "config.json",
    files=(
        *("config.json", "generation_config.json", "model*.safetensors*", "pytorch_model*.bin*"),
        *("embeddings.q4", "packed.safetensors", "tokenizer*.json", "special_tokens_map.json"),
        *("added_tokens.json", "vocab.*", "merges.txt", "*.model", "chat_template.jinja"),
    ),
)


@contextmanager
def written_whole(target: Path, *, overwrite: bool, content: Content = BACKBONE) -> Iterator[Path]:
    """Yield a new folder beside ``target``, and move it to ``target`` if nothing fails.

    Raises:
        ValueError: If ``target`` holds something that must not be replaced.
    """
    target = target.resolve()
    clear_abandoned(target.parent)  # a process may have been killed while replacing it
    _check_free(target, content, overwrite=overwrite)
    with Partial(target, folder=True) as partial:
        (probe := partial.path / ".probe").touch()
        mode = probe.stat().st_mode
        probe.unlink()
        try:
            yield partial.path
        except SafetensorError as error:  # not an OSError, even if the disk is full
            if (number := _OS_ERROR.search(str(error))) is None:
                raise
            raise unwritable(target, OSError(int(number[1]), "")) from error
        for file in partial.path.rglob("*"):
            if file.is_file():
                file.chmod(mode)  # `safetensors` writes files that only the owner can read
        _check_free(target, content, overwrite=overwrite)  # another process may have filled it


def _check_free(target: Path, content: Content, *, overwrite: bool) -> None:
    """Refuse a file, or a folder that isn't empty, unless it holds what may be overwritten."""
    if target.exists() and not target.is_dir():
        raise ValueError(f"`--folder` is '{target}', which is a file. Give a folder.")
    names = {file.name: file.is_dir() for file in target.iterdir()} if target.exists() else {}
    if names and not overwrite:
        count = f"{len(names)} file{'s' * (len(names) > 1)}"
        raise ValueError(
            f"`--folder` is '{target}', which holds {count} already. Give a new or empty folder, "
            f"or `--overwrite` to replace {content.name} in it."
        )
    others = [name for name, is_folder in names.items() if not content.holds(name, is_folder)]
    if names and (content.mark not in names or others):
        some = f", such as {min(others)[:80]!r}" if others else ""
        raise ValueError(
            f"`--overwrite` only replaces {content.name}, but '{target}' holds other things{some}. "
            "Give another folder."
        )
