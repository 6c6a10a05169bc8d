"""The command `export`: whole folders, one sentence for every mistake, and uploads to a stub."""

import json
import stat
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from lowner_pl.__main__ import run_command
from lowner_pl.commands.failures import describe

from ...running import command, finished, folder

pytestmark = pytest.mark.usefixtures("offline")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was tested."""
    root = finished(tmp_path_factory.mktemp("logs"))
    command("test", root)
    return folder(root)


def export(run: Path, target: Path, *more: str) -> None:
    run_command(["export", f"--run={run}", f"--folder={target}", *more])


def test_a_run_becomes_a_folder_that_tags(
    run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "new" / "folder"
    export(run, target, "--license=cc-by-4.0")
    said = capfd.readouterr().out
    assert f"Exported sner on sample-sw: {target}" in said
    assert "licence" not in said
    assert "has not been tested" not in said
    assert {file.name for file in target.iterdir()} == {
        "README.md",
        "calibration.json",
        "config.json",
        "lowner_pl.json",
        "model.safetensors",
        "tagger.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    modes = {stat.S_IMODE(file.stat().st_mode) for file in target.iterdir()}
    assert len(modes) == 1
    card = (target / "README.md").read_text()
    assert "license: cc-by-4.0\n" in card
    outputs = []
    for source in (run, target):
        run_command(["tag", "Wangari Maathai alizaliwa Nyeri.", "--run", str(source)])
        outputs.append(capfd.readouterr().out)
    assert outputs[0] == outputs[1]
    assert json.loads(outputs[0])["entities"]


def test_a_folder_is_replaced_only_if_it_is_an_export_and_one_asks(
    run: Path, tmp_path: Path
) -> None:
    target = tmp_path / "folder"
    export(run, target)
    with pytest.raises(ValueError, match=r"holds 8 files already.*replace an exported tagger"):
        export(run, target)
    (target / "vectors").mkdir()
    export(run, target, "--overwrite")
    assert not (target / "vectors").exists()
    (target / "lowner_pl.json").unlink()
    with pytest.raises(ValueError, match="only replaces an exported tagger, but"):
        export(run, target, "--overwrite")
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="which is a file"):
        export(run, tmp_path / "file")


def test_bad_options_are_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, target = tmp_path / "run", tmp_path / "target"
    for more, message in {
        ("--int8",): "`--int8` rounds the weights of `model.onnx`, so it needs `--onnx`",
        ("--private",): "`--private` is for `--push_to_hub NAME`",
        ("--push_to_hub=a b",): "`--push_to_hub` is 'a b', which is no name of a repository",
    }.items():
        with pytest.raises(ValueError, match=message):
            export(run, target, *more)
    with pytest.raises(FileNotFoundError, match=r"There is no run '.*run'"):
        export(run, target)
    with pytest.raises(SystemExit):
        export(run, target, "--onx")
    assert "--onnx" in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


def test_a_run_that_has_no_checkpoint_yet_is_refused(run: Path, tmp_path: Path) -> None:
    unfinished = tmp_path / "seed_1"
    (unfinished / "checkpoints").mkdir(parents=True)
    (unfinished / "config.yaml").touch()
    with pytest.raises(FileNotFoundError, match="was stopped before its first checkpoint"):
        export(unfinished, tmp_path / "target")
    (unfinished / "checkpoints" / "last.ckpt").write_bytes(
        (run / "checkpoints" / "last.ckpt").read_bytes()
    )
    with pytest.raises(FileNotFoundError, match=r"has no dev scores yet.*Continue it"):
        export(unfinished, tmp_path / "target")
    assert not (tmp_path / "target").exists()


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, run: Path) -> None:
    with pytest.raises(OSError, match=r"target' can't be written: File too large") as error:
        export(run, tmp_path / "target")
    assert "target" in describe(error.value)
    assert not [*tmp_path.iterdir()]


class Hub:
    """Stands in for `HfApi`."""

    calls: list[tuple[str, dict[str, Any]]]

    def create_repo(self, name: str, **options: Any) -> str:
        Hub.calls.append((name, options))
        return f"https://hub/{name}"

    def upload_folder(self, **options: Any) -> None:
        files = {file.name for file in Path(options["folder_path"]).iterdir()}
        assert {"README.md", "model.safetensors"} <= files
        Hub.calls.append(("upload", options))


def test_the_folder_is_uploaded_by_the_library(
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    Hub.calls = []
    monkeypatch.setattr(huggingface_hub, "HfApi", Hub)
    target = tmp_path / "target"
    export(run, target, "--push_to_hub=me/ner-sw", "--private")
    assert Hub.calls == [
        ("me/ner-sw", {"exist_ok": True, "private": True}),
        ("upload", {"repo_id": "me/ner-sw", "folder_path": target}),
    ]
    assert "Uploaded: https://hub/me/ner-sw" in capfd.readouterr().out
    assert 'lowner_pl.load(snapshot_download("me/ner-sw"))' in (target / "README.md").read_text()

    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("401\nlog in")

    monkeypatch.setattr(Hub, "create_repo", fails)
    again = tmp_path / "again"
    with pytest.raises(OSError, match=r"again' is written, but could not.*401 log in.*hf upload"):
        export(run, again, "--push_to_hub=me/ner-sw")
    assert (again / "model.safetensors").is_file()
