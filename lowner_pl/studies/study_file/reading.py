"""Reading study files, with one sentence for every mistake."""

from collections.abc import Sequence
from pathlib import Path

from lowner_pl.commands.options.config_check import load_config
from lowner_pl.studies.study_file.axes import read_axis
from lowner_pl.studies.study_file.entries import (
    check_keys,
    check_unquoted,
    read_command,
    read_configs,
    read_mapping,
    read_options,
)
from lowner_pl.studies.study_file.named_values import check_alternatives, values_of
from lowner_pl.studies.study_file.report import read_paper, read_report
from lowner_pl.studies.study_file.spec import Checkpoints, Study

KEYS = ("title", "config", "command", "axes", "options", "checkpoints", "report", "paper")
OF_EMBEDDED = (*KEYS, "overlays")


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
    check_unquoted(file)
    check_keys(file, loaded, (*KEYS, "embedded"), "a study")
    section = read_mapping(file, "embedded", loaded.pop("embedded", None))
    check_keys(file, section, OF_EMBEDDED, "`embedded`")
    known = values_of(loaded.get("axes"), section.get("axes"))
    if embedded is not None:
        for key in ("axes", "options"):
            loaded[key] = {
                **read_mapping(file, key, loaded.get(key)),
                **read_mapping(file, f"embedded.{key}", section.pop(key, None)),
            }
        named = read_configs(file, "embedded.overlays", section.pop("overlays", embedded))
        overlays = [*named, *overlays]
        loaded |= section
    axes = read_mapping(file, "axes", loaded.get("axes"))
    if not axes:
        raise ValueError(
            f"{file}: a study needs `axes`, such as `axes: {{seed: {{option: seed_everything, "
            "values: [1, 2, 3]}}`."
        )
    read = tuple(read_axis(file, str(name), value) for name, value in axes.items() if value)
    check_alternatives(file, read, known)
    return Study(
        file=file,
        name=file.stem if embedded is None else f"{file.stem}-embedded",
        title=str(loaded.get("title") or file.stem),
        axes=read,
        command=read_command(file, loaded.get("command", "fit")),
        configs=tuple(read_configs(file, "config", loaded.get("config"))),
        overlays=tuple(overlays),
        options=read_options(file, "options", loaded.get("options")),
        checkpoints=_checkpoints(file, loaded.get("checkpoints", "best")),
        report=read_report(
            file, loaded.get("report"), [str(name) for name, value in axes.items() if value]
        ),
        paper=read_paper(file, loaded.get("paper"), [str(axis) for axis in axes], known),
    )


def _checkpoints(file: Path, value: object) -> Checkpoints:
    if value is None:  # YAML reads an empty value so
        value = "none"
    if value not in ("best", "none"):
        raise ValueError(
            f"{file}: `checkpoints` is {str(value)[:80]!r}. Use best, or none to remove the "
            "checkpoints of tested cells."
        )
    return value
