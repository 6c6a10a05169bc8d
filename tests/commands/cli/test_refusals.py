"""A command that can't work is refused in one sentence and changes nothing."""

import signal
from pathlib import Path

import pytest

from lowner_pl.modules import BaseModule, NERModule, SNERLightningModule

from ...running import arguments, command, folder
from ...signals import Forked


def test_a_fit_that_is_refused_leaves_the_run_where_it_is(trained: Path, tmp_path: Path) -> None:
    command("fit", tmp_path, "--trainer.max_epochs=1", method="maner")
    other = folder(tmp_path, "maner") / "checkpoints" / "last.ckpt"
    before = sorted(file.name for file in folder(trained).rglob("*"))
    with pytest.raises(ValueError, match="has method 'MANERLightningModule'"):
        command("fit", trained, f"--ckpt_path={other}")
    with pytest.raises(ValueError, match="invalid accelerator name"):
        command("fit", trained, "--trainer.accelerator=nonsense")
    assert sorted(file.name for file in folder(trained).rglob("*")) == before
    assert not (trained / "superseded").exists()


def test_a_precision_that_would_round_every_update_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command("fit", tmp_path, "--trainer.precision=16-true")
    assert "--trainer.precision is '16-true', but it must be auto, " in capsys.readouterr().err
    command("fit", tmp_path, "--trainer.precision=bf16-mixed", "--trainer.max_epochs=1")


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        OSError, match=r"The run folder '.*file.*' can't be written: Not a directory"
    ):
        command("fit", tmp_path / "file")


def test_a_variant_that_leads_to_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`--variant` becomes part of a folder's name"):
        command("fit", tmp_path, "--variant=../x")
    assert not list(tmp_path.iterdir())


def test_testing_without_a_checkpoint_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no '.*best\.ckpt'\. Train first"):
        command("test", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"There is no checkpoint file 'x.ckpt'"):
        command("test", tmp_path, "--ckpt_path=x.ckpt")


def test_a_checkpoint_of_another_method_is_refused(trained: Path, tmp_path: Path) -> None:
    file = folder(trained) / "checkpoints" / "best.ckpt"
    message = "has method 'SNERLightningModule', but 'MANERLightningModule' is configured"
    with pytest.raises(ValueError, match=message):
        command("test", tmp_path, f"--ckpt_path={file}", method="maner")


def test_a_checkpoint_with_another_marker_is_refused(tmp_path: Path) -> None:
    command("fit", tmp_path, method="maner")
    file = folder(tmp_path, "maner") / "checkpoints" / "best.ckpt"
    with pytest.raises(ValueError, match="has marker 'mask', but 'random' is configured"):
        command("test", tmp_path, f"--ckpt_path={file}", method="maner_rand")


def test_a_checkpoint_with_other_entity_types_is_refused_and_changes_nothing(
    trained: Path,
) -> None:
    before = (folder(trained) / "config.yaml").read_text()
    with pytest.raises(ValueError, match=r"has entity_types \[.*, but \[.* is configured"):
        command("fit", trained, "--ckpt_path=last", "--data.type_map={ORG: null}")
    assert (folder(trained) / "config.yaml").read_text() == before


def test_a_checkpoint_with_other_weights_is_refused(trained: Path) -> None:
    with pytest.raises(
        ValueError, match=r"3 of the model's \d+ weights differ .* first 'tagger\.head"
    ):
        command("test", trained, "--model.head=crf")


def test_a_truncated_checkpoint_is_refused(trained: Path, tmp_path: Path) -> None:
    whole = (folder(trained) / "checkpoints" / "best.ckpt").read_bytes()
    file = tmp_path / "cut.ckpt"
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="is damaged, truncated or no checkpoint"):
        command("test", tmp_path, f"--ckpt_path={file}")


def test_a_run_folder_in_use_is_refused(tmp_path: Path) -> None:
    def refused() -> bool:
        if not (folder(tmp_path) / "checkpoints" / "last.ckpt").exists():
            return False
        with pytest.raises(ValueError, match=r"^Another process is training into"):
            command("fit", tmp_path)
        return True

    first = Forked(arguments("fit", tmp_path, "--trainer.max_epochs=5000"), tmp_path / "log")
    first.send(signal.SIGKILL, refused)
    assert first.process.exitcode == -signal.SIGKILL  # it was still training


@pytest.mark.usefixtures("offline")
def test_bad_input_ends_in_one_message(tmp_path: Path) -> None:
    words = arguments("fit", tmp_path, "--model.backbone=no/such-model")
    process = Forked(words, tmp_path / "log")
    assert process.ended() == 1
    said = process.log.read_text()
    assert "is not a complete folder with a masked language model" in said
    assert "'no/such-model'" in said
    assert "Traceback" not in said


def test_bases_cannot_be_loaded(trained: Path) -> None:
    file = folder(trained) / "checkpoints" / "best.ckpt"
    with pytest.raises(TypeError, match="abstract"):
        NERModule.load_from_checkpoint(file, weights_only=True)
    with pytest.raises(ValueError, match="has method 'SNER"):
        BaseModule.load_from_checkpoint(file, weights_only=True)
    SNERLightningModule.load_from_checkpoint(file, weights_only=True)


def test_a_config_that_windows_saved_works_or_is_refused(tmp_path: Path) -> None:
    text = "trainer:\r\n  max_epochs: 1\r\n"
    (tmp_path / "mark.yaml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    cli = command("fit", tmp_path, f"--config={tmp_path / 'mark.yaml'}")
    assert cli.trainer.max_epochs == 1
    (tmp_path / "tab.yaml").write_text(text.replace("  ", "\t"))
    for name, message in (("tab", r"tab.yaml, line 2: indented with a tab"), ("no", "looked for")):
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            command("fit", tmp_path, f"--config={tmp_path / f'{name}.yaml'}")


def test_an_unknown_key_of_a_config_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("seed_everything: 1\nmodle: x\n")
    message = r"run.yaml, line 2: there is no option `modle`. Did you mean model\?"
    with pytest.raises(ValueError, match=message):
        command("fit", tmp_path, f"--config={tmp_path / 'run.yaml'}")
