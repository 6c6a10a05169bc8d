"""The values of axes that other parts of a study file name, each of which must exist."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lowner_pl.commands.options.nearest import did_you_mean
from lowner_pl.studies.study_file.spec import Axis


def values_of(*axes: object) -> dict[str, list[str]]:
    """List the values of each axis.

    Args:
        axes: The entry ``axes`` of a study file and that of its section ``embedded``, as YAML reads
            them; what is malformed is left out.
    """
    known: dict[str, list[str]] = {}
    for part in axes:
        for name, content in part.items() if isinstance(part, dict) else ():
            if isinstance(content, dict):
                values = content.get("values", content)
                listed = values if isinstance(values, list | dict) else ()
                known.setdefault(str(name), []).extend(map(shown, listed))
    return known


def check_alternatives(
    file: Path, axes: Sequence[Axis], known: Mapping[str, Sequence[str]]
) -> None:
    """Refuse alternatives for axes or values that don't exist.

    Args:
        file: The study file.
        axes: Its axes.
        known: The values of each axis, also those that an overlay replaces.

    Raises:
        ValueError: If there is one.
    """
    names = [axis.name for axis in axes]
    for axis in axes:
        for choice in axis.choices:
            place = f"`axes.{axis.name}.{choice.name}.when`"
            for other, values in (p for one in choice.alternatives for p in one.among.items()):
                if values and other not in names:
                    hint = did_you_mean(other, names) or f" The axes are {', '.join(names)}."
                    raise ValueError(
                        f"{file}: {place} names the axis {other[:80]!r}, which the study does not "
                        f"have.{hint}"
                    )
                check_values(file, place, other, values, known)


def check_values(
    file: Path, place: str, axis: str, values: Sequence[str], known: Mapping[str, Sequence[str]]
) -> None:
    """Refuse values that an axis does not have.

    Args:
        file: The study file.
        place: Where in it they are named.
        axis: The axis.
        values: The values.
        known: The values of each axis.

    Raises:
        ValueError: If there is one.
    """
    names = known.get(axis, ())
    for value in values:
        if value not in names:
            hint = did_you_mean(value, names) or f" Such as {', '.join(names[:8])}."
            raise ValueError(
                f"{file}: {place} names the value {value[:80]!r}, which the axis `{axis}` does not "
                f"have.{hint}"
            )


def shown(value: object) -> str:
    """Write a value of an option as a name."""
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
