"""Every option of Trainer is obeyed, or refused in one sentence; none is silently ignored."""

import inspect
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Trainer
from lightning.pytorch.plugins import HalfPrecision, TorchCheckpointIO
from lightning.pytorch.strategies import DDPStrategy, FSDPStrategy

from lowner_pl.commands.cli import NERCLI
from lowner_pl.modules import SNERLightningModule
from lowner_pl.runs.trainer.options import (
    CHOICES,
    LEAST,
    REFUSED,
    SHARES,
    check_trainer_options,
    made_by_lightning,
)

from ...running import command, folder, small_backbone

DEFAULTS = {
    name: parameter.default
    for name, parameter in inspect.signature(Trainer.__init__).parameters.items()
    if name != "self"
}
# For each obeyed option, an allowed value that is not its default.
OBEYED: dict[str, Any] = {
    "max_epochs": 7,
    "min_epochs": 2,
    "max_steps": 11,
    "min_steps": 3,
    "check_val_every_n_epoch": 2,
    "num_sanity_val_steps": 1,
    "log_every_n_steps": 5,
    "accumulate_grad_batches": 4,
    "gradient_clip_val": 2.5,
    "reload_dataloaders_every_n_epochs": 3,
    "limit_train_batches": 0.5,
    "limit_val_batches": 6,
    "limit_test_batches": 7,
    "limit_predict_batches": 8,
    "val_check_interval": 0.25,
    "detect_anomaly": True,
}


@pytest.fixture
def module(tiny: str) -> SNERLightningModule:
    return SNERLightningModule(entity_types=("PER",), backbone=tiny)


def test_every_option_of_trainer_is_listed() -> None:
    decided = [*LEAST, *SHARES, *CHOICES, *REFUSED]
    assert len(decided) == len(set(decided))
    assert set(decided) == set(DEFAULTS), "list the new option in trainer_options.py"


def test_trainer_defaults_are_accepted(module: SNERLightningModule) -> None:
    for name in ("fit", "validate", "test", "predict"):
        check_trainer_options(DEFAULTS, module, command=name)


@pytest.mark.parametrize("name", REFUSED)
def test_options_without_effect_are_refused(name: str, module: SNERLightningModule) -> None:
    bad = REFUSED[name][0]
    with pytest.raises(ValueError, match=rf"^`--trainer.{name} \S+` can't be used. [A-Z`].*\.$"):
        check_trainer_options(
            {**DEFAULTS, name: "x" if bad is None else bad}, module, command="fit"
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *(
            ({name: least - 1}, f"is {least - 1}, but it must be at least {least}")
            for name, least in LEAST.items()
        ),
        *(({name: value}, "a share from 0.0 to 1.0") for name in SHARES for value in (2.5, -1)),
        ({"limit_train_batches": float("nan")}, "a share from 0.0 to 1.0"),
        ({"gradient_clip_val": float("nan")}, "is nan, but it must be at least 0"),
        ({"gradient_clip_val": float("inf")}, "is inf, but it must be at least 0"),
        ({"val_check_interval": 0}, "must be above 0. To train without validation"),
        ({"val_check_interval": timedelta(0)}, "is 0:00:00, but it must be above 0"),
        ({"max_time": "00:00:00:00"}, "is 00:00:00:00, but it must be above 0"),
        ({"max_time": {"seconds": -5}}, "must be above 0"),
        ({"max_time": {"x": 1}}, "must be a duration, such as"),
        ({"limit_train_batches": 0}, "limit_train_batches 0`, `fit` has nothing to do"),
        ({"max_epochs": 0}, "max_epochs 0`, `fit` has nothing to do"),
        ({"max_steps": 0}, "max_steps 0`, `fit` has nothing to do"),
        ({"min_epochs": 5, "max_epochs": 2}, "min_epochs` is 5, but .*max_epochs` is only 2"),
        ({"min_steps": 5, "max_steps": 2}, "min_steps` is 5, but .*max_steps` is only 2"),
        *(({"devices": value}, "must be a number of dev") for value in ("x", "1.5", 0, "", "0,x")),
        *(({"devices": value}, "must be a number of dev") for value in ([], [1.5], "-2", True)),
        (
            {"devices": 10_000, "accelerator": "cpu"},
            "is 10000. On a CPU .* at most .* on this machine",
        ),
        *(({"strategy": name}, "must be auto, or ddp") for name in ("x", "", "fsdp", "ddp_spawn")),
        ({"strategy": FSDPStrategy()}, "is FSDPStrategy, but it must be auto, or ddp"),
        ({"strategy": DDPStrategy(start_method="spawn")}, "is DDPStrategy, but"),
        *(({"precision": name}, "must be auto, 32-true, ") for name in (64, "64", "16-true")),
        ({"plugins": [HalfPrecision("bf16-true")]}, "can't have HalfPrecision: it would convert"),
        ({"plugins": [HalfPrecision("16-true")]}, "Use `--trainer.precision bf16-true`"),
        ({"plugins": TorchCheckpointIO()}, "can't have TorchCheckpointIO"),
    ],
)
def test_values_that_make_no_sense_are_refused(
    options: dict[str, Any], message: str, module: SNERLightningModule
) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        check_trainer_options({**DEFAULTS, **options}, module, command="fit")
    assert f"trainer.{next(iter(options))}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [1, "2", "auto", -1, "-1", [0, 2], "0,1"])
