"""Checks of cells before the first one runs: their options, and folders that two would share."""

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any, NamedTuple

from lowner_pl.commands.command_line import Settings
from lowner_pl.commands.options.typed import Typed
from lowner_pl.commands.run_config import method_name
from lowner_pl.nn.backbones.files.family import MASKED, check_reachable
from lowner_pl.pipelines.overlays import pipeline_overlays, replaced
from lowner_pl.pipelines.simulation.options import simulation_options
from lowner_pl.pipelines.stages import STAGES, options_of, stage_configs, typed_for, without_data
from lowner_pl.runs.files import write_json
from lowner_pl.studies.cells import Cell
from lowner_pl.studies.records import Records
from lowner_pl.studies.running.inputs import missing_files
from lowner_pl.studies.study_file.spec import Axis
from lowner_pl.tagging.run_data import data_of


class Place(NamedTuple):
    """What names the run folder of a cell, besides the variant."""

    corpus: str
    method: str
    seed: int


class Checker:
    """Parses the configurations of cells, and remembers those that it has parsed before.

    Parsing every cell would take longer than many a study: a value of a plain list is parsed with
    one value of each other list, but with every combination of named values.

    Args:
        records: Give the digest of a cell.
        reach_backbones: Whether backbones that are neither in a folder nor cached are asked for at
            the Hugging Face hub, each once. Otherwise every cell would fail for itself.
    """

    def __init__(self, records: Records, *, reach_backbones: bool = False) -> None:
        self.records = records
        self.reach_backbones = reach_backbones
        self.file = records.root / "checked.json"
        self.known = _read(self.file)
        self._reached = {"embedded"}
        self._settings: dict[str, Settings] = {}
        self._parsed_before: dict[tuple[str, ...], dict[str, Any]] = {}

    def check(
        self, cells: Sequence[Cell], axes: Sequence[Axis], progress: Callable[[int], None]
    ) -> dict[str, Cell]:
        """Check cells.

        Args:
            cells: The cells, also those that are done.
            axes: The axes of the study.
            progress: Called with the number of configurations that have to be parsed.

        Returns:
            The data files and folders that options name and that do not exist, each with the first
            cell that needs it; see `missing_files`. Such cells are parsed again the next time.

        Raises:
            ValueError: If a cell can't be parsed, or two would write into one folder.
            FileNotFoundError: If a backbone can't be found.
        """
        chosen = list(_representatives(cells, axes))
        digests = {cell.name: self.records.digest(cell) for cell, _ in chosen}
        distinct = {cell.name: cell for cell, _ in chosen}.values()
        new = [cell for cell in distinct if digests[cell.name] not in self.known]
        progress(len(new))
        missing: dict[str, Cell] = {}
        whole = {**self.known}
        for cell in new:
            settings, digest = self.settings_of(cell), digests[cell.name]
            self.known[digest] = list(_place(settings, cell))
            self._reach(settings["model"].get("init_args", {}).get("backbone", "embedded"), cell)
            if files := dict.fromkeys(missing_files(settings["data"]), cell):
                missing = {**files, **missing}
            else:
                whole[digest] = self.known[digest]
        if new:
            write_json(self.file, {"parsed": whole})
        places: dict[tuple[object, ...], Cell] = {}
        by_cell: dict[str, list[tuple[object, ...]]] = {}
        for cell, represented in chosen:
            for name in represented:
                by_cell.setdefault(name, []).append(tuple(self.known[digests[cell.name]]))
        for cell in cells:
            key = (cell.log_root, cell.options.get("variant"), *by_cell[cell.name])
            other = places.setdefault(key, cell)
            if other is not cell:
                raise ValueError(
                    f"The cells {other.name} and {cell.name} would write into the same run folder. "
                    "Leave one of them out, or name the axis in which they differ otherwise than "
                    "language, corpus or seed."
                )
        return missing

    def _reach(self, backbone: str, cell: Cell) -> None:
        """Find the backbone of a cell, unless it was found before."""
        if not self.reach_backbones or backbone in self._reached:
            return
        try:
            check_reachable(backbone, backbone, MASKED)
        except FileNotFoundError as error:
            raise FileNotFoundError(f"The cell {cell.name} can't run: {error}") from error
        self._reached.add(backbone)

    def parse(self, cell: Cell) -> Place:
        """Parse the configuration of a cell, and find its folder; see `settings_of`."""
        return _place(self.settings_of(cell), cell)

    def settings_of(self, cell: Cell) -> dict[str, Any]:
        """Parse the configuration of a cell; of a pipeline, that of the gold tagger counts.

        Raises:
            ValueError: If that fails, with the message of the parser.
        """
        message = io.StringIO()
        try:
            with redirect_stderr(message):
                if cell.command == "augment":
                    return self._parse_pipeline(cell)
                words = cell.words
                if cell.command == "simulate":
                    words = simulation_options(words).fit
                return self._parsed("fit", words)
        except SystemExit as end:
            said = message.getvalue().strip().removeprefix("error: ")
            raise ValueError(f"The cell {cell.name} can't run: {said}") from end
        except (ValueError, OSError) as error:
            raise type(error)(f"The cell {cell.name} can't run: {error}") from error

    def _parse_pipeline(self, cell: Cell) -> dict[str, Any]:
        """Parse the configurations of all stages of a pipeline."""
        settings: dict[str, Any] = {}
        overlays = pipeline_overlays(Path(cell.configs[0]))
        configs_of = stage_configs(Path(cell.configs[0]))
        for stage in (stage for stage in STAGES if stage in configs_of):
            command = "predict" if stage in ("generate", "filter") else "fit"
            options = replaced(stage, options_of(stage, cell.words[1:-1]), overlays)
            if stage == "train":  # the gold data stand in for the augmented data
                options = [*without_data(options), f"--data={json.dumps(settings['data'])}"]
            words = [*(f"--config={file}" for file in configs_of[stage]), *options]
            typed = typed_for(stage, [command, *words], cell.words[1:-1])
            found = self._parsed(command, words, typed)
            settings = settings or found  # those of the gold tagger
        return settings

    def _parsed(
        self, command: str, words: Sequence[str], typed: Typed | None = None
    ) -> dict[str, Any]:
        """Parse a command line with a parser that is made once."""
        key = (command, *words)  # pipelines share stages
        if key not in self._parsed_before:
            if command not in self._settings:
                self._settings[command] = Settings([*key], typed)
            else:
                self._settings[command].parse_again([*key], typed)
            self._parsed_before[key] = self._settings[command].values
        return self._parsed_before[key]


