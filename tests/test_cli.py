"""The commands, end to end on a small backbone and the sample corpus."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from lowner_pl.callbacks import PredictionWriter
from lowner_pl.cli import run
from lowner_pl.corpus import Sentence, TextFile, read_conll
from lowner_pl.modules import BaseModule, NERModule, SNERLightningModule

from .commands import arguments, command, folder, popen, same, weights


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of SNER."""
    root = tmp_path_factory.mktemp("trained")
    command("fit", root)
    return root


def steps(file: Path, column: str) -> list[tuple[int, float]]:
    with file.open(newline="") as lines:
        return [
            (int(row["step"]), float(row[column])) for row in csv.DictReader(lines) if row[column]
        ]


def test_a_run_folder_holds_what_a_run_leaves(trained: Path) -> None:
    run = folder(trained)
    names = {str(file.relative_to(run)) for file in run.rglob("*") if file.is_file()}
    assert {"config.yaml", "metrics.csv", "checkpoints/best.ckpt", "checkpoints/last.ckpt"} <= names
    assert any(name.startswith("events.out.tfevents") for name in names)
    assert "hparams.yaml" not in names  # Lightning's would be empty: options are in config.yaml
    assert len(steps(run / "metrics.csv", "train/loss")) == 9  # 48 sentences, 16 a step, 3 epochs
    assert len(steps(run / "metrics.csv", "dev/f1")) == 3