def test_devices_that_lightning_knows_are_accepted(value: Any, module: SNERLightningModule) -> None:
    check_trainer_options(
        {**DEFAULTS, "devices": value, "accelerator": "gpu"}, module, command="fit"
    )


def test_limits_of_other_commands_are_not_checked(module: SNERLightningModule) -> None:
    options = {**DEFAULTS, "limit_train_batches": 0, "limit_val_batches": 0, "max_epochs": 0}
    check_trainer_options(options, module, command="test")
    with pytest.raises(ValueError, match="`validate` has nothing to do"):
        check_trainer_options(options, module, command="validate")


@pytest.mark.parametrize(
    "options",
    [
        {"accelerator": "x"},
        {"max_time": "1:2:3"},
        {"profiler": "x"},
        {"gradient_clip_algorithm": "x"},
        {"accelerator": "cpu", "devices": [1]},
    ],
)
def test_errors_of_lightning_become_one_sentence(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^Lightning refuses an option of `--trainer`: .*\.$"):
        made_by_lightning(lambda: Trainer(**options))


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make commands end before they train."""
    monkeypatch.setattr(NERCLI, "_run_subcommand", lambda self, _: self.run.release())


@pytest.mark.usefixtures("untrained")
def test_obeyed_options_reach_the_trainer(tmp_path: Path) -> None:
    words = [f"--trainer.{name}={value}" for name, value in OBEYED.items()]
    more = ("--trainer.gradient_clip_algorithm=value", "--trainer.profiler=simple")
    trainer: Any = command("fit", tmp_path, *words, *more).trainer
    private = {"detect_anomaly": "_detect_anomaly"}
    reached = {name: getattr(trainer, private.get(name, name), None) for name in OBEYED}
    assert {name: str(value) for name, value in reached.items()} == {
        name: str(value) for name, value in OBEYED.items()
    }
    assert trainer.gradient_clip_algorithm == "value"
    assert type(trainer.profiler).__name__ == "SimpleProfiler"


@pytest.mark.usefixtures("untrained")
def test_the_user_s_progress_bar_replaces_the_default_one(tmp_path: Path) -> None:
    bar = "--trainer.callbacks=[{class_path: TQDMProgressBar}]"
    cli = command("fit", tmp_path, bar, "--trainer.enable_progress_bar=true")
    assert type(cli.trainer.progress_bar_callback).__name__ == "TQDMProgressBar"


def test_without_a_logger_no_metrics_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    command("fit", tmp_path, "--trainer.logger=false", "--trainer.max_epochs=1")
    command("test", tmp_path, "--trainer.logger=false")
    names = {file.name for file in folder(tmp_path).rglob("*") if file.is_file()}
    assert {"config.yaml", "best.ckpt", "last.ckpt", "test_tagged.conll"} <= names
    assert not [name for name in names if name.startswith(("events", "metrics.csv"))]
    assert not list((tmp_path / "here").iterdir())


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("num_nodes=x", "--trainer.num_nodes is 'x', but it must be a whole number."),
        ("max_epochs=1.5", "is '1.5', but it must be a whole number or null."),
        ("limit_val_batches=x", "is 'x', but it must be a whole number, a number or null."),
        ("deterministic=3", "is '3', but it must be true, false, warn or null."),
        ("precision=x", "auto, 32-true, 16-mixed, bf16-mixed, bf16-true"),
        ("plugins=[x]", "There is no class 'x' for --trainer.plugins."),
        ("callbacks=x", "is 'x', but it must be a class, such as"),
        (
            "callbacks=[{class_path: EarlyStopping, init_args: {monitor: dev/f1, patience: x}}]",
            "`trainer.callbacks.patience` is 'x', but it must be a whole number.",
        ),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_in_one_sentence(
    option: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small_backbone()
    capsys.readouterr()  # what making the backbone prints
    with pytest.raises(SystemExit) as ended:
        command("fit", tmp_path, f"--trainer.{option}")
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert sentence in said
    assert said.count("\n") == 1
