"""Which checkpoint was tested, and where its weights come from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch import Trainer

from lowner_pl.callbacks.protocols import Method
from lowner_pl.callbacks.scores import rounded


def which_checkpoint(folder: Path, path: str | Path | None) -> str:
    """Tell whether a checkpoint is the run's ``best`` or ``last``, another ``file`` or ``none``.

    Args:
        folder: The folder that the test reports to, which is the run folder for its checkpoints.
        path: The checkpoint.
    """
    if path is None:
        return "none"
    own = folder.resolve() / "checkpoints"
    file = Path(path).resolve()
    return file.stem if file.parent == own and file.name in ("best.ckpt", "last.ckpt") else "file"


def file_suffix(folder: Path, path: str | Path | None) -> str:
    """Choose the suffix of a test's files: empty for the best checkpoint, else ``_<checkpoint>``.

    The test of one checkpoint therefore never replaces that of another.

    Args:
        folder: The folder that the test reports to.
        path: The checkpoint.
    """
    which = which_checkpoint(folder, path)
    if which != "file":
        return "" if which == "best" else f"_{which}"
    file = Path(str(path)).resolve()
    # A folder `from_…` is named after the run, or after a file that is in no run folder.
    is_named = folder.name.endswith(f"_{file.stem}")
    is_best = file.name == "best.ckpt" and folder.resolve() not in file.parents
    return "" if is_named or is_best else f"_{file.stem}"


def tested_checkpoint(trainer: Trainer, module: Method, folder: Path) -> str:
    """Describe the tested checkpoint for the screen: its name, epoch and dev score."""
    about = checkpoint_record(trainer.ckpt_path, folder, origin_of(trainer, module))
    names = {"file": f"the checkpoint {about['path']}", "none": "the untrained model"}
    details = []
    if about["epoch"] is not None:
        details.append(f"epoch {about['epoch']}")
    if about["dev_f1"] is not None:
        partly = "" if about["dev_complete"] else " on a part of the dev data"
        details.append(f"dev F1 {100 * about['dev_f1']:.2f}{partly}")
    name = names.get(about["which"], f"the {about['which']} checkpoint")
    return f"{name} ({', '.join(details)})" if details else name


def origin_of(trainer: Trainer, module: Method) -> dict[str, Any]:
    """Collect where the tested weights come from, for old checkpoints as far as their path tells.

    Returns:
        Corpus, method, variant, seed, backbone and more of the training run, as far as known.
    """
    origin = dict(module.origin or {})
    if trainer.ckpt_path is None:
        return {"backbone": module.hparams.get("backbone"), "backbone_hash": module.backbone_hash}
    if "corpus" not in origin:
        origin["backbone"] = module.hparams.get("backbone")
        origin["backbone_hash"] = module.backbone_hash
        origin |= _from_path(Path(trainer.ckpt_path))
    return origin


def checkpoint_record(
    path: str | Path | None, folder: Path, origin: Mapping[str, Any]
) -> dict[str, Any]:
    """Describe the tested checkpoint for ``test_metrics.json``."""
    headline, score = origin.get("headline"), origin.get("dev_score")
    score = None if score is None else rounded("", score)
    return {
        "which": which_checkpoint(folder, path),
        "path": path,
        "epoch": origin.get("epoch"),
        "step": origin.get("step"),
        "dev_f1": score if headline == "f1" else None,
        "dev_score": score,
        "dev_complete": origin.get("dev_complete"),
    }


def _from_path(checkpoint: Path) -> dict[str, Any]:
    """Read corpus, method, variant and seed from ``<corpus>/<method>/seed_<seed>/checkpoints/``."""
    *_, corpus, method, seed, place, _ = ("", "", "", "", *checkpoint.resolve().parts)
    number = seed.removeprefix("seed_")
    if place != "checkpoints" or not number.isdigit():
        return {}
    name, _, variant = method.partition("-")
    return {"corpus": corpus, "method": name, "variant": variant or None, "seed": int(number)}
