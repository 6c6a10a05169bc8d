"""Rows of HPARAMS for the runs of a comparison."""

from pathlib import Path

import pytest

from lowner_pl.results.comparing import compare_runs
from lowner_pl.results.groups import group_runs
from lowner_pl.results.report.board import board_rows
from lowner_pl.results.tensorboard.rows import BoardRow
from lowner_pl.results.tested.runs import find_runs
from lowner_pl.runs.logs.event_files import add_summaries, new_event_file
from lowner_pl.runs.logs.hparams import Value, session_start

from ..records import write_run


def rows(root: Path, by: str, out: Path) -> list[BoardRow]:
    runs = find_runs([root])
    comparison = compare_runs(runs, by=by, resamples=0)
    return [*board_rows(comparison, group_runs(runs, by=by).cells, out)]


@pytest.mark.parametrize(
    ("by", "methods"),
    [("method", {"sner"}), ("size", {"sner"}), ("model.head", {"sner crf", "sner softmax"})],
)
def test_a_row_names_method_size_and_whatever_else_is_compared(
    by: str, methods: set[str], tmp_path: Path
) -> None:
    for size, head in ((100, "softmax"), (200, "crf")):
        write_run(
            tmp_path,
            variant=f"n{size}",
            train_size=size,
            options={"model": {"head": head if by == "model.head" else "crf"}},
        )
    found = rows(tmp_path, by, tmp_path)
    assert {row.method for row in found} == methods
    assert {(row.language, row.seed, row.size) for row in found} == {
        ("sw", "1", 100),
        ("sw", "1", 200),
    }


def test_a_row_has_the_options_that_its_run_wrote_and_below_the_folder_its_name(
    tmp_path: Path,
) -> None:
    run = write_run(tmp_path / "logs", "sner")
    with new_event_file(run / "1129-120000", "1") as writer:
        options: dict[str, Value] = {
            "language": "sw",
            "method": "sner",
            "lr": 0.5,
            "tuning_f1": 0.25,
        }
        add_summaries(writer, [session_start(options, "toy-sw/sner/seed_1")])
    write_run(tmp_path / "logs", "maner")
    one, other = sorted(rows(tmp_path / "logs", "method", tmp_path), key=lambda row: row.method)[
        ::-1
    ]
    assert (one.group, one.options) == ("toy-sw/sner/seed_1", {"lr": 0.5})
    assert one.dev_f1 == 0.5  # of the test results
    assert (other.group, other.options) == ("", {})
    assert rows(tmp_path / "logs", "method", tmp_path / "elsewhere")[1].group == ""
