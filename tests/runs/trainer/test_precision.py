"""The precision of a run: chosen for the device, or warned about where it is slow."""

import logging
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import yaml

from lowner_pl.runs.trainer.precision import RunTrainer, take_precision

from ...running import command


def on(
    monkeypatch: pytest.MonkeyPatch,
    *,
    flags: tuple[str, ...] = (),
    level: str = "AVX2",
    gpu: bool | None = None,
) -> None:
    """Pretend to be on a processor with some flags, and a GPU that has bfloat16, or none."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: dict.fromkeys(flags, True))
    monkeypatch.setattr(torch.backends, "cpu", SimpleNamespace(get_cpu_capability=lambda: level))
    for module in (torch.accelerator, torch.cuda):
        monkeypatch.setattr(module, "is_available", lambda: gpu is not None)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: gpu)


@pytest.mark.parametrize(
    ("device", "accelerator", "taken", "why"),
    [
        ({}, "cpu", "32-true", "the processor has no instructions for bfloat16"),
        ({"flags": ("avx512_f", "amx_tile")}, "auto", "32-true", "has no instructions"),
        ({"flags": ("amx_bf16",)}, "auto", "bf16-mixed", "the processor has instructions"),
        ({"flags": ("avx512_bf16",)}, "cpu", "bf16-mixed", "the processor has instructions"),
        ({"gpu": True}, "auto", "bf16-mixed", "the GPU has instructions"),
        ({"gpu": True}, "cpu", "32-true", "the processor has no instructions for bfloat16"),
        ({"gpu": False, "flags": ("amx_bf16",)}, "gpu", "32-true", "the GPU has no instructions"),
    ],
)
def test_auto_takes_bfloat16_where_the_device_has_it(
    device: dict[str, Any],
    accelerator: str,
    taken: str,
    why: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    on(monkeypatch, **device)
    with caplog.at_level(logging.INFO):
        assert take_precision("auto", accelerator) == taken
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith(f"`--trainer.precision auto` takes {taken}: the ")
    assert re.search(why, said)


@pytest.mark.parametrize(
    ("device", "precision", "message"),
    [
        ({}, "bf16-mixed", r"processor has no .*bf16-mixed` is slower .*: .* 7 to 30 times .*AVX2"),
        ({}, "bf16-true", r"bf16-true` is slower than 32-true: .* Use `--trainer.precision auto`"),
        ({"level": "AVX512"}, "bf16", r"bf16` is slower than 32-true\. Use `--trainer"),
        ({"gpu": False}, "bf16", r"The GPU has no .*bf16` is slower than 32-true\. Use"),
    ],
)
def test_bfloat16_without_instructions_for_it_warns(
    device: dict[str, Any], precision: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(monkeypatch, **device)
    with pytest.warns(UserWarning, match=message):
        assert take_precision(precision, "cpu" if device.get("gpu") is None else "gpu") == precision


@pytest.mark.parametrize("precision", ["bf16-mixed", "32-true", None, 16])
@pytest.mark.filterwarnings("error")
def test_other_precisions_are_taken_silently(
    precision: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(monkeypatch, flags=("amx_bf16",))
    assert take_precision(precision, "auto") == precision


def test_a_run_records_what_auto_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, flags=("amx_bf16",))
    cli = command("fit", tmp_path, "--trainer.precision=auto", "--trainer.max_epochs=1")
    assert cli.trainer.precision == "bf16-mixed"
    text = (cli.run.path / "config.yaml").read_text()
    first = "# `trainer.precision: auto` took bf16-mixed from step 0.\n"
    assert text.startswith(first)
    assert yaml.safe_load(text)["trainer"]["precision"] == "auto"
    on(monkeypatch)
    resumed = ("--trainer.precision=auto", "--trainer.max_epochs=2", "--ckpt_path=last")
    assert command("fit", tmp_path, *resumed).trainer.precision == "32-true"
    text = (cli.run.path / "config.yaml").read_text()
    assert text.startswith(f"{first}# `trainer.precision: auto` took 32-true from step 3.\n")


def test_new_memory_is_not_filled_in_deterministic_runs() -> None:
    before = torch.are_deterministic_algorithms_enabled()
    fills: Any = torch.utils.deterministic
    fills.fill_uninitialized_memory = True
    try:
        RunTrainer(deterministic=True, accelerator="cpu", logger=False, enable_progress_bar=False)
        assert torch.are_deterministic_algorithms_enabled()
        assert not fills.fill_uninitialized_memory
    finally:
        torch.use_deterministic_algorithms(before)
