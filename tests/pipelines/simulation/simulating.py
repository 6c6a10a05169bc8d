"""Small simulations in tests, and what stands in for training."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from lowner_pl.commands.command_line import CommandLine
from lowner_pl.commands.run_config import SIGNATURE, signature_of
from lowner_pl.corpus import ConllFile
from lowner_pl.pipelines.simulation import simulation
from lowner_pl.pipelines.simulation.options import simulation_options
from lowner_pl.pipelines.simulation.simulation import Simulation
from lowner_pl.runs.folder import RunFolder

from ...results.records import write_run
from ...running import arguments


def words(root: Path, *more: str, sizes: str = "5 10") -> list[str]:
    """Return the options of a small simulation on the Swahili sample."""
    fit = arguments("fit", root, "--trainer.max_epochs=1", "--data.dev_size=10", *more)[1:]
    return [*fit, "--strategy=diverse", "--sizes", *sizes.split()]


def made(root: Path, *more: str, sizes: str = "5 10") -> Simulation:
    """Make a small simulation."""
    return Simulation(simulation_options(words(root, *more, sizes=sizes)))


class Commands:
    """Stands in for training, test and choice: leaves the files that they would leave.

    Attributes:
        ran: The commands that were run, with the number of training sentences.
        stop: The command at which the user presses Ctrl+C.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ran: list[str] = []
        self.stop = ""
        monkeypatch.setattr(simulation, "run", self._run)
        monkeypatch.setattr(simulation, "load", lambda run, **_: run)
        monkeypatch.setattr(simulation, "next_sentences", self._next)

    def _run(self, words: list[str], parsed: CommandLine | None = None) -> Any:
        config = yaml.safe_load(Path(words[1].removeprefix("--config=")).read_text())
        size = len(ConllFile(config["data"]["init_args"]["file"]))
        shown = f"{words[0]} {size}{' on' if len(words) > 2 else ''}"
        root, seed = Path(config["log_root"]), config["seed_everything"]
        run = RunFolder(root, "sample-sw", f"sner-{config['variant']}", seed)
        run.checkpoints.mkdir(parents=True, exist_ok=True)
        last = run.checkpoints / "last.ckpt"
        if words[0] == "fit":
            last.touch()
            if parsed is not None:
                signature = {"signature": signature_of(parsed.values)}  # type: ignore[attr-defined]
                (run.path / SIGNATURE).write_text(json.dumps(signature))
        if shown == self.stop:
            self.stop = ""
            raise KeyboardInterrupt
        self.ran.append(shown)
        if words[0] == "fit":
            (run.checkpoints / "best.ckpt").touch()
        else:
            write_run(root, "sner", seed, corpus="sample-sw", variant="diverse", train_size=size)
            last.unlink()
        return type("Cli", (), {"run": run})

    def _next(self, _: Any, pool: Any, annotated: Any, __: str, count: int, ___: int) -> list[int]:
        return [at for at in range(len(pool)) if at not in annotated][:count]
