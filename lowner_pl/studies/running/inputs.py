"""What the result of a cell depends on: its words, configurations, data files and the code."""

import hashlib
import importlib
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, get_args

import xxhash
import yaml

from lowner_pl import __version__
from lowner_pl.commands.configs import SUFFIXES
from lowner_pl.commands.options.config_check import read_config, reference
from lowner_pl.commands.options.yaml_text import LOADER

Inputs = dict[str, list[int | str]]
"""Size, time of the last change in nanoseconds, and hash of each file, by its path."""
_CHUNK = 2**20


class Digests:
    """Digests of cells, which read every configuration once."""

    def __init__(self) -> None:
        self._contents: dict[Path, str] = {}

    def of(self, command: str, words: Sequence[str]) -> str:
        """Hash a command with the contents of its configurations and the version of the package.

        Args:
            command: The command.
            words: Its options, each of the form ``--name=value``. The contents of configurations
                count, not their paths, which depend on the working directory.
        """
        parts = [__version__, command]
        for word in words:
            option, _, value = word.partition("=")
            content = self._content(Path(value)) if value.endswith(SUFFIXES) else ""
            parts.append(f"{option}={content}" if content else word)
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()

    def _content(self, file: Path) -> str:
        """Hash a configuration and those that it names."""
        if file not in self._contents:
            self._contents[file] = ""  # a file that names itself
            if not file.is_file():
                return ""
            text = read_config(file)
            named = sorted(_names_in(yaml.load(text, Loader=LOADER)))
            parts = [text, *(self._content(reference(file.parent, name)) for name in named)]
            digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=12)
            self._contents[file] = digest.hexdigest()
        return self._contents[file]


def inputs_of(settings: Mapping[str, Any]) -> Inputs:
    """Describe the files of data and model that a parsed configuration names.

    Args:
        settings: The configuration as plain values.
    """
    found: dict[str, None] = {}
    for part in ("data", "model"):
        for file in _files_in(settings.get(part)):
            found[os.path.abspath(file)] = None  # noqa: PTH100  # links stay as the user wrote them
    return {file: _described(Path(file)) for file in found}


def missing_files(data: object, name: str = "data") -> Iterator[str]:
    """Yield the files and folders of data that options name and that do not exist.

    They are named with their options: ``'data/mine/test.conll' (data.test_path)``.

    Args:
        data: The settings of a data module as plain values.
        name: The option that they belong to.
    """
    if isinstance(data, list | tuple):
        for item in data:
            yield from missing_files(item, name)
    if not isinstance(data, Mapping):
        return
    for key, value in data.items():
        option = name if key == "init_args" else f"{name}.{key}"
        names_path = key == "root" or (key.endswith("_path") and key != "class_path")
        if names_path and isinstance(value, str) and not Path(value).exists():
            yield f"'{value}' ({option})"
        yield from missing_files(value, option)


class Unchanged:
    """Tells whether files are as they were; each file is looked at once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int | str, int | str, int | str], bool] = {}

    def __call__(self, inputs: Inputs) -> bool:
        """Tell whether all files are as described."""
        return all(
            self._is(file, size, time, digest) for file, (size, time, digest) in inputs.items()
        )

    def _is(self, file: str, size: int | str, time: int | str, digest: int | str) -> bool:
        key = (file, size, time, digest)
        if key not in self._known:
            self._known[key] = _is_unchanged(Path(file), size, time, digest)
        return self._known[key]


@cache
def code_hash() -> str:
    """Hash the source of the package, which may differ between checkouts of one version."""
    package = Path(__file__).parents[1]
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(package.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _is_unchanged(file: Path, size: int | str, time: int | str, digest: int | str) -> bool:
    """Tell whether a file is as described; its content counts, if only its time has changed."""
    try:
        found = file.stat()
    except OSError:
        return False
    if found.st_size != size:
        return False
    return found.st_mtime_ns == time or _hash(file) == digest


def _described(file: Path) -> list[int | str]:
    found = file.stat()
    return [found.st_size, found.st_mtime_ns, _hash(file)]


def _hash(file: Path) -> str:
    digest = xxhash.xxh3_64()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _files_in(value: object) -> Iterator[Path]:
    """Yield the files that values name: themselves, as a backbone's folder, or as a corpus."""
    if isinstance(value, str) and 0 < len(value) < 4096 and "\0" not in value:
        path = Path(value)
        if path.is_file():
            yield path
        elif (path / "config.json").is_file():
            yield from (file for file in sorted(path.iterdir()) if file.is_file())
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _files_in(item)
    elif isinstance(value, Mapping):
        yield from _corpus_files(value)
        for item in value.values():
            yield from _files_in(item)


def _corpus_files(value: Mapping[str, Any]) -> Iterator[Path]:
    """Yield the files of a corpus in a folder, if the values are those of such a data module."""
    from lowner_pl.datamodules.base import Split
    from lowner_pl.datamodules.corpora.folder import FolderDataModule

    module, _, name = str(value.get("class_path", "")).rpartition(".")
    if not module or not isinstance(arguments := value.get("init_args"), Mapping):
        return
    kind = getattr(importlib.import_module(module), name, None)
    if not isinstance(kind, type) or not issubclass(kind, FolderDataModule):
        return
    if not arguments.get("root"):
        return
    corpus = kind(**arguments)
    yield from filter(None, (corpus.find(split) for split in get_args(Split)))
    yield from (file for file in _published(corpus.root, corpus.language) if file.is_file())


def _published(root: Path, language: str) -> list[Path]:
    """List other files that a language may be read from: an archive, or tables."""
    folder = root / language
    return [
        root / f"{language}.tar.gz",
        *sorted([*folder.glob("*.parquet"), *folder.glob("*.arrow")]),
    ]


def _names_in(value: object) -> set[str]:
    """Collect the names of configurations in values."""
    if isinstance(value, str):
        return {value} if value.endswith(SUFFIXES) else set()
    if isinstance(value, Mapping):
        value = list(value.values())
    return (
        {name for item in value for name in _names_in(item)} if isinstance(value, list) else set()
    )
