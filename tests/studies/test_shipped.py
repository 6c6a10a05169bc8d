"""The studies of the package: every one expands, and every configuration in it parses."""

from pathlib import Path

import pytest

from lowner_pl.studies.cells import Cell, expand
from lowner_pl.studies.checking import Checker
from lowner_pl.studies.records import Records
from lowner_pl.studies.schedule import Starts
from lowner_pl.studies.study_file.reading import read_study

from ..conftest import ROOT

MOST = 8  # cells of a study that are parsed here; `study --dry-run` parses all
STUDIES = sorted((ROOT / "configs" / "studies").glob("*.yaml"))


@pytest.fixture(autouse=True)
def _repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def checked(file: Path, root: Path, *, embedded: str | None) -> list[Cell]:
    """Expand a study and parse its cells, as `study` does before the first one runs."""
    study = read_study(file, embedded=embedded)
    cells = expand(study, root)
    Starts(cells)
    Checker(Records(root)).check(_representative(cells), study.axes, lambda _: None)
    return cells


def _representative(cells: list[Cell]) -> list[Cell]:
    """Keep one cell of each method and set of options, and few of them if they are many."""
    distinct = {(cell.values.get("method"), *sorted(cell.options)): cell for cell in cells}
    return list(distinct.values())[:: max(1, len(distinct) // MOST)]


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
@pytest.mark.parametrize("embedded", [None, "configs/embedded.yaml"], ids=["whole", "embedded"])
def test_every_cell_of_a_shipped_study_parses(
    file: Path, embedded: str | None, tmp_path: Path
) -> None:
    cells = checked(file, tmp_path, embedded=embedded)
    assert len({cell.name for cell in cells}) == len(cells) > 1


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_a_shipped_study_says_how_to_run_it_and_names_its_baseline(file: Path) -> None:
    study = read_study(file)
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[1].startswith(f"#   python -m lowner_pl study configs/studies/{file.name}")
    assert study.report.baseline in {cell.label for cell in expand(study, Path("x"))} | {
        cell.label.split("-")[0] for cell in expand(study, Path("x"))
    }
