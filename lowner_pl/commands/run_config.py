"""The configuration of a run, saved as ``config.yaml``, and a signature to find the run by."""

import hashlib
import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from jsonargparse import Namespace
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.cli import LightningArgumentParser, SaveConfigCallback

from lowner_pl.commands.options.yaml_text import LOADER
from lowner_pl.runs.files import write_text

SIGNATURE = "signature.json"
"""The file in a run folder that holds the signature of the run's configuration."""
TOOK = "# `trainer.precision: auto` took "
"""The beginning of a comment in ``config.yaml``."""


class RunConfigCallback(SaveConfigCallback):
    """Callback that writes ``config.yaml`` and the run's signature when ``fit`` begins.

    ``fit --config config.yaml`` repeats the run from the start. A comment says what precision
    ``auto`` took. Neither file says from which checkpoint the run was resumed.
    """

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Write nothing yet: if the checkpoint is refused, the folder must not have changed."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write both files, each whole or not at all."""
        del pl_module
        config = self.config.clone()
        config["ckpt_path"] = None
        folder = trainer.log_dir  # Lightning broadcasts it, so every device must ask for it
        if trainer.is_global_zero:
            assert folder is not None
            text = as_yaml(self.parser, config)
            file = Path(folder) / self.config_filename
            write_text(file, _notes(file, trainer, config["trainer"]["precision"]) + text)
            signature = {"signature": signature_of(yaml.load(text, Loader=LOADER))}
            write_text(Path(folder) / SIGNATURE, json.dumps(signature) + "\n")


def as_yaml(
    parser: LightningArgumentParser, config: Namespace, *, skip_link_targets: bool = True
) -> str:
    """Write a parsed configuration as YAML.

    It was validated when it was parsed; validating it again takes three times as long as writing.

    Args:
        parser: The parser that parsed it.
        config: The configuration.
        skip_link_targets: Whether to leave out what the parser computes from other options.
    """
    text: str = parser.dump(
        config, skip_none=False, skip_validation=True, skip_link_targets=skip_link_targets
    )
    return text


def as_values(
    parser: LightningArgumentParser, config: Namespace, *, skip_link_targets: bool = True
) -> dict[str, Any]:
    """Convert a parsed configuration to plain values; see `as_yaml`."""
    text = as_yaml(parser, config, skip_link_targets=skip_link_targets)
    values: dict[str, Any] = yaml.load(text, Loader=LOADER)
    return values


def _notes(file: Path, trainer: Trainer, precision: object) -> str:
    """Write comments about the precisions that ``auto`` took, also before the run was resumed."""
    notes = []
    if trainer.global_step and file.exists():
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        notes = [line for line in lines if line.startswith(TOOK)]
    if precision == "auto":
        notes.append(f"{TOOK}{trainer.precision} from step {trainer.global_step}.\n")
    return "".join(notes)


def signature_of(settings: Mapping[str, object], command: str = "fit", *more: str) -> str:
    """Hash a command and its configuration.

    Args:
        settings: All options with their values, defaults included.
        command: The command.
        more: Further text that the result of the command depends on.
    """
    text = "\n".join([command, json.dumps(settings, sort_keys=True, default=str), *more])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def run_with(settings: Mapping[str, object]) -> Path | None:
    """Find the folder of the run that ``fit`` began with exactly this configuration.

    Runs of versions that wrote no signature are not found.

    Args:
        settings: The configuration of ``fit``, without ``ckpt_path``.
    """
    root, seed = Path(str(settings["log_root"])), settings["seed_everything"]
    wanted = signature_of(settings)
    for file in sorted(root.glob(f"*/*/seed_{seed}/{SIGNATURE}")):
        if wanted in file.read_text(encoding="utf-8", errors="replace"):
            return file.parent
    return None


def method_class(model: Mapping[str, Any]) -> type:
    """Find the class of the method that a configuration names."""
    module, _, name = model["class_path"].rpartition(".")
    kind: type = getattr(importlib.import_module(module), name)
    return kind


def method_name(model: Mapping[str, Any]) -> str:
    """Find the name of the method of a configuration, without making it."""
    found = getattr(method_class(model), "method")  # noqa: B009  # mypy knows no class
    if isinstance(found, property) and found.fget is not None:  # it depends on options
        return str(found.fget(SimpleNamespace(**model["init_args"])))
    return str(found)