def test_tests_write_scores_and_the_tagged_test_set(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli = command("test", trained, "--ckpt_path=best")
    record = json.loads((folder(trained) / "test_metrics.json").read_text())
    corpus = cli.datamodule.sentences("test")
    assert record["method"] == "sner"
    assert record["corpus"] == "sample-sw"
    assert record["scores"]["words"] == sum(len(s.words) for s in corpus) == 1436
    assert record["scores"]["entities"] == sum(len(s.entities) for s in corpus) == 163
    assert record["scores"]["f1"] == record["scores"]["conlleval_f1"]  # tags are well-formed
    tagged = folder(trained) / "test_tagged.conll"
    gold, predicted = (read_conll(tagged, tag_column=column) for column in (1, 2))
    assert [s.words for s in gold] == [s.words for s in corpus]
    assert [s.tags for s in gold] == [s.tags for s in corpus]
    right = sum(
        len(set(g.entities) & set(p.entities)) for g, p in zip(gold, predicted, strict=True)
    )
    found = sum(len(p.entities) for p in predicted)
    f1 = 2 * right / (163 + found)
    assert record["scores"]["f1"] == pytest.approx(f1, abs=1e-6)
    output = capsys.readouterr().out
    assert f"{100 * f1:.2f}" in output
    assert f"Run folder: {folder(trained)}" in output


def test_predict_reads_and_writes_batch_by_batch(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = tmp_path / "many.txt"
    text.write_text("".join(f"Juma {n}\n" for n in range(20)))
    lines, usual = TextFile.__iter__, PredictionWriter.on_predict_batch_end
    read = 0

    def counted(self: TextFile) -> Iterator[Sentence]:
        nonlocal read
        read = 0
        for sentence in lines(self):
            read += 1
            yield sentence

    def watched(self: PredictionWriter, *batch: Any) -> None:
        usual(self, *batch)
        assert self._written <= read <= self._written + 2  # Lightning asks for a batch ahead

    monkeypatch.setattr(TextFile, "__iter__", counted)
    monkeypatch.setattr(PredictionWriter, "on_predict_batch_end", watched)
    command("predict", trained, f"--data.predict_path={text}", "--data.eval_batch_size=2")
    assert read == len(read_conll(folder(trained) / "predictions_many.conll")) == 20


def test_a_stopped_prediction_leaves_no_half_file(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = tmp_path / "stopped.txt"
    text.write_text("Juma\n" * 8)
    usual = NERModule.predict_step

    def failing(self: NERModule, batch: list[Sentence], batch_idx: int) -> list[Sentence]:
        if batch_idx == 2:
            raise MemoryError("no memory left")
        return usual(self, batch, batch_idx)

    monkeypatch.setattr(NERModule, "predict_step", failing)
    with pytest.raises(MemoryError):
        command("predict", trained, f"--data.predict_path={text}", "--data.eval_batch_size=2")
    assert not [file for file in folder(trained).iterdir() if "stopped" in file.name]


def test_predict_writes_tagged_sentences(trained: Path, tmp_path: Path) -> None:
    text = tmp_path / "new.txt"
    text.write_text("Juma alifika Dodoma .\nHabari za asubuhi\n", encoding="utf-8")
    command("predict", trained, f"--data.predict_path={text}")
    tagged = read_conll(folder(trained) / "predictions_new.conll")
    assert [sentence.words for sentence in tagged] == [
        ("Juma", "alifika", "Dodoma", "."),
        ("Habari", "za", "asubuhi"),
    ]


def test_validate_repeats_the_best_dev_f1(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best = max(value for _, value in steps(folder(trained) / "metrics.csv", "dev/f1"))
    cli = command("validate", trained, "--ckpt_path=best")
    assert cli.trainer.callback_metrics["dev/f1"].item() == pytest.approx(best)
    assert f"{100 * best:.2f}" in capsys.readouterr().out


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(
    trained: Path, tmp_path: Path
) -> None:
    command("fit", tmp_path)
    assert same(weights(tmp_path), weights(trained))
    cli = command("fit", tmp_path, "--seed_everything=23451")
    assert cli.run.path == folder(tmp_path, seed=23451)
    first = torch.load(cli.run.checkpoints / "last.ckpt", weights_only=True)["state_dict"]
    assert not same(first, weights(trained))


def test_the_config_of_a_run_repeats_it_and_the_earlier_run_is_moved_aside(
    trained: Path, tmp_path: Path
) -> None:
    command("fit", tmp_path)
    config = folder(tmp_path) / "config.yaml"
    run(["fit", f"--config={config}"])
    assert same(weights(tmp_path), weights(trained))
    aside = folder(tmp_path).with_name("seed_12345.1")
    assert (aside / "checkpoints" / "last.ckpt").is_file()
    old, new = (yaml.safe_load(file.read_text()) for file in (aside / "config.yaml", config))
    assert old == new


@pytest.mark.parametrize("method", ["sner", "mlm_ner"])
def test_resuming_gives_the_weights_and_the_curve_of_an_uninterrupted_run(
    method: str, tmp_path: Path
) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    command("fit", whole, method=method)
    command("fit", parted, "--trainer.max_epochs=1", method=method)
    command("fit", parted, "--ckpt_path=last", method=method)
    assert same(weights(parted, method=method), weights(whole, method=method))
    assert same(weights(parted, "best", method), weights(whole, "best", method))
    for column in ("train/loss", "dev/f1", "dev/loss"):
        one, other = (steps(folder(r, method) / "metrics.csv", column) for r in (whole, parted))
        assert one == other
    assert not list(folder(parted, method).parent.glob("*.1"))


def test_killed_at_any_moment_and_resumed_gives_the_uninterrupted_weights(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    more = ("--trainer.max_epochs=12",)
    command("fit", whole, *more, method="mlm_ner")
    last = folder(killed, "mlm_ner") / "checkpoints" / "last.ckpt"
    moments = 0
    for delay in (0.0, 0.05, 0.13):
        begun = last.stat().st_mtime if last.exists() else 0.0
        resume = ("--ckpt_path=last",) if last.exists() else ()
        process = popen(arguments("fit", killed, *more, *resume, method="mlm_ner"))
        while process.poll() is None:
            if last.exists() and last.stat().st_mtime > begun:
                time.sleep(delay)
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                moments += 1
                break
            time.sleep(0.005)
        process.communicate()
    assert moments >= 1
    command("fit", killed, *more, "--ckpt_path=last", method="mlm_ner")
    assert same(weights(killed, method="mlm_ner"), weights(whole, method="mlm_ner"))
    one, other = (
        steps(folder(root, "mlm_ner") / "metrics.csv", "train/loss") for root in (whole, killed)
    )
    assert one == other


def test_typed_options_win_over_the_checkpoint(tmp_path: Path) -> None:
    command("fit", tmp_path, "--trainer.max_epochs=1")
    cli = command(
        "fit", tmp_path, "--trainer.max_epochs=2", "--ckpt_path=last", "--model.optimizer.lr=0.007"
    )
    assert cli.trainer.optimizers[0].param_groups[0]["lr"] == 0.007
    state = torch.load(cli.run.checkpoints / "last.ckpt", weights_only=True)
    assert state["optimizer_states"][0]["param_groups"][0]["lr"] == 0.007
    assert yaml.safe_load((cli.run.path / "config.yaml").read_text())["ckpt_path"] is None


def test_a_checkpoint_file_does_not_overrule_the_command_line(
    trained: Path, tmp_path: Path
) -> None:
    file = folder(trained) / "checkpoints" / "last.ckpt"
    cli = command("test", tmp_path, f"--ckpt_path={file}", "--model.dropout=0.3")
    assert isinstance(cli.model, NERModule)
    assert cli.model.hparams["dropout"] == 0.3


def test_a_warm_up_and_decay_follow_their_formula(tmp_path: Path) -> None:
    # 9 steps, 3 of them warm-up (a third): 0, 1/3, 2/3, then linear from 1 to 0 over 6 steps.
    cli = command("fit", tmp_path, "--model.schedule=linear", "--model.warmup=0.334")
    scheduler: Any = cli.trainer.lr_scheduler_configs[0].scheduler
    rates = [scheduler.lr_lambdas[0](step) for step in range(10)]
    wanted = [0, 1 / 3, 2 / 3, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0]
    assert rates == pytest.approx(wanted)


def test_a_schedule_resumes_as_if_never_interrupted(tmp_path: Path) -> None:
    more = ("--model.schedule=cosine", "--model.warmup=0.2")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    command("fit", whole, *more)
    words = arguments("fit", killed, *more)
    process = popen(words)
    last = folder(killed) / "checkpoints" / "last.ckpt"
    while process.poll() is None and not last.exists():
        time.sleep(0.005)
    process.kill()
    process.communicate()
    command("fit", killed, *more, "--ckpt_path=last")
    assert same(weights(killed), weights(whole))


@pytest.mark.parametrize("which", ["last", "best"])
def test_resuming_where_there_is_nothing_is_an_error(which: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=f"`--ckpt_path {which}` needs a checkpoint"):
        command("fit", tmp_path, f"--ckpt_path={which}")


def test_resuming_from_weights_alone_is_an_error(trained: Path) -> None:
    files = [folder(trained) / "metrics.csv", folder(trained) / "checkpoints" / "last.ckpt"]
    before = [file.read_bytes() for file in files]
    with pytest.raises(ValueError, match=r"with weights alone, as `best` has\."):
        command("fit", trained, "--ckpt_path=best")
    assert [file.read_bytes() for file in files] == before


@pytest.mark.parametrize("spelling", ["absolute", "link"])
def test_a_run_resumes_in_place_however_its_checkpoint_is_written(
    spelling: str, tmp_path: Path
) -> None:
    command("fit", tmp_path / "runs", "--trainer.max_epochs=1")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "runs")
    root = link if spelling == "link" else tmp_path / "runs"
    last = folder(root) / "checkpoints" / "last.ckpt"
    cli = command("fit", tmp_path / "runs", f"--ckpt_path={last}", "--trainer.max_epochs=2")
    assert cli.trainer.global_step == 6
    assert not list(folder(tmp_path / "runs").parent.glob("*.1"))


def test_a_fit_that_is_refused_leaves_the_run_where_it_is(trained: Path, tmp_path: Path) -> None:
    command("fit", tmp_path, "--trainer.max_epochs=1", method="maner")
    other = folder(tmp_path, "maner") / "checkpoints" / "last.ckpt"
    before = sorted(file.name for file in folder(trained).rglob("*"))
    with pytest.raises(ValueError, match="was: 'MANERLightningModule'"):
        command("fit", trained, f"--ckpt_path={other}")
    with pytest.raises(ValueError, match="invalid accelerator name"):
        command("fit", trained, "--trainer.accelerator=nonsense")
    assert sorted(file.name for file in folder(trained).rglob("*")) == before
    assert not list(folder(trained).parent.glob("*.1"))


def test_scores_of_a_checkpoint_from_elsewhere_do_not_replace_the_runs_own(
    trained: Path, tmp_path: Path
) -> None:
    command("fit", tmp_path, "--data.language=en", "--trainer.max_epochs=1")
    command("test", tmp_path, "--data.language=en")
    run_folder = tmp_path / "sample-en" / "sner" / "seed_12345"
    own = (run_folder / "test_metrics.json").read_text()
    file = folder(trained) / "checkpoints" / "last.ckpt"
    command("test", tmp_path, "--data.language=en", f"--ckpt_path={file}")
    assert (run_folder / "test_metrics.json").read_text() == own
    zero_shot = run_folder / "from_sample-sw_sner_seed_12345" / "test_metrics.json"
    assert json.loads(zero_shot.read_text())["checkpoint"] == str(file)


def test_tests_leave_the_curves_of_a_fit_alone(trained: Path) -> None:
    before = (folder(trained) / "metrics.csv").read_bytes()
    command("test", trained)
    assert (folder(trained) / "metrics.csv").read_bytes() == before


def test_the_dev_loss_does_not_depend_on_the_batches(trained: Path) -> None:
    losses = [
        command("validate", trained, f"--data.eval_batch_size={size}")
        .trainer.callback_metrics["dev/loss"]
        .item()
        for size in (1, 7, 50)
    ]
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-5)


def test_a_precision_that_would_convert_sentences_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`trainer.precision` must be .*was: 'bf16-true'"):
        command("fit", tmp_path, "--trainer.precision=bf16-true")
    command("fit", tmp_path, "--trainer.precision=bf16-mixed", "--trainer.max_epochs=1")


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"The run folder must be writable, was: '.*file"):
        command("fit", tmp_path / "file")


def test_resuming_a_finished_run_changes_nothing(trained: Path) -> None:
    before = weights(trained)
    command("fit", trained, "--ckpt_path=last")
    assert same(weights(trained), before)
    assert len(steps(folder(trained) / "metrics.csv", "train/loss")) == 9


def test_testing_without_a_checkpoint_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="`--ckpt_path best` needs a checkpoint"):
        command("test", tmp_path)
    with pytest.raises(
        FileNotFoundError, match=r"'best', 'last' or a checkpoint file, was: 'x.ckpt'"
    ):
        command("test", tmp_path, "--ckpt_path=x.ckpt")


def test_a_checkpoint_of_another_method_is_refused(trained: Path, tmp_path: Path) -> None:
    file = folder(trained) / "checkpoints" / "best.ckpt"
    message = "method 'MANERLightningModule' as configured, was: 'SNERLightningModule'"
    with pytest.raises(ValueError, match=message):
        command("test", tmp_path, f"--ckpt_path={file}", method="maner")


def test_a_checkpoint_with_another_marker_is_refused(tmp_path: Path) -> None:
    command("fit", tmp_path, method="maner")
    file = folder(tmp_path, "maner") / "checkpoints" / "best.ckpt"
    with pytest.raises(ValueError, match="marker 'random' as configured, was: 'mask'"):
        command("test", tmp_path, f"--ckpt_path={file}", method="maner_rand")


def test_a_checkpoint_with_other_entity_types_is_refused_and_changes_nothing(
    trained: Path,
) -> None:
    before = (folder(trained) / "config.yaml").read_text()
    with pytest.raises(ValueError, match=r"entity_types \['.*'\] as configured, was: \["):
        command("fit", trained, "--ckpt_path=last", "--data.type_map={ORG: null}")
    assert (folder(trained) / "config.yaml").read_text() == before


def test_a_checkpoint_with_other_weights_is_refused(trained: Path) -> None:
    with pytest.raises(ValueError, match=r"different in 3 of \d+, first 'tagger\.head"):
        command("test", trained, "--model.head=crf")


def test_a_truncated_checkpoint_is_refused(trained: Path, tmp_path: Path) -> None:
    whole = (folder(trained) / "checkpoints" / "best.ckpt").read_bytes()
    file = tmp_path / "cut.ckpt"
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="A checkpoint must be whole"):
        command("test", tmp_path, f"--ckpt_path={file}")


