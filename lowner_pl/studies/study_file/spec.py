"""The content of a study file: axes, options common to all cells, and the paper's numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Command = Literal["fit", "augment", "simulate"]
Checkpoints = Literal["best", "none"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of an axis.

    Args:
        name: Its name on the screen, in folders and in ``--only``.
        configs: Paths of configurations.
        options: Options and their values.
        command: The command of its cells; ``None`` for that of the study.
        start: Values of the axes of the cell whose best checkpoint training starts from. The
            axes that it leaves out have the values of the cell itself. Empty without such a cell.
        label: Its name in the comparison, by default ``name``.
        alternatives: What takes the place of configurations and options in some cells.
    """

    name: str
    configs: tuple[str, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    command: Command | None = None
    start: Mapping[str, str] = field(default_factory=dict)
    label: str | None = None
    alternatives: tuple["Alternative", ...] = ()

    def among(self, values: Mapping[str, str]) -> "Choice | Alternative":
        """Find the configurations and options of a cell: the first alternative that fits, or these.

        Args:
            values: The name of the value of each axis.
        """
        fitting = (one for one in self.alternatives if one.fits(values))
        return next(fitting, self)


@dataclass(frozen=True, slots=True)
class Alternative:
    """Other configurations and options of a value, for some values of other axes.

    Args:
        among: The values that it is for, by axis.
        configs: Paths of configurations.
        options: Options and their values.
    """

    among: Mapping[str, tuple[str, ...]]
    configs: tuple[str, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)

    def fits(self, values: Mapping[str, str]) -> bool:
        """Tell whether the alternative is for a cell."""
        return all(values.get(axis) in names for axis, names in self.among.items())


@dataclass(frozen=True, slots=True)
class Axis:
    """Something that the cells of a study differ in.

    Args:
        name: Its name.
        choices: Its values.
        listed: Whether the values are a plain list for one option.
        prefix: Stands before a value in the names of folders.
    """

    name: str
    choices: tuple[Choice, ...]
    listed: bool
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What the comparison at the end shows.

    Args:
        baseline: What cells are compared with; ``None`` leaves the choice to the comparison.
        by: What is compared.
        grid: Two axes, whose values are the rows and columns of a picture.
        kinds: Kinds of languages, such as ``seen`` and ``unseen``, which a picture sets apart.
        reach: Number of sentences at which the baseline has the score that the learning curves of
            others are to reach; ``None`` shows no learning curves.
    """

    baseline: str | None = None
    by: str | None = None
    grid: tuple[str, str] | None = None
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reach: float | None = None


@dataclass(frozen=True, slots=True)
class Study:
    """A study file.

    Args:
        name: Name of the file without its suffix, and of the folder of the study.
        title: What it is, in one line.
        axes: The axes; every combination of their values is a cell.
        command: ``fit``, which is followed by ``test``, ``augment`` or ``simulate``.
        configs: Paths of configurations for all cells.
        overlays: Paths of configurations that are laid over those of the cells.
        options: Options for all cells.
        checkpoints: Which checkpoints of finished cells stay.
        report: What the comparison shows.
        paper: Published results: values of axes, and scores in percent.
        file: The file itself.
    """

    name: str
    title: str
    axes: tuple[Axis, ...]
    command: Command = "fit"
    configs: tuple[str, ...] = ()
    overlays: tuple[str, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    checkpoints: Checkpoints = "best"
    report: Report = Report()
    paper: tuple[Mapping[str, object], ...] = ()
    file: Path = Path()
