"""The output of one input never replaces that of another."""

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lowner_pl.callbacks.results.outputs import output_file
from lowner_pl.corpus import Sentence


def made(folder: Path, source: Path | str | None, place: str = "mine/test.conll") -> str:
    """Create the output file of an input, and return its name."""
    data: Any = SimpleNamespace(
        predict_path=source,
        predict_split="test",
        to_predict=lambda: [Sentence(("a",), place=(place, 1))],
    )
    file = output_file(folder, "predictions", data)
    file.touch()
    return file.name


def test_inputs_of_the_same_name_get_different_files(tmp_path: Path) -> None:
    run = tmp_path / "run"
    inputs = [tmp_path / name for name in ("a/new.txt", "b/new.txt", "b/new.conll")]
    for source in inputs:
        source.parent.mkdir(exist_ok=True)
        source.touch()
    names = [made(run, source) for source in inputs]
    assert names[0] == "predictions_new.conll"
    assert len(set(names)) == 3
    assert all(name.startswith("predictions_new-") for name in names[1:])
    assert [made(run, source) for source in reversed(inputs)] == names[::-1]
    record = json.loads((run / "inputs.json").read_text(encoding="utf-8"))
    assert record == {name: str(path) for name, path in zip(names, inputs, strict=True)}


def test_an_input_gets_the_same_file_however_its_path_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new.txt").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    paths: list[str | Path] = ["new.txt", tmp_path / "new.txt", "link/new.txt"]
    assert {made(tmp_path / "run", path) for path in paths} == {"predictions_new.conll"}


def test_the_test_data_and_a_file_called_test_get_different_files(tmp_path: Path) -> None:
    (tmp_path / "test.txt").touch()
    assert made(tmp_path, None) == made(tmp_path, None) == "predictions_test.conll"
    assert made(tmp_path, tmp_path / "test.txt") != "predictions_test.conll"
    assert made(tmp_path, None, place="other/test.conll") != "predictions_test.conll"


def test_the_file_of_an_unknown_input_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "predictions_new.conll").write_text("of an older version")
    (tmp_path / "inputs.json").write_text("[" * 100_000)
    (tmp_path / "new.txt").touch()
    assert made(tmp_path, tmp_path / "new.txt").startswith("predictions_new-")


def test_pipes_are_distinguished_by_their_content(tmp_path: Path) -> None:
    names = []
    for text in (b"one", b"two", b"one"):
        reading, writing = os.pipe()
        os.write(writing, text)
        os.close(writing)
        names.append(made(tmp_path, f"/dev/fd/{reading}"))
        os.close(reading)
    assert names[0] == names[2] == "predictions_pipe.conll"
    assert names[1].startswith("predictions_pipe-")


@pytest.mark.parametrize("name", ["x" * 240 + ".txt", "人" * 80 + ".txt", "a\nb.txt"])
def test_odd_and_long_input_names_give_valid_file_names(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert made(tmp_path / "run", tmp_path / name).isprintable()
