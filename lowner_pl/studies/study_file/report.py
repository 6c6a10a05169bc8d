"""Reading what a study file asks of the comparison, and the published results in it."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from lowner_pl.commands.options.nearest import did_you_mean
from lowner_pl.results.groups import FACTORS
from lowner_pl.studies.study_file.entries import check_keys, read_mapping
from lowner_pl.studies.study_file.named_values import check_values, shown
from lowner_pl.studies.study_file.spec import Report

OF_REPORT = ("baseline", "by", "grid", "kinds", "reach")
OF_PAPER = ("name", "test_set")


def read_report(file: Path, value: object, axes: list[str]) -> Report:
    """Read what the comparison shows.

    Args:
        file: The study file.
        value: Its entry ``report``, as YAML reads it.
        axes: The names of its axes.

    Raises:
        ValueError: If the entry has other keys, or a value that a comparison can't use.
    """
    content = read_mapping(file, "report", value)
    check_keys(file, content, OF_REPORT, "`report`")
    texts = {key: content.get(key) for key in ("baseline", "by")}
    baseline, by = (None if text is None else str(text) for text in texts.values())
    _check_by(file, by)
    kinds = read_mapping(file, "report.kinds", content.get("kinds"))
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


def _check_by(file: Path, by: str | None) -> None:
    """Refuse what cells can't be compared by; options of classes have dots in their names."""
    if by is not None and by not in FACTORS and "." not in by:
        hint = did_you_mean(by, FACTORS)
        raise ValueError(
            f"{file}: `report.by` is {by[:80]!r}, but cells are compared by "
            f"{', '.join(FACTORS)}, or an option such as model.head.{hint}"
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


def read_paper(
    file: Path, value: object, axes: list[str], known: Mapping[str, Sequence[str]]
) -> tuple[Mapping[str, object], ...]:
    """Read published results.

    Args:
        file: The study file.
        value: Its entry ``paper``, as YAML reads it.
        axes: The names of its axes.
        known: The values of each axis.

    Returns:
        A row per result: values of axes by their names, and scores in percent.

    Raises:
        ValueError: If a row names an axis or a value that the study does not have.
    """
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
