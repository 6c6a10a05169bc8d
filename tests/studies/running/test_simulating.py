"""A cell that is a simulation: trained, tested and compared like any other."""

from dataclasses import replace
from pathlib import Path

import pytest

from lowner_pl.nn.backbones import kept
from lowner_pl.pipelines.simulation.record import SimulationRecord
from lowner_pl.pipelines.simulation.simulation import Simulation
from lowner_pl.results.tested.runs import load_runs
from lowner_pl.studies.cells import Cell, expand
from lowner_pl.studies.checking import Checker
from lowner_pl.studies.outcome import compare_cells
from lowner_pl.studies.records import Record, Records, State
from lowner_pl.studies.running import cell_run
from lowner_pl.studies.running.cell_run import run_job
from lowner_pl.studies.schedule import job_of
from lowner_pl.studies.study_file.reading import read_study
from lowner_pl.studies.study_file.spec import Study

from ..small import CONFIGS, options, written

STRATEGIES = {name: {"options": {"strategy": name}} for name in ("uncertainty", "balanced")}
SEED = {"option": "seed_everything", "values": [1]}


def simulations(folder: Path, sizes: object = (8, 12), **more: object) -> tuple[Study, list[Cell]]:
    """Read a study of simulations, and expand it."""
    file = written(
        folder,
        command="simulate",
        config=str(CONFIGS / "sner_wikiann.yaml"),
        axes={"strategy": STRATEGIES, "seed": SEED},
        options={"sizes": list(sizes) if isinstance(sizes, tuple) else sizes},
        report={"baseline": "uncertainty", "reach": 10},
        **more,
    )
    study = read_study(file, embedded=str(CONFIGS / "embedded.yaml"))
    embedded = [*options(), "--model.backbone=embedded"]
    return study, expand(study, folder / study.name, embedded)


def test_a_simulation_is_a_cell_with_a_run_for_each_size(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept._State, "kept", {})  # as in a worker
    monkeypatch.setattr(kept, "LARGE", 1)
    study, cells = simulations(tmp_path, checkpoints="none")
    records = Records(tmp_path / study.name)
    job = job_of(records, cells[0], None, keeps=False)
    outcome = run_job(job)
    assert outcome.state == "done", outcome.error
    record = Record.read(Path(job.folder))
    assert record is not None
    assert [Path(run).parts[-4] for run in (*record.earlier, record.folder)] == [
        "size_8",
        "size_12",
    ]
    assert not [*tmp_path.rglob("*.ckpt")]
    assert records.status(cells[0])[0] == "done"
    runs = load_runs(records.root)
    assert sorted(runs.train_size) == sorted(runs.train_sentences) == [8, 12]
    assert {*runs.method} == {"sner-uncertainty"}
    capsys.readouterr()
    compare_cells(study, records, cells)
    shown = capsys.readouterr().out
    assert "F1 averaged from 8 to 12 sentences" in shown
    assert (records.root / "learning_curves.csv").is_file()
    assert "F1 averaged over the learning curve" in (records.root / "comparison.html").read_text()
    assert (records.root / "pictures" / "sizes.png").is_file()
    later = replace(study, report=replace(study.report, reach=50))
    compare_cells(later, records, cells)
    shown = capsys.readouterr().out
    assert "note: The learning curves are not compared yet: `reach` is 50, but" in shown


@pytest.mark.parametrize(
    ("sizes", "message"),
    [([8], "at least two"), ([12, 8], "and rise"), ("many", "numbers of sentences")],
)
def test_sizes_are_checked_before_the_first_cell_runs(
    sizes: object, message: str, tmp_path: Path
) -> None:
    study, cells = simulations(tmp_path, sizes)
    with pytest.raises(ValueError, match=f"The cell seed=1,strategy=uncertainty can't.*{message}"):
        Checker(Records(tmp_path)).check(cells, study.axes, lambda _: None)


def test_a_strategy_that_does_not_exist_is_found_before_the_first_cell_runs(tmp_path: Path) -> None:
    study, cells = simulations(tmp_path)
    wrong = Cell(**{name: getattr(cells[0], name) for name in Cell.__dataclass_fields__})
    wrong.options["strategy"] = "bold"  # type: ignore[index]
    with pytest.raises(ValueError, match=r"can't run: .*bold.*bald"):
        Checker(Records(tmp_path)).check([wrong], study.axes, lambda _: None)


@pytest.mark.parametrize(
    ("state", "digest", "anew"), [("running", "", False), ("done", "", True), ("failed", "x", True)]
)
def test_only_a_stopped_cell_goes_on(
    state: State, digest: str, anew: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, cells = simulations(tmp_path)
    job = job_of(Records(tmp_path / study.name), cells[0], None)
    asked = []

    class Stands(Simulation):
        def run(self, *, anew: bool = False) -> SimulationRecord:
            asked.append(anew)
            raise ValueError("It does not run.")

    monkeypatch.setattr(cell_run, "Simulation", Stands)
    run_job(job)
    record = Record.read(Path(job.folder))
    assert record is not None
    record.state, record.digest = state, digest or record.digest
    record.write(Path(job.folder))
    run_job(job)
    assert asked == [False, anew]
