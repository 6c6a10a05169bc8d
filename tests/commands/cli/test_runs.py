"""The commands, end to end on a small backbone and the sample corpus."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from lowner_pl.callbacks import scores_by_set
from lowner_pl.commands.cli import run
from lowner_pl.corpus import read_conll
from lowner_pl.modules import NERModule

from ...running import arguments, command, folder, same, steps, weights


def test_a_run_folder_holds_what_a_run_leaves(trained: Path) -> None:
    run = folder(trained)
    names = {str(file.relative_to(run)) for file in run.rglob("*") if file.is_file()}
    assert {"config.yaml", "metrics.csv", "checkpoints/best.ckpt", "checkpoints/last.ckpt"} <= names
    assert sum("/events.out.tfevents" in name for name in names) == 1
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
    (tested,) = record["test_sets"]
    scores = tested["scores"]
    assert scores["words"] == sum(len(s.words) for s in corpus) == 1436
    assert scores["entities"] == sum(len(s.entities) for s in corpus) == 163
    assert scores["f1"] == scores["conlleval_f1"]  # tags are well-formed
    tagged = folder(trained) / "test_tagged.conll"
    gold, predicted = (read_conll(tagged, tag_column=column) for column in (1, 2))
    assert [s.words for s in gold] == [s.words for s in corpus]
    assert [s.tags for s in gold] == [s.tags for s in corpus]
    right = sum(
        len(set(g.entities) & set(p.entities)) for g, p in zip(gold, predicted, strict=True)
    )
    found = sum(len(p.entities) for p in predicted)
    f1 = 2 * right / (163 + found)
    assert scores["f1"] == record["f1"] == round(f1, 6)
    output = capsys.readouterr().out
    assert f"{100 * f1:.2f}" in output
    assert f"Run folder: {folder(trained)}" in output


def test_commands_round_numbers_below_the_normal_range_to_zero(trained: Path) -> None:
    # 1e-37 / 1000 is a denormal number of float32, whose smallest normal one is 1.18e-38.
    assert torch.set_flush_denormal(False)
    assert (torch.tensor([1e-37]) / 1000).item() > 0
    command("validate", trained)
    assert (torch.tensor([1e-37]) / 1000).item() == 0


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
    aside = tmp_path / "superseded" / "sample-sw" / "sner" / "seed_12345.1"
    assert (aside / "checkpoints" / "last.ckpt").is_file()
    old, new = (yaml.safe_load(file.read_text()) for file in (aside / "config.yaml", config))
    assert old == new


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
    zero_shot = run_folder / "from_sample-sw_sner_seed_12345" / "test_metrics_last.json"
    record = json.loads(zero_shot.read_text())
    assert record["checkpoint"]["path"] == str(file)
    assert (record["corpus"], record["trained_on"]["corpus"]) == ("sample-en", "sample-sw")
    assert not record["same_corpus"]


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


def test_a_variant_has_its_own_folder(tmp_path: Path) -> None:
    cli = command("fit", tmp_path, "--variant=lr1", "--trainer.max_epochs=1")
    assert cli.run.path == tmp_path / "sample-sw" / "sner-lr1" / "seed_12345"


def test_a_trial_run_leaves_no_trace(tmp_path: Path) -> None:
    command("fit", tmp_path, "--trainer.fast_dev_run=true")
    assert not list(tmp_path.rglob("*.ckpt"))
    assert not list(tmp_path.rglob("config.yaml"))


def test_help_and_version_come_without_torch() -> None:
    code = "import sys; sys.argv=['x', '{}']; import lowner_pl.__main__ as m; m.main(); "
    code += "assert 'torch' not in sys.modules and 'lightning' not in sys.modules"
    for word, wanted in (("--help", "--ckpt_path"), ("--version", "lowner_pl 0.")):
        output = subprocess.run(
            [sys.executable, "-c", code.format(word)], capture_output=True, text=True, check=True
        )
        assert wanted in output.stdout


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
    scores = scores_by_set(record)
    assert {name: scores[name]["entities"] for name in scores} == {"sw": 163, "en": 165}
    mean = (scores["sw"]["f1"] + scores["en"]["f1"]) / 2
    assert record["f1"] == pytest.approx(mean, abs=1e-6)
    assert cli.trainer.callback_metrics["test/f1"].item() == pytest.approx(mean)
    for name, sentences in (("sw", 100), ("en", 100)):
        assert (
            len(read_conll(cli.run.path / f"test_tagged_{name}.conll", tag_column=1)) == sentences
        )
