"""The cells of a study: every combination of the values of its axes, and the command of each."""

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import product
from pathlib import Path

from lowner_pl.commands.options.nearest import did_you_mean
from lowner_pl.commands.options.plain_parser import PROGRAM
from lowner_pl.studies.study_file.spec import Axis, Choice, Command, Study

METHODS = ("sner", "mlm_ner", "maner", "maner_rand", "meta")
"""Names of methods, which run folders have anyway."""
SHOWN_BY_CORPUS = ("language", "corpus")
SHOWN_BY_SEED = "seed"
LONGEST = 150  # bytes of a cell's folder; file systems allow 255


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination of values.

    Args:
        values: The name of the value of each axis.
        command: Its command.
        configs: Paths of its configurations, of which later ones win.
        options: Its options, which win over configurations.
        label: Method and values of all axes but language and seed, as the comparison shows them.
        log_root: The folder of the cell's runs.
        start: The values of the cell whose checkpoint training starts from; empty without one.
    """

    values: Mapping[str, str]
    command: Command
    configs: tuple[str, ...]
    options: Mapping[str, object]
    label: str
    log_root: Path
    start: Mapping[str, str]

    @property
    def name(self) -> str:
        """The cell as ``--only`` takes it, such as ``language=sw,method=maner,seed=1``."""
        return ",".join(f"{axis}={value}" for axis, value in sorted(self.values.items()))

    @property
    def folder_name(self) -> str:
        """Name of the folder of the cell's record."""
        name = self.name.encode()
        if len(name) <= LONGEST:
            return self.name
        digest = blake2b(name, digest_size=6).hexdigest()
        return f"{name[:LONGEST].decode(errors='ignore')}-{digest}"

    @property
    def words(self) -> list[str]:
        """Configurations and options as on a command line, without the command.

        An option such as ``data`` replaces all that begin with ``data.`` before it, so the options
        with the fewest parts come first.
        """
        options = sorted(self.options.items(), key=lambda item: _depth(item[0]))
        return [
            *(f"--config={file}" for file in self.configs),
            *(word for key, value in options for word in _words(key, value)),
            f"--log_root={self.log_root}",
        ]

    def by_hand(self, start: str | None = None) -> str:
        """Write the shell command that repeats the cell.

        Args:
            start: The checkpoint that training starts from.
        """
        words = [*self.words, *([f"--model.start={start}"] if start else [])]
        commands = (self.command, "test") if self.command == "fit" else (self.command,)
        return " && ".join(f"{PROGRAM} {command} {shlex.join(words)}" for command in commands)


def expand(study: Study, root: Path, more: Sequence[str] = ()) -> list[Cell]:
    """List the cells of a study, the last axis varying fastest.

    Args:
        study: The study.
        root: The folder of the study's runs.
        more: Options of the command line for all cells.

    Raises:
        ValueError: If an option of the command line is one that an axis varies.
    """
    options = {**study.options, **_parsed(more)}
    _check_varied(study, _parsed(more))
    choices = [axis.choices for axis in study.axes]
    return [_cell(study, root, options, chosen) for chosen in product(*choices)]


def only(cells: Iterable[Cell], wanted: str, axes: Sequence[Axis]) -> list[Cell]:
    """Select cells by values of axes.

    Args:
        cells: The cells.
        wanted: Values such as ``language=sw,method=maner``. Several values of one axis are
            alternatives.
        axes: The axes.

    Raises:
        ValueError: If an axis or a value is unknown.
    """
    names = {axis.name: [choice.name for choice in axis.choices] for axis in axes}
    chosen: dict[str, set[str]] = {}
    for part in (part.strip() for part in wanted.split(",")):
        axis, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise ValueError(f"`--only` has {part[:80]!r}. Write it as axis=value,axis=value.")
        if axis not in names:
            hint = did_you_mean(axis, names) or f" The axes are {', '.join(names)}."
            raise ValueError(f"`--only`: the study has no axis {axis[:80]!r}.{hint}")
        if value not in names[axis]:
            hint = did_you_mean(value, names[axis]) or f" Such as {', '.join(names[axis][:8])}."
            raise ValueError(f"`--only`: the axis `{axis}` has no value {value[:80]!r}.{hint}")
        chosen.setdefault(axis, set()).add(value)
    return [cell for cell in cells if all(cell.values[a] in some for a, some in chosen.items())]