def _representatives(
    cells: Sequence[Cell], axes: Sequence[Axis]
) -> Iterator[tuple[Cell, list[str]]]:
    """Yield the cells to parse, each with the names of the cells that it stands for."""
    named = [axis.name for axis in axes if not axis.listed]
    listed = [axis.name for axis in axes if axis.listed]
    groups: dict[tuple[str, ...], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.command, *(cell.values[axis] for axis in named)), []).append(cell)
    for group in groups.values():
        first = group[0]
        yield first, [cell.name for cell in group]
        for axis in listed:
            by_value: dict[str, list[Cell]] = {}
            for cell in group:
                by_value.setdefault(cell.values[axis], []).append(cell)
            for same in by_value.values():
                cell = first if first in same else same[0]
                yield cell, [one.name for one in same]


def _place(settings: Mapping[str, Any], cell: Cell) -> Place:
    """Find out what names the run folder of a configuration."""
    data = settings["data"]
    try:
        corpus = data_of(data).name
    except Exception:  # a file may be missing, of which the run will tell
        corpus = json.dumps(data, sort_keys=True, default=str)
    method = cell.configs[0] if cell.command == "augment" else method_name(settings["model"])
    return Place(corpus, method, int(settings["seed_everything"]))


def _read(file: Path) -> dict[str, list[Any]]:
    """Read what was parsed before; nothing if the file is missing or damaged."""
    try:
        known = json.loads(file.read_bytes())["parsed"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    whole = isinstance(known, dict) and all(
        isinstance(place, list) and len(place) == 3 for place in known.values()
    )
    return known if whole else {}