def test_a_run_folder_in_use_is_refused(tmp_path: Path) -> None:
    first = popen(arguments("fit", tmp_path, "--trainer.max_epochs=500"))
    try:
        while not (folder(tmp_path) / "checkpoints" / "last.ckpt").exists():
            assert first.poll() is None, first.communicate()[1]
            time.sleep(0.02)
        with pytest.raises(ValueError, match="must have one writer"):
            command("fit", tmp_path)
    finally:
        first.kill()
        first.communicate()


def test_a_nan_loss_keeps_the_last_good_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("fit", tmp_path, "--trainer.max_epochs=1")
    good = weights(tmp_path)
    loss = NERModule.loss

    def explode(self: NERModule, sentences: Any) -> Any:
        factor = float("nan") if self.current_epoch == 1 else 1.0
        return loss(self, sentences) * factor

    monkeypatch.setattr(NERModule, "loss", explode)
    with pytest.raises(ValueError, match="was: nan in epoch 1, batch 0"):
        command("fit", tmp_path, "--ckpt_path=last")
    assert same(weights(tmp_path), good)


def test_two_devices_score_as_one(trained: Path, tmp_path: Path) -> None:
    command("test", trained, "--ckpt_path=best")
    file = folder(trained) / "checkpoints" / "best.ckpt"
    process = popen(
        arguments(
            "test",
            tmp_path,
            f"--ckpt_path={file}",
            "--trainer.devices=2",
            "--trainer.strategy=ddp",
            "--data.eval_batch_size=7",
        )
    )
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    folders = (folder(trained), folder(tmp_path) / "from_sample-sw_sner_seed_12345")
    one, two = (json.loads((place / "test_metrics.json").read_text()) for place in folders)
    assert two["scores"] == one["scores"]
    assert two["confusion"] == one["confusion"]
    tagged = [(place / "test_tagged.conll").read_text() for place in folders]
    assert tagged[0] == tagged[1]


