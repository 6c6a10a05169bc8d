"""What TensorBoard shows of a comparison, alone and beside the runs."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure
from tensorboard.compat.proto.event_pb2 import SessionLog

from lowner_pl.results.pictures.curves import Curve
from lowner_pl.results.tensorboard.board import write_board
from lowner_pl.results.tensorboard.rows import BoardRow
from lowner_pl.runs.logs.event_files import add_summaries, new_event_file, read_events
from lowner_pl.runs.logs.hparams import (
    COMPARISON,
    Value,
    add_test_f1,
    session_end,
    session_start,
    update_comparison,
)
from lowner_pl.runs.logs.picture_style import png

from ...board import Board

CURVES = {"dev/f1": [Curve("maner", [0, 1], [0.25, 0.5], [0.125, 0.375], [0.5, 0.75])]}


def run(method: str, seed: str, f1: float, group: str = "") -> BoardRow:
    options = {"lr": 0.5, "marker": "mask" if method == "maner" else "none"}
    return BoardRow("sw", method, seed, 100, f1, 0.5, options, group)


FOUR = [run("sner", "1", 0.25), run("sner", "2", 0.5), run("maner", "1", 0.5), run("maner", "2", 1)]


def write(out: Path, rows: list[BoardRow]) -> None:
    picture = png(Figure(figsize=(2, 1)))
    write_board(
        out,
        rows,
        curves=CURVES,
        pictures={"answer/maner": picture},
        texts={"answer": "**maner wins**"},
    )


def log_run(root: Path, name: str, f1: float) -> None:
    """Write what `fit` and `test` write."""
    corpus, method, seed = name.split("/")
    with new_event_file(root / name / "1129-120000", "test") as writer:
        options: dict[str, Value] = {
            "language": corpus[-2:],
            "method": method,
            "seed": seed[5:],
            "lr": 0.5,
        }
        add_summaries(writer, [session_start(options, name), session_end()])
        add_test_f1(writer, f1)
    update_comparison(root)


def test_rows_are_means_over_seeds_with_the_columns_that_matter(tmp_path: Path) -> None:
    write(tmp_path, FOUR)
    board = Board(tmp_path / COMPARISON)
    rows = {row.name: row for row in board.rows()}
    assert {name: row.metrics for name, row in rows.items()} == {
        "sw/sner": {"test/f1": 0.375},
        "sw/maner": {"test/f1": 0.75},
    }
    assert rows["sw/maner"].options["seed"] == "mean of 2"
    # `lr` is the same in all runs and left out; `marker` can be ticked.
    shown = ["language", "method", "seed", "train_size", "dev/f1"]
    assert board.columns() == [*shown, "marker"]
    assert [info.differs for info in board._experiment().hparam_infos] == [True] * 5 + [False]
    assert "sw/maner/1" in board.multiplexer.Runs()


def test_means_bands_picture_and_text_are_read_back(tmp_path: Path) -> None:
    write(tmp_path, FOUR)
    board = Board(tmp_path / COMPARISON)
    for tag, values in {
        "dev/f1": [0.25, 0.5],
        "dev/f1 low": [0.125, 0.375],
        "dev/f1 high": [0.5, 0.75],
    }.items():
        events = board.multiplexer.Tensors("mean/maner", tag)
        assert [event.step for event in events] == [0, 1]
        assert [event.tensor_proto.float_val[0] for event in events] == values
    (event,) = board.multiplexer.Tensors("answer", "answer/maner")
    width, height, picture = event.tensor_proto.string_val
    assert (width, height) == (b"240", b"120")
    assert picture == png(Figure(figsize=(2, 1)))
    (event,) = board.multiplexer.Tensors("answer", "answer/text_summary")
    assert event.tensor_proto.string_val[0] == b"**maner wins**"


def test_a_second_comparison_replaces_the_first_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, FOUR)
    own = tmp_path / COMPARISON / "notes.txt"
    own.write_text("mine")
    write(tmp_path, FOUR[:3])
    board = Board(tmp_path / COMPARISON)
    names = {name.split("/")[0]: name for name in board.multiplexer.Runs()}
    assert "sw/maner/2" not in board.multiplexer.Runs()
    assert {row.name for row in board.rows()} == {"sw/sner", "sw/maner/1"}
    assert not (tmp_path / COMPARISON / "sw/maner/2").exists()
    assert own.read_text() == "mine"
    assert len([name for name in names if name[0].isdigit()]) == 1  # the columns


def test_an_open_tensorboard_is_told_to_forget_the_first_comparison(tmp_path: Path) -> None:
    write(tmp_path, FOUR)
    (file,) = (tmp_path / COMPARISON / "sw/sner/1").iterdir()
    events = [event for event in read_events(file) if event.HasField("session_log")]
    assert [(event.session_log.status, event.step) for event in events] == [(SessionLog.START, 0)]


def test_the_folder_of_the_runs_shows_runs_and_means(tmp_path: Path) -> None:
    """Means have rows of their own; a single run keeps its row, of which there is one."""
    for seed, f1 in (("1", 0.25), ("2", 0.5)):
        log_run(tmp_path, f"toy-sw/sner/seed_{seed}", f1)
    log_run(tmp_path, "toy-sw/maner/seed_1", 0.75)
    write(tmp_path, [*FOUR[:2], run("maner", "1", 0.75, group="toy-sw/maner/seed_1")])
    rows = {row.name: row.metrics["test/f1"] for row in Board(tmp_path).rows()}
    assert rows == {
        "toy-sw/sner/seed_1": 0.25,
        "toy-sw/sner/seed_2": 0.5,
        "toy-sw/maner/seed_1": 0.75,
        "sw/sner": 0.375,
    }
    # A test after the comparison leaves it as it is.
    log_run(tmp_path, "toy-sw/maner/seed_2", 0.5)
    rows = {row.name: row.metrics["test/f1"] for row in Board(tmp_path).rows()}
    assert len(rows) == 5
    assert len(Board(tmp_path / COMPARISON).rows()) == 2


@pytest.mark.parametrize("name", ["..", ".", ""])
def test_strange_names_stay_inside_the_folder(name: str, tmp_path: Path) -> None:
    write(tmp_path / "out", [BoardRow(name, "maner", "1", None, 0.5, None, {})])
    files = [*tmp_path.rglob("*.compare")]
    assert all(tmp_path / "out" / COMPARISON in file.parents for file in files)
    assert (
        "_" + name.replace("/", "_") + "/maner/1"
        in Board(tmp_path / "out" / COMPARISON).multiplexer.Runs()
    )
