"""Reading the axes of a study file: values of one option, or names with configurations."""

from collections.abc import Iterator
from pathlib import Path

from lowner_pl.studies.study_file.entries import (
    check_keys,
    check_name,
    read_command,
    read_configs,
    read_mapping,
    read_options,
)
from lowner_pl.studies.study_file.named_values import shown
from lowner_pl.studies.study_file.spec import Alternative, Axis, Choice

OF_VALUE = ("config", "command", "options", "start", "label", "when")


def read_axis(file: Path, name: str, value: object) -> Axis:
    """Read an axis: values of one option, or names with their configurations and options.

    Args:
        file: The study file.
        name: The name of the axis.
        value: Its entry, as YAML reads it.

    Raises:
        FileNotFoundError: If a configuration does not exist.
        ValueError: If the entry is malformed, or names can't stand in folders.
    """
    check_name(file, f"axes.{name}", name)
    content = read_mapping(file, f"axes.{name}", value)
    if set(content) & {"option", "values"}:
        check_keys(file, content, ("option", "values"), f"the axis `{name}` with a list of values")
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
        check_name(file, f"axes.{name}", choice.name)
    names = [choice.name for choice in choices]
    if twice := sorted({one for one in names if names.count(one) > 1}):
        raise ValueError(f"{file}: the axis `{name}` has {twice[0]!r} twice. Leave one out.")
    return Axis(name, choices, listed="option" in content, prefix=prefix)


def _choice(file: Path, axis: str, name: str, value: object) -> Choice:
    """Read a named value of an axis."""
    place = f"axes.{axis}.{name}"
    content = read_mapping(file, place, value)
    check_keys(file, content, OF_VALUE, f"`{place}`")
    command = content.get("command")
    start = read_mapping(file, f"{place}.start", content.get("start"))
    label = content.get("label")
    if label is not None:
        check_name(file, f"{place}.label", str(label))
    return Choice(
        name,
        tuple(read_configs(file, place, content.get("config"))),
        read_options(file, f"{place}.options", content.get("options")),
        None if command is None else read_command(file, command),
        {str(key): shown(item) for key, item in start.items()},
        None if label is None else str(label),
        tuple(_alternatives(file, f"{place}.when", content.get("when"))),
    )


def _alternatives(file: Path, place: str, value: object) -> Iterator[Alternative]:
    """Read what takes the place of a value's configurations and options for some other values."""
    listed = value if isinstance(value, list) else [] if value is None else [value]
    for item in listed:
        content = read_mapping(file, place, item)
        configs = read_configs(file, place, content.pop("config", None))
        options = read_options(file, place, content.pop("options", None))
        among = {
            axis: tuple(map(shown, names if isinstance(names, list) else [names]))
            for axis, names in content.items()
        }
        yield Alternative(among, tuple(configs), options)
