"""The entries of a study file: keys and values, paths, options and names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lowner_pl.commands.configs import advice
from lowner_pl.commands.options.config_check import read_config, reference
from lowner_pl.commands.options.nearest import did_you_mean
from lowner_pl.commands.options.yaml_text import LOADER, at, nodes
from lowner_pl.runs.paths import check_folder_name
from lowner_pl.studies.study_file.spec import Command

_UNQUOTED = ("no", "yes", "on", "off", "n", "y")


def read_mapping(file: Path, place: str, value: object) -> dict[str, Any]:
    """Read an entry that consists of keys and values; empty without one.

    Args:
        file: The study file.
        place: The entry, as messages name it.
        value: What YAML read.

    Raises:
        ValueError: If it is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(
            f"{file}: `{place}` is {str(value)[:80]!r}, but it must consist of lines `key: value`."
        )
    return {str(key): item for key, item in value.items()}


def check_keys(file: Path, content: Mapping[str, Any], known: tuple[str, ...], what: str) -> None:
    """Refuse keys that an entry does not have.

    Args:
        file: The study file.
        content: The keys and values.
        known: The keys that exist.
        what: The entry, as messages name it.

    Raises:
        ValueError: If there is one.
    """
    for key in content:
        if key not in known:
            hint = did_you_mean(str(key), known) or f" The keys are {', '.join(known)}."
            raise ValueError(f"{file}: {what} has no key {str(key)[:80]!r}.{hint}")


def read_options(file: Path, place: str, value: object) -> dict[str, object]:
    """Read options; a configuration among their values is found beside the study file.

    Args:
        file: The study file.
        place: The entry, as messages name it.
        value: What YAML read.

    Raises:
        FileNotFoundError: If a configuration does not exist.
        ValueError: If the entry has no keys and values.
    """
    options: dict[str, object] = {}
    for key, item in read_mapping(file, place, value).items():
        name = key.removeprefix("--")
        if name.endswith("config"):
            options[name] = read_configs(file, place, item)
        else:
            is_config = isinstance(item, str) and item.endswith((".yaml", ".yml"))
            options[name] = _config(file, place, item) if is_config else item
    return options


def read_configs(file: Path, place: str, value: object) -> list[str]:
    """Read the paths of one configuration or of a list of them.

    Args:
        file: The study file, beside which they are.
        place: The entry, as messages name it.
        value: What YAML read.

    Raises:
        FileNotFoundError: If one does not exist.
    """
    listed = value if isinstance(value, list) else [] if value is None else [value]
    return [_config(file, place, item) for item in listed]


def _config(file: Path, place: str, name: object) -> str:
    """Find a configuration beside the study file or in the package."""
    path = reference(file.parent, str(name))
    if not path.is_file():
        hint = advice(str(name)) or " Give its path relative to the study file."
        raise FileNotFoundError(
            f"{file}: `{place}` names the configuration {str(name)[:80]!r}, which does not exist."
            f"{hint}"
        )
    return str(_tidy(path))


def _tidy(path: Path) -> Path:
    """Write a path relative to the working directory if it lies there."""
    whole = path.resolve()
    return whole.relative_to(Path.cwd()) if whole.is_relative_to(Path.cwd()) else whole


def read_command(file: Path, value: object) -> Command:
    """Read the command of cells.

    Raises:
        ValueError: If it is no command that a study runs.
    """
    if value not in ("fit", "augment", "simulate"):
        raise ValueError(
            f"{file}: `command` is {str(value)[:80]!r}. Use fit, which is followed by test, "
            "augment or simulate."
        )
    return value


def check_name(file: Path, place: str, name: str) -> None:
    """Refuse a name that can't stand in a folder's name or in ``--only``.

    Args:
        file: The study file.
        place: The entry with the name, as messages name it.
        name: The name.

    Raises:
        ValueError: If it can't.
    """
    check_folder_name(f"{file}: {place}", name)
    if "," in name or "=" in name:
        raise ValueError(
            f"{file}: `{place}` has the name {name[:80]!r}, which `--only` could not tell from "
            "several. Use a name without commas and equals signs."
        )


def check_unquoted(file: Path) -> None:
    """Refuse `no` without quotes: YAML reads the code of Norwegian as false.

    Raises:
        ValueError: With the line, if the file has such a word.
    """
    for node in nodes(yaml.compose(read_config(file), Loader=LOADER)):
        if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:bool":
            _check_bool(file, node)


def _check_bool(file: Path, node: yaml.ScalarNode) -> None:
    """Refuse a word that YAML reads as true or false."""
    if (word := node.value.lower()) in _UNQUOTED:
        meaning = "true" if word in ("yes", "on", "y") else "false"
        raise ValueError(
            f"{at(file, node)}: YAML reads {node.value} as {meaning}. Write '{node.value}' in "
            "quotes, or true or false."
        )
