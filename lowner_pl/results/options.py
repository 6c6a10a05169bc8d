"""The options of a run, from its ``config.yaml``, read quickly for thousands of runs."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType

import yaml

from lowner_pl.runs.files import reason_of

Value = str | float | bool
PARTS = ("model", "data", "trainer")
_ABSOLUTE = re.compile(r"(?:/|[A-Za-z]:[\\/])[^\n]*")
_IN_LIST = re.compile(r"(?<=')(?:/|[A-Za-z]:[\\/])[^'\n]*(?=')")
_SHOWN = 2  # last parts of a path that tell files apart: mine/train.conll
_PART = re.compile(rf"^({'|'.join(PARTS)}):.*\n?(?:[ -].*\n?)*", re.MULTILINE)
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Options(Mapping[str, Value]):
    """The options of model, data and trainer.

    An option is named as on the command line, without ``init_args``: ``model.optimizer.lr``. The
    class of a part is its option ``class_path``. Options without a value are left out, and lists
    are written as text.

    Args:
        named: The options by name, of which those without a value are ``None``.
    """

    def __init__(self, named: Mapping[str, Value | None]) -> None:
        kinds: dict[str, dict[str, Value | None]] = defaultdict(dict)
        for name, value in named.items():
            kinds[name.partition(".")[0]][name] = value
        self._parts = tuple(kinds.values())

    @property
    def parts(self) -> tuple[Mapping[str, Value | None], ...]:
        """The options of each part, also those without a value."""
        return self._parts

    @property
    def problem(self) -> str:
        """What is wrong with the file that they come from, in a sentence; empty if nothing is."""
        return ""

    def has(self, name: str) -> bool:
        """Tell whether there is an option, even without a value."""
        return any(name in part for part in self.parts)

    @cached_property
    def _values(self) -> Mapping[str, Value]:
        """All options."""
        items = (item for part in self.parts for item in part.items())
        return MappingProxyType({name: value for name, value in items if value is not None})

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class RunOptions(Options):
    """The options of a run, read when they are first asked for.

    There are no options if the file is missing, and none of damaged parts.

    Args:
        file: The ``config.yaml`` of a run.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def parts(self) -> tuple[Mapping[str, Value | None], ...]:
        """The options of each part. Runs share most parts, and each is parsed only once."""
        return self._read[0]

    @property
    def problem(self) -> str:
        """What is wrong with the file, in a sentence; empty if nothing is, or it is missing."""
        return self._read[1] and (
            f"'{self._file}' {self._read[1]}. Without its options, the run can't be told apart "
            "from others of its method. Restore the file, or train the run again."
        )

    @cached_property
    def _read(self) -> tuple[tuple[Mapping[str, Value | None], ...], str]:
        """The options of each part, and what is wrong with the file."""
        try:
            text = self._file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return (), ""
        except UnicodeDecodeError:
            return (), "is damaged: it is not in UTF-8"
        except OSError as error:
            return (), f"can't be read: {reason_of(error)}"
        found = {match[1]: _parsed(match[0]) for match in _PART.finditer(text)}
        damaged = [name for name in PARTS if found.get(name) is None]
        problem = f"is damaged: it has no valid options of {', '.join(damaged)}" if damaged else ""
        return tuple(filter(None, found.values())), problem


def without_folders(value: Value | None) -> Value | None:
    """Cut absolute paths to their last two parts, which do not depend on the machine.

    Lists are written as text, with their paths in quotes.

    >>> without_folders("/home/me/data/mine/train.conll"), without_folders("mine/train.conll")
    ('mine/train.conll', 'mine/train.conll')
    >>> without_folders("{'': '/a/b/c.conll'}, {'': 'd'}")
    "{'': 'b/c.conll'}, {'': 'd'}"
    """
    if not isinstance(value, str):
        return value
    return _last_parts(value) if _ABSOLUTE.fullmatch(value) else _IN_LIST.sub(_in_list, value)


def _in_list(found: re.Match[str]) -> str:
    return _last_parts(found[0])


def _last_parts(path: str) -> str:
    """Return the last parts of a path."""
    return "/".join(re.split(r"[\\/]+", path.strip("/\\"))[-_SHOWN:])


def differing_options(runs: Iterable[Options]) -> list[str]:
    """List the options that do not have the same value in all runs, in alphabetical order.

    Runs without the options of a part do not count there.

    Args:
        runs: The options of each run.
    """
    # The mappings are kept while their ids are used, so no two share one.
    parts = {id(part): part for options in runs for part in options.parts}
    by_kind: dict[str, list[Mapping[str, Value | None]]] = defaultdict(list)
    for part in parts.values():
        by_kind[next(iter(part)).partition(".")[0]].append(part)
    values: dict[str, set[Value | None]] = {}
    for same in by_kind.values():
        values |= {name: {part.get(name) for part in same} for name in set().union(*same)}
    return sorted(name for name, found in values.items() if len(found) > 1)


@lru_cache(maxsize=4096)
def _parsed(part: str) -> dict[str, Value | None] | None:
    """Parse a part of a file; a damaged one is ``None``."""
    try:
        content = yaml.load(part, Loader=_Loader)
        return dict(_flat(content))
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _flat(value: object, name: str = "") -> Iterator[tuple[str, Value | None]]:
    """Yield the options below a value with their names."""
    if isinstance(value, dict):
        for key, below in value.items():
            inner = name if key == "init_args" else f"{name}.{key}".removeprefix(".")
            yield from _flat(below, inner)
    elif isinstance(value, list):
        yield name, ", ".join(str(dict(_flat(item)) or item) for item in value)
    elif value is None or isinstance(value, str | float | int):
        yield name, value
