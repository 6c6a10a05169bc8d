"""Reading study files, with one sentence for every mistake."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from lowner_pl.commands.configs import advice
from lowner_pl.commands.options.config_check import load_config, read_config, reference
from lowner_pl.commands.options.nearest import did_you_mean
from lowner_pl.commands.options.yaml_text import LOADER, at, nodes
from lowner_pl.runs.paths import check_folder_name
from lowner_pl.studies.named_values import check_alternatives, check_values, shown, values_of
from lowner_pl.studies.spec import Alternative, Axis, Checkpoints, Choice, Command, Report, Study

KEYS = ("title", "config", "command", "axes", "options", "checkpoints", "report", "paper")
OF_EMBEDDED = (*KEYS, "overlays")
OF_VALUE = ("config", "command", "options", "start", "label", "when")
OF_PAPER = ("name", "test_set")
OF_REPORT = ("baseline", "by", "grid", "kinds", "reach")
_UNQUOTED = ("no", "yes", "on", "off", "n", "y")


def read_study(file: Path, overlays: Sequence[str] = (), *, embedded: str | None = None) -> Study:
    """Read a study file.

    Args:
        file: The file.
        overlays: Paths of configurations that are laid over those of the cells.
        embedded: Path of the overlay for the embedded backbone, if it is laid over them, too. Then
            the keys in the section ``embedded`` replace those of the same name; of ``axes`` and
            ``options``, only those that the section has. Its ``overlays`` replace this one.

    Raises:
        FileNotFoundError: If the file or a configuration does not exist.
        ValueError: If the file is not a study.
    """
    loaded = load_config(file)
    _check_unquoted(file)
    _check_keys(file, loaded, (*KEYS, "embedded"), "a study")
    section = _mapping(file, "embedded", loaded.pop("embedded", None))
    _check_keys(file, section, OF_EMBEDDED, "`embedded`")
    known = values_of(loaded.get("axes"), section.get("axes"))
    if embedded is not None:
        for key in ("axes", "options"):
            loaded[key] = {
                **_mapping(file, key, loaded.get(key)),
                **_mapping(file, f"embedded.{key}", section.pop(key, None)),
            }
        named = _configs(file, "embedded.overlays", section.pop("overlays", embedded))
        overlays = [*named, *overlays]
        loaded |= section
    axes = _mapping(file, "axes", loaded.get("axes"))
    if not axes:
        raise ValueError(
            f"{file}: a study needs `axes`, such as `axes: {{seed: {{option: seed_everything, "
            "values: [1, 2, 3]}}`."
        )
    read = tuple(_axis(file, str(name), value) for name, value in axes.items() if value)
    check_alternatives(file, read, known)
    return Study(
        file=file,
        name=file.stem if embedded is None else f"{file.stem}-embedded",
        title=str(loaded.get("title") or file.stem),
        axes=read,
        command=_command(file, loaded.get("command", "fit")),
        configs=tuple(_configs(file, "config", loaded.get("config"))),
        overlays=tuple(overlays),
        options=_options(file, "options", loaded.get("options")),
        checkpoints=_checkpoints(file, loaded.get("checkpoints", "best")),
        report=_report(
            file, loaded.get("report"), [str(name) for name, value in axes.items() if value]
        ),
        paper=_paper(file, loaded.get("paper"), [str(axis) for axis in axes], known),
    )


def _axis(file: Path, name: str, value: object) -> Axis:
    """Read an axis: values of one option, or names with their configurations and options."""
    _check_name(file, f"axes.{name}", name)
    content = _mapping(file, f"axes.{name}", value)
    if set(content) & {"option", "values"}:
        _check_keys(file, content, ("option", "values"), f"the axis `{name}` with a list of values")
        option, values = content.get("option"), content.get("values")
        if not isinstance(option, str) or not isinstance(values, list) or not values:
            raise ValueError(
                f"{file}: the axis `{name}` needs an `option` and a list of `values`, such as "
                "{option: seed_everything, values: [1, 2, 3]}."
            )
        choices = tuple(Choice(shown(item), options={option: item}) for item in values)
        # Comparisons know sizes by `n200`.
        prefix = "n" if option.rpartition(".")[2] in ("train_size", "size_each") else f"{name}_"
    else:
        prefix = ""
        choices = tuple(_choice(file, name, str(key), item) for key, item in content.items())
    for choice in choices:
        _check_name(file, f"axes.{name}", choice.name)
    names = [choice.name for choice in choices]
    if twice := sorted({one for one in names if names.count(one) > 1}):
        raise ValueError(f"{file}: the axis `{name}` has {twice[0]!r} twice. Leave one out.")
    return Axis(name, choices, listed="option" in content, prefix=prefix)


def _choice(file: Path, axis: str, name: str, value: object) -> Choice:
    """Read a named value of an axis."""
    place = f"axes.{axis}.{name}"
    content = _mapping(file, place, value)
    _check_keys(file, content, OF_VALUE, f"`{place}`")
    command = content.get("command")
    start = _mapping(file, f"{place}.start", content.get("start"))
    label = content.get("label")
    if label is not None:
        _check_name(file, f"{place}.label", str(label))
    return Choice(
        name,
        tuple(_configs(file, place, content.get("config"))),
        _options(file, f"{place}.options", content.get("options")),
        None if command is None else _command(file, command),
        {str(key): shown(item) for key, item in start.items()},
        None if label is None else str(label),
        tuple(_alternatives(file, f"{place}.when", content.get("when"))),
    )


def _alternatives(file: Path, place: str, value: object) -> Iterator[Alternative]:
    """Read what takes the place of a value's configurations and options for some other values."""
    listed = value if isinstance(value, list) else [] if value is None else [value]
    for item in listed:
        content = _mapping(file, place, item)
        configs = _configs(file, place, content.pop("config", None))
        options = _options(file, place, content.pop("options", None))
        among = {
            axis: tuple(map(shown, names if isinstance(names, list) else [names]))
            for axis, names in content.items()
        }
        yield Alternative(among, tuple(configs), options)


