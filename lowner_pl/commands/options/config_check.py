"""Checks of the configuration files on a command line, before jsonargparse reads them."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import get_loader

from lowner_pl.commands.configs import SUFFIXES, advice, locate
from lowner_pl.commands.options.nearest import did_you_mean, nearest
from lowner_pl.commands.options.yaml_text import (
    LOADER,
    at,
    check_expansion,
    nodes,
    parse,
    read_text,
)

REFERRING = ("model", "data", "trainer", "source", "sources", "targets", "optimizer")
"""The keys whose value may be another file: beside the one that names it, or a packaged one."""

_WHERE = (
    " Give the path relative to the file that names it, or a name that "
    "`python -m lowner_pl configs` lists."
)
_load_yaml = get_loader("yaml")
_LONGEST = 255  # characters of a path in a message
_OPTIONAL = ("init_args", "class_path")  # keys that an option's name may leave out


def check_words(words: list[str], keys: Collection[str]) -> None:
    """Check the configuration files that a command line names, and its values for other options.

    Args:
        words: The command line.
        keys: The options that a configuration may have at its top level.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file or a value is not a configuration.
    """
    for option, value in _options(words):
        if "://" in value or value == "-":
            continue  # on another machine, or piped in
        if option in ("--config", "-c") and not value:
            raise ValueError(f"The value of `{option}` is empty. Give it a configuration file.")
        if option in ("--config", "-c") and not value.startswith(("{", "[")):
            check_config(Path(value), keys)
        elif option.split(".")[-1].lstrip("-") in REFERRING and value.endswith(SUFFIXES):
            check_config(Path(value), None)
        else:
            _check_value(value, option)


def check_config(file: Path, keys: Collection[str] | None, *, named_by: str = "") -> None:
    """Check a configuration file and the files that it names.

    Args:
        file: The file.
        keys: The options that it may have at its top level; ``None`` for part of a configuration.
        named_by: The place that names the file, for the message.

    Raises:
        FileNotFoundError: If it is missing.
        ValueError: If it is not a configuration.
    """
    if file.exists() and not file.is_dir() and not file.is_file():
        return  # a pipe, which can be read only once
    root = parse(file, read_config(file, named_by=named_by))
    for key, _ in root.value if keys is not None else ():
        name = key.value.split(".")[0]
        if name not in (keys or ()):
            raise ValueError(f"{at(file, key)}: {_unknown(name, keys or ())}")
    for key, value in _references(root):
        part = reference(file.parent, value.value)
        check_config(part, None, named_by=f"{at(file, value)}: `{key}`")


def reference(folder: Path, name: str) -> Path:
    """Find a configuration that another one names, in the folder of that one or in the package."""
    return folder / Path(locate(name, folder)).expanduser()


def load_with_references(text: str) -> Any:
    """Parse YAML, and replace the names of packaged configurations in it by their paths.

    jsonargparse reads every file and value with this function, in the folder of the file.
    """
    value = _load_yaml(text)
    if isinstance(value, dict):
        _locate_references(value)
    return value


def _locate_references(value: Any) -> None:
    """Replace the names of packaged configurations at any depth, in place."""
    for item in value if isinstance(value, list) else ():
        _locate_references(item)
    for key, below in value.items() if isinstance(value, dict) else ():
        if key in REFERRING and isinstance(below, str):
            value[key] = locate(below)
        elif key in REFERRING and isinstance(below, list):
            value[key] = [locate(item) if isinstance(item, str) else item for item in below]
        _locate_references(below)


def read_config(file: Path, *, named_by: str = "") -> str:
    """Read the text of a configuration.

    Raises:
        FileNotFoundError: If it is missing; says where we looked and suggests the nearest name.
        ValueError: If it is not text in UTF-8.
    """
    file = file.expanduser()
    if file.exists():
        return read_text(file)
    hint = advice(str(file))
    neighbours = _neighbours(file)
    if not hint and (found := nearest(file.stem, neighbours)):
        hint = f" Did you mean {neighbours[found]}?"
    if named_by:
        raise FileNotFoundError(
            f"{named_by} names '{file.absolute()}', which does not exist.{hint or _WHERE}"
        )
    if len(str(file)) > _LONGEST:
        raise FileNotFoundError(f"There is no configuration '{str(file)[:80]}…'. Check its name.")
    raise FileNotFoundError(
        f"There is no configuration '{file}' (looked for '{file.absolute()}')."
        f"{hint or ' `python -m lowner_pl configs` lists those of the package.'}"
    )


def load_config(file: Path) -> Any:
    """Read a configuration as plain values; see `check_config` for what is refused."""
    text = read_config(file)
    parse(file, text)
    return yaml.load(text, Loader=LOADER)


def place_of(files: Sequence[str], path: list[str], value: str | None = None) -> str | None:
    """Find the file and line where a configuration sets an option.

    Args:
        files: The configuration files; the first one that sets the option is named.
        path: The option's path, without ``init_args``.
        value: The option's value or class name, if it is known. Places with another value are
            skipped.
    """
    for name in files:
        if name.startswith(("{", "[")):  # options instead of a file
            continue
        file = Path(name).expanduser()
        if file.is_file() and (found := _find(file, path, value)):
            return found
    return None


def _find(file: Path, path: list[str], value: str | None) -> str | None:
    """Find an option in a file, or in another file that it names."""
    try:
        root = parse(file, read_text(file))
    except (OSError, ValueError):
        return None
    return _find_below(file, root, path, value)


def _find_below(file: Path, node: yaml.Node, path: list[str], value: str | None) -> str | None:
    """Find an option below a node, or in a file that the node names."""
    if isinstance(node, yaml.SequenceNode):
        found = (_find_below(file, item, path, value) for item in node.value)
        return next(filter(None, found), None)
    if isinstance(node, yaml.ScalarNode) and node.value.endswith(SUFFIXES):
        part = reference(file.parent, node.value)
        return _find(part, path, value) if part.is_file() else None
    for key, below in node.value if isinstance(node, yaml.MappingNode) else ():
        parts = key.value.split(".")
        if key.value in _OPTIONAL and isinstance(below, yaml.MappingNode):
            found_here = _find_below(file, below, path, value)
        elif key.value == "class_path" and not path:
            found_here = at(file, key) if below.value.split(".")[-1] == value else None
        elif parts == path[: len(parts)] and parts:
            rest = path[len(parts) :]
            found_here = _found(file, key, below, value) if not rest else None
            found_here = found_here or _find_below(file, below, rest, value)
        else:
            found_here = None
        if found_here:
            return found_here
    return None


def _found(file: Path, key: yaml.Node, below: yaml.Node, value: str | None) -> str | None:
    """Name the place of a key, unless it has another plain value than the one we look for."""
    if value is None:
        return at(file, key)
    if isinstance(below, yaml.ScalarNode):
        return at(file, key) if below.value == value else None
    return at(file, key) if value.startswith(("[", "{")) else None


def _neighbours(file: Path) -> dict[str, str]:
    """Find the configurations beside a missing file and one level deeper, by their stems."""
    if not file.parent.is_dir():
        return {}
    found = [*file.parent.glob("*"), *file.parent.glob("*/*")]
    return {one.stem: one.name for one in found if one.suffix in SUFFIXES}


def _check_value(value: str, option: str) -> None:
    """Refuse a value whose YAML aliases expand too far. Text that isn't YAML is allowed."""
    try:
        check_expansion(f"`{option}`", value)
    except yaml.YAMLError:
        return


def _unknown(name: str, keys: Collection[str]) -> str:
    """Say that a key is not an option, and suggest an option or another use of the file."""
    if name == "stages":
        return "`stages` belong to a pipeline. Run this file with `augment --config`."
    if name in ("class_path", "init_args"):
        return (
            f"`{name}` belongs to a part of a configuration. Give this file to `--data`, `--model` "
            "or another option that takes a class."
        )
    hint = did_you_mean(name, keys) or f" A configuration has {', '.join(keys)}."
    return f"there is no option `{name[:80]}`.{hint}"


def _references(root: yaml.Node) -> Iterator[tuple[str, yaml.ScalarNode]]:
    """Yield the values that name other configuration files, with their keys."""
    for node in nodes(root):
        for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
            if key.value in REFERRING:
                for item in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    if isinstance(item, yaml.ScalarNode) and item.value.endswith(SUFFIXES):
                        yield key.value, item


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the options of a command line with each of their values."""
    option = ""
    for word in words:
        if word.startswith("-") and not word[1:2].isdigit() and word != "-":
            option, equals, value = word.partition("=")
            if equals:
                yield option, value
                option = ""
        else:
            yield option, word
