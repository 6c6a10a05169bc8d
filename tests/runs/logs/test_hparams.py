"""The columns of HPARAMS, also beside runs of old versions."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams.metadata import EXPERIMENT_TAG
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from lowner_pl.callbacks.tensorboard.report import _options
from lowner_pl.runs.logs import hparams
from lowner_pl.runs.logs.event_files import add_summaries, event_files, new_event_file, read_events

from ...board import Board


def old_run(folder: Path) -> Any:
    """Write a run that has its own columns, as in old versions."""
    columns = api_pb2.Experiment(hparam_infos=[api_pb2.HParamInfo(name="amsgrad")])
    summary = hparams._summary(EXPERIMENT_TAG, HParamsPluginData(experiment=columns))
    return new_event_file(folder, "1"), summary


@pytest.mark.parametrize("order", [("old", "new"), ("new", "old")])
def test_columns_in_a_run_of_an_old_version_are_not_shown(
    order: tuple[str, str], tmp_path: Path
) -> None:
    for name in order:
        opened, summary = old_run(tmp_path / name)
        with opened as writer:
            writer.add_scalar("dev/f1", 0.5, 1)
            if name == "old":
                add_summaries(writer, [summary])
            add_summaries(writer, [hparams.session_start({"seed": name}, name)])
            writer.flush()
            hparams.update_comparison(tmp_path)
            writer.add_scalar("dev/f1", 0.25, 2)  # the run continues
    hparams.update_comparison(tmp_path)
    board = Board(tmp_path)
    runs = board.multiplexer.PluginRunToTagToContent("hparams")
    (found,) = (run for run, tags in runs.items() if EXPERIMENT_TAG in tags)
    assert Path(found).parent.name == hparams.COMPARISON  # TensorBoard uses any it finds
    assert board.columns()[:2] == ["language", "method"]
    assert {row.name for row in board.rows()} == {"old", "new"}
    (file,) = event_files(tmp_path / "old", kind="1")
    written = file.read_bytes()
    hparams.update_comparison(tmp_path)
    assert file.read_bytes() == written
    kept = [event.step for event in read_events(file) if event.summary.value]
    assert kept == [1, 0, 0, 2]


def test_a_read_only_run_of_an_old_version_is_left_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, summary = old_run(tmp_path / "old")
    with opened as writer:
        add_summaries(writer, [summary])

    def refuse(*_: Any) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(hparams, "rename_tag", refuse)
    hparams.update_comparison(tmp_path)
    assert (tmp_path / hparams.COMPARISON).is_dir()


@pytest.mark.parametrize(
    ("language", "names", "shown"),
    [
        ("sw", ["sw"], "sw"),
        (None, ["sw"], "sw"),  # trained on another language
        (None, ["sw", "yo"], "sw+yo"),
        (None, ["test"], "unknown"),
    ],
)
def test_a_row_names_the_languages_of_its_test_sets(
    language: str | None, names: list[str], shown: str
) -> None:
    data: Any = SimpleNamespace(language=language, test_names=names, batch_size=1)
    trainer: Any = SimpleNamespace(max_epochs=1)
    module: Any = SimpleNamespace(hparams={})
    options = _options("c/m/seed_1", trainer, module, data)
    assert options["language"] == shown