def _options(file: Path, place: str, value: object) -> dict[str, object]:
    """Read options; a configuration among their values is found beside the study file."""
    options: dict[str, object] = {}
    for key, item in _mapping(file, place, value).items():
        name = key.removeprefix("--")
        if name.endswith("config"):
            options[name] = _configs(file, place, item)
        else:
            is_config = isinstance(item, str) and item.endswith((".yaml", ".yml"))
            options[name] = _config(file, place, item) if is_config else item
    return options


def _configs(file: Path, place: str, value: object) -> list[str]:
    """Read the paths of one configuration or of a list of them."""
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


def _report(file: Path, value: object, axes: list[str]) -> Report:
    """Read what the comparison shows."""
    content = _mapping(file, "report", value)
    _check_keys(file, content, OF_REPORT, "`report`")
    texts = {key: content.get(key) for key in ("baseline", "by")}
    baseline, by = (None if text is None else str(text) for text in texts.values())
    kinds = _mapping(file, "report.kinds", content.get("kinds"))
    for kind, languages in kinds.items():
        if not isinstance(languages, list):
            raise ValueError(
                f"{file}: `report.kinds.{kind}` must be a list of languages, such as [sw, yo]."
            )
    listed = {str(kind): tuple(map(shown, languages)) for kind, languages in kinds.items()}
    return Report(
        baseline,
        by,
        _grid(file, content.get("grid"), axes),
        listed,
        _reach(file, content.get("reach")),
    )


def _reach(file: Path, value: object) -> float | None:
    """Read the number of sentences whose score learning curves are to reach."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError(
            f"{file}: `report.reach` is {str(value)[:80]!r}, but it must be a number of training "
            "sentences, such as 100."
        )
    return float(value)


def _grid(file: Path, value: object, axes: list[str]) -> tuple[str, str] | None:
    """Read the two axes of a grid."""
    if value is None:
        return None
    named = [*map(str, value)] if isinstance(value, list) else []
    if len(named) != 2 or named[0] == named[1] or not {*named} <= {*axes}:
        raise ValueError(
            f"{file}: `report.grid` is {str(value)[:80]!r}. It must name two of the axes "
            f"{', '.join(axes)}, such as [{axes[0]}, {axes[-1]}]."
        )
    return named[0], named[1]


def _paper(
    file: Path, value: object, axes: list[str], known: Mapping[str, Sequence[str]]
) -> tuple[Mapping[str, object], ...]:
    """Read published results."""
    rows = [] if value is None else value
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{file}: `paper` must be a list, such as [{{method: sner, f1: 64.9}}].")
    for row in rows:
        for key, item in row.items():
            if key not in (*axes, *OF_PAPER) and not isinstance(item, int | float):
                hint = did_you_mean(str(key), axes) or f" The axes are {', '.join(axes)}."
                raise ValueError(
                    f"{file}: `paper` names {str(key)[:80]!r}, which is neither an axis nor a "
                    f"score.{hint}"
                )
            if key in axes:
                values = item if isinstance(item, list) else [item]
                check_values(file, "`paper`", str(key), [*map(shown, values)], known)
    return tuple(rows)


def _command(file: Path, value: object) -> Command:
    if value not in ("fit", "augment", "simulate"):
        raise ValueError(
            f"{file}: `command` is {str(value)[:80]!r}. Use fit, which is followed by test, "
            "augment or simulate."
        )
    return value


def _checkpoints(file: Path, value: object) -> Checkpoints:
    if value is None:  # YAML reads an empty value so
        value = "none"
    if value not in ("best", "none"):
        raise ValueError(
            f"{file}: `checkpoints` is {str(value)[:80]!r}. Use best, or none to remove the "
            "checkpoints of tested cells."
        )
    return value


def _mapping(file: Path, place: str, value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(
            f"{file}: `{place}` is {str(value)[:80]!r}, but it must consist of lines `key: value`."
        )
    return {str(key): item for key, item in value.items()}


def _check_keys(file: Path, content: Mapping[str, Any], known: tuple[str, ...], what: str) -> None:
    for key in content:
        if key not in known:
            hint = did_you_mean(str(key), known) or f" The keys are {', '.join(known)}."
            raise ValueError(f"{file}: {what} has no key {str(key)[:80]!r}.{hint}")


def _check_name(file: Path, place: str, name: str) -> None:
    """Refuse a name that can't stand in a folder's name or in ``--only``."""
    check_folder_name(f"{file}: {place}", name)
    if "," in name or "=" in name:
        raise ValueError(
            f"{file}: `{place}` has the name {name[:80]!r}, which `--only` could not tell from "
            "several. Use a name without commas and equals signs."
        )


def _check_unquoted(file: Path) -> None:
    """Refuse `no` without quotes: YAML reads the code of Norwegian as false."""
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
