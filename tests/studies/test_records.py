import json
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from lowner_pl.studies.cells import Cell, expand
from lowner_pl.studies.records import RECORD, Record, Records
from lowner_pl.studies.screen import Progress

from .small import AXES, cells, study


def finish(records: Records, cell: Cell, **more: object) -> Path:
    """Write the record of a finished cell, and its results."""
    folder = records.folder(cell)
    folder.mkdir(parents=True)
    run = f"run/{cell.folder_name}"
    (records.root / run).mkdir(parents=True)
    (records.root / run / "test_metrics.json").write_text("{}")
    record = Record(cell.name, "done", records.digest(cell), scores={"sw": 0.5}, seconds=2.0)
    record.folder = run
    (folder / "record.json").write_text(json.dumps(asdict(record) | more))
    return folder / "record.json"


def test_a_cell_is_done_if_nothing_that_it_depends_on_has_changed(tmp_path: Path) -> None:
    cell, *_ = cells(tmp_path)
    root = tmp_path / "small-embedded"
    assert Records(root).status(cell)[0] == "new"
    file = finish(Records(root), cell)
    assert Records(root).status(cell)[0] == "done"
    other, *_ = cells(tmp_path, options={"model.head": "crf"})
    assert Records(root).status(other)[0] == "changed"
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {"inputs": {str(tmp_path / "gone"): [1, 2, "x"]}}))
    assert Records(root).status(cell)[0] == "changed"


@pytest.mark.parametrize(
    ("state", "status"), [("running", "stopped"), ("failed", "failed"), ("done", "done")]
)
def test_the_state_of_a_record_says_what_is_to_be_done(
    tmp_path: Path, state: str, status: str
) -> None:
    cell, *_ = cells(tmp_path)
    records = Records(tmp_path / "small-embedded")
    finish(records, cell, state=state)
    assert records.status(cell)[0] == status


@pytest.mark.parametrize("cut", [0, 10, -3])
def test_a_record_that_is_cut_is_no_record(tmp_path: Path, cut: int) -> None:
    cell, *_ = cells(tmp_path)
    records = Records(tmp_path / "small-embedded")
    file = finish(records, cell)
    file.write_bytes(file.read_bytes()[:cut])
    assert records.status(cell) == ("new", None)


@pytest.mark.parametrize("more", [{"scores": []}, {"odd": 1}, {"seconds": "2"}, {"state": None}])
def test_a_record_of_another_form_is_no_record(tmp_path: Path, more: dict[str, object]) -> None:
    cell, *_ = cells(tmp_path)
    records = Records(tmp_path / "small-embedded")
    finish(records, cell, **more)
    assert records.status(cell) == ("new", None)


def test_a_record_of_an_earlier_version_without_earlier_runs_is_read(tmp_path: Path) -> None:
    Record(cell="a=1", state="done", digest="x").write(tmp_path)
    content = json.loads((tmp_path / RECORD).read_text())
    del content["earlier"]
    (tmp_path / RECORD).write_text(json.dumps(content))
    record = Record.read(tmp_path)
    assert record is not None
    assert (record.cell, record.earlier) == ("a=1", [])


def test_a_cell_without_its_results_is_run_again(tmp_path: Path) -> None:
    cell, *_ = cells(tmp_path)
    records = Records(tmp_path / "small-embedded")
    finish(records, cell)
    next((records.root / "run").rglob("test_metrics.json")).unlink()
    assert records.status(cell)[0] == "new"


def test_ten_thousand_finished_cells_are_found_in_seconds(tmp_path: Path) -> None:
    seeds = {"seed": {"option": "seed_everything", "values": list(range(2500))}}
    spec = study(tmp_path, axes=AXES | seeds)
    root = tmp_path / "small-embedded"
    records = Records(root)
    for cell in expand(spec, root):
        finish(records, cell)
    begun = time.process_time()
    found = expand(spec, root)
    again = Records(root)
    states = [again.status(cell) for cell in found]
    assert len(states) == 10_000
    assert {state for state, _ in states} == {"done"}
    progress = Progress(found, [record for _, record in states if record is not None], 2)
    assert "10000 of 10000 cells done" in progress.summary()
    assert progress.table().row_count == 2
    assert time.process_time() - begun < 10