def test_two_devices_train_and_leave_one_run(tmp_path: Path) -> None:
    process = popen(arguments("fit", tmp_path, "--trainer.devices=2", "--trainer.strategy=ddp"))
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert len(steps(folder(tmp_path) / "metrics.csv", "dev/f1")) == 3
    assert not list(folder(tmp_path).parent.glob("*.1"))


def test_a_variant_has_its_own_folder(tmp_path: Path) -> None:
    cli = command("fit", tmp_path, "--variant=lr1", "--trainer.max_epochs=1")
    assert cli.run.path == tmp_path / "sample-sw" / "sner-lr1" / "seed_12345"


def test_a_trial_run_leaves_no_trace(tmp_path: Path) -> None:
    command("fit", tmp_path, "--trainer.fast_dev_run=true")
    assert not list(tmp_path.rglob("*.ckpt"))
    assert not list(tmp_path.rglob("config.yaml"))


def test_tensorboard_gets_curves_options_a_picture_and_sentences(trained: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    command("test", trained)
    tags = {"scalars": set(), "images": set(), "tensors": set()}  # type: ignore[var-annotated]
    session = False
    for file in folder(trained).glob("events*"):
        events = EventAccumulator(str(file)).Reload()
        for kind, names in tags.items():
            names |= set(events.Tags()[kind])
        session |= "_hparams_/session_start_info" in events.summary_metadata
    assert {"train/loss", "dev/f1", "dev/loss", "test/f1", "test/f1/PER"} <= tags["scalars"]
    assert "dev/confusion" in tags["images"]
    assert "dev/sentences/text_summary" in tags["tensors"]
    assert session


def test_bad_input_ends_in_one_message(tmp_path: Path) -> None:
    words = arguments("fit", tmp_path, "--model.backbone=no/such-model")
    process = subprocess.run(
        [sys.executable, "-m", "lowner_pl", *words],
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1
    assert "error: The backbone must be a folder, a model of the Hugging Face hub" in process.stderr
    assert "'no/such-model'" in process.stderr
    assert "Traceback" not in process.stderr


def test_help_and_version_come_without_torch() -> None:
    code = "import sys; sys.argv=['x', '{}']; import lowner_pl.__main__ as m; m.main(); "
    code += "assert 'torch' not in sys.modules and 'lightning' not in sys.modules"
    for word, wanted in (("--help", "--ckpt_path"), ("--version", "lowner_pl 0.1")):
        output = subprocess.run(
            [sys.executable, "-c", code.format(word)], capture_output=True, text=True, check=True
        )
        assert wanted in output.stdout


def test_bases_cannot_be_loaded(trained: Path) -> None:
    file = folder(trained) / "checkpoints" / "best.ckpt"
    with pytest.raises(TypeError, match="abstract"):
        NERModule.load_from_checkpoint(file, weights_only=True)
    with pytest.raises(ValueError, match="method 'BaseModule' as configured, was: 'SNER"):
        BaseModule.load_from_checkpoint(file, weights_only=True)
    SNERLightningModule.load_from_checkpoint(file, weights_only=True)


def test_one_result_per_target_language(tmp_path: Path) -> None:
    sample = {
        language: {"class_path": "SampleDataModule", "init_args": {"language": language}}
        for language in ("en", "sw")
    }
    data = tmp_path / "data.yaml"
    options = {"source": sample["en"], "targets": [sample["sw"], sample["en"]]}
    data.write_text(yaml.safe_dump({"class_path": "CrossLingualDataModule", "init_args": options}))
    words = arguments("fit", tmp_path, f"--data={data}")
    words.remove("--data.train_size=48")
    run(words)
    words[0] = "test"
    cli = run(words)
    record = json.loads((cli.run.path / "test_metrics.json").read_text())
    scores = record["scores"]
    assert {name: scores[name]["entities"] for name in scores} == {"sw": 163, "en": 165}
    mean = (scores["sw"]["f1"] + scores["en"]["f1"]) / 2
    assert record["mean_f1"] == pytest.approx(mean)
    assert cli.trainer.callback_metrics["test/f1"].item() == pytest.approx(mean)
    for name, sentences in (("sw", 100), ("en", 100)):
        assert len(read_conll(cli.run.path / f"test_tagged_{name}.conll")) == sentences
