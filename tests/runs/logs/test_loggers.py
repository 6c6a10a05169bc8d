"""TensorBoard gets the main curves under the right tags, and one event file per command."""

import time
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from lowner_pl.runs.logs.event_files import add_summaries, event_files, new_event_file, new_place
from lowner_pl.runs.logs.loggers import EventsLogger, tag_of


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    events = EventAccumulator(str(folder)).Reload()
    return {
        tag: [(point.step, point.value) for point in events.Scalars(tag)]
        for tag in events.Tags()["scalars"]
    }


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("dev/loss", "dev/loss"),
        ("train/loss", "train/loss"),
        ("train/meta_loss", "train/meta_loss"),
        ("dev/precision", "various/dev/precision"),
        ("dev/precision/PER", "types/dev/precision/PER"),
        ("dev/sw/accuracy", "various/dev/sw/accuracy"),
        ("dev/conlleval_f1", None),
        ("dev/sentences", None),
        ("dev/sw/masks", None),
        ("lr", "lr"),
    ],
)
def test_the_first_two_groups_of_tags_hold_the_main_curves(name: str, tag: str | None) -> None:
    assert tag_of(name) == tag


def test_losses_of_language_models_have_tags_of_their_own(tmp_path: Path) -> None:
    logger = EventsLogger(tmp_path / "run", of_tagger=False)
    logger.log_metrics({"train/loss": 5.0, "dev/loss": 4.0, "dev/sw/loss": 3.0, "lr": 0.1}, step=0)
    logger.save()
    assert set(scalars(tmp_path / "run")) == {
        "train/text_loss",
        "dev/text_loss",
        "various/dev/sw/loss",
        "lr",
    }


def test_a_run_that_logs_no_curves_leaves_no_event_file(tmp_path: Path) -> None:
    logger = EventsLogger(tmp_path / "run")
    logger.log_hyperparams({"x": 1})
    logger.log_metrics({"epoch": 0, "dev/words": 3.0}, step=0)
    logger.save()
    logger.finalize("failed")
    assert not (tmp_path / "run").exists()


def test_a_resumed_run_has_one_event_file_without_repeated_steps(tmp_path: Path) -> None:
    logger = EventsLogger(tmp_path)
    for step in range(4):
        logger.log_metrics({"train/loss": 4.0 - step}, step=step)
    logger.finalize("killed")
    (file,) = event_files(tmp_path)
    file.write_bytes(file.read_bytes()[:-5])  # killed while it wrote step 3
    resumed = EventsLogger(tmp_path, resumed_step=2)
    resumed.log_metrics({"train/loss": 1.5}, step=2)
    resumed.finalize("success")
    assert len(list(tmp_path.iterdir())) == 1
    assert scalars(tmp_path) == {"train/loss": [(0, 4.0), (1, 3.0), (2, 1.5)]}


def test_an_open_tensorboard_shows_each_step_of_a_resumed_run_once(tmp_path: Path) -> None:
    logger = EventsLogger(tmp_path)
    for step in range(3):
        logger.log_metrics({"train/loss": 4.0 - step}, step=step)
    logger.finalize("killed")
    opened = EventAccumulator(str(tmp_path)).Reload()
    assert len(opened.Scalars("train/loss")) == 3
    resumed = EventsLogger(tmp_path, resumed_step=2)
    resumed.log_metrics({"train/loss": 1.5}, step=2)
    resumed.finalize("success")
    steps = [point.step for point in opened.Reload().Scalars("train/loss")]
    assert steps == [0, 1, 2]


def test_each_command_replaces_only_its_own_event_file(tmp_path: Path) -> None:
    EventsLogger(tmp_path).log_metrics({"dev/f1": 0.5}, step=0)
    for value in (0.25, 0.75):
        with new_event_file(tmp_path, "test") as writer:
            writer.add_scalar("trial/test_f1", value, 0)
            add_summaries(writer, [])
    assert len(event_files(tmp_path)) == len(event_files(tmp_path, kind="test")) == 1
    assert scalars(tmp_path)["trial/test_f1"] == [(0, 0.75)]


def test_paths_are_not_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nowhere")
    logger: Any = EventsLogger(tmp_path / "$HOME")
    assert logger.log_dir == str(tmp_path / "$HOME")


def test_runs_that_start_within_a_second_have_folders_of_their_own(tmp_path: Path) -> None:
    first = new_place(tmp_path)
    time.sleep(0.02)
    assert new_place(tmp_path) != first