def _cell(study: Study, root: Path, common: Mapping[str, object], chosen: Sequence[Choice]) -> Cell:
    """Make a cell of one value of each axis."""
    values = {axis.name: choice.name for axis, choice in zip(study.axes, chosen, strict=True)}
    command = next((c.command for c in reversed(chosen) if c.command), study.command)
    configs = list(study.configs)
    options = dict(common)
    start: dict[str, str] = {}
    for choice in chosen:
        content = choice.among(values)
        configs += content.configs
        options |= content.options
        start |= choice.start
    label = _label(study.axes, chosen)
    if command == "fit":
        configs += study.overlays
        if variant := _variant(study.axes, chosen):
            options["variant"] = variant
    else:
        configs += study.overlays
        root = root / _label(study.axes, chosen, by_name=True)
    if start:
        start = values | start
    return Cell(values, command, tuple(configs), options, label, root, start)


def _label(axes: Sequence[Axis], chosen: Sequence[Choice], *, by_name: bool = False) -> str:
    """Name a cell by method and values of other axes, without language and seed."""
    parts = []
    for axis, choice in zip(axes, chosen, strict=True):
        if axis.name in (*SHOWN_BY_CORPUS, SHOWN_BY_SEED):
            continue
        name = choice.name if by_name or choice.label is None else choice.label
        parts.append((axis.name != "method", f"{axis.prefix}{name}"))
    return "-".join(part for _, part in sorted(parts, key=lambda part: part[0])) or "all"


def _variant(axes: Sequence[Axis], chosen: Sequence[Choice]) -> str:
    """Name what tells the run folder of a cell from those of others of this corpus and seed."""
    told = (*SHOWN_BY_CORPUS, SHOWN_BY_SEED)
    pairs = [
        (axis, choice)
        for axis, choice in zip(axes, chosen, strict=True)
        if axis.name not in told and not (axis.name == "method" and choice.name in METHODS)
    ]
    return _label(*zip(*pairs, strict=True), by_name=True) if pairs else ""


def _check_varied(study: Study, given: Mapping[str, object]) -> None:
    """Refuse an option of the command line that the cells differ in."""
    for axis in study.axes:
        varied = {key for choice in axis.choices for key in choice.options}
        for choice in axis.choices:
            varied.update(key for one in choice.alternatives for key in one.options)
        for option in varied & set(given):
            raise ValueError(
                f"`--{option}` is what the axis `{axis.name}` varies. Select values with `--only "
                f"{axis.name}={axis.choices[0].name}` instead."
            )
    named = [study.options, *(choice.options for axis in study.axes for choice in axis.choices)]
    for option in ("variant", "log_root", "ckpt_path"):
        if option in given:
            raise ValueError(
                f"`--{option}` can't be set for all cells: the study sets it for each of them."
            )
        if any(option in options for options in named):
            raise ValueError(
                f"{study.file}: `options` sets `{option}`, but the study sets it for each cell. "
                "Leave it out."
            )


def _parsed(words: Sequence[str]) -> dict[str, object]:
    """Group the options of a command line with their values.

    >>> _parsed(["--a.b", "1", "--c=d", "--e"])
    {'a.b': '1', 'c': 'd', 'e': 'true'}
    """
    found: dict[str, object] = {}
    name = waiting = ""
    for word in words:
        if word.startswith("--"):
            name, equals, value = word.removeprefix("--").partition("=")
            found[name] = value if equals else "true"
            waiting = "" if equals else name
        elif waiting:
            found[waiting], waiting = word, ""
        else:
            listed = f" Write a list in brackets: '--{name}=[1, 2]'." if name else ""
            raise ValueError(
                f"{word[:80]!r} stands where an option is expected, such as --name.{listed}"
            )
    return found


def _depth(option: str) -> int:
    """Count the parts of an option's name, as it is written without ``init_args``."""
    return option.replace(".init_args", "").count(".")


def _words(option: str, value: object) -> list[str]:
    """Write an option as words of a command line; several configurations are one word each.

    >>> _words("data.train_size", 100), _words("tagger.config", ["a.yaml", "b.yaml"])
    (['--data.train_size=100'], ['--tagger.config=a.yaml', '--tagger.config=b.yaml'])
    """
    if option.endswith("config") and isinstance(value, list):
        return [f"--{option}={file}" for file in value]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return [f"--{option}={text}"]
