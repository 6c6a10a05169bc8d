"""What a checkpoint says of the run that it is from."""

from collections.abc import Mapping
from typing import Any

from lightning.pytorch import LightningModule

from lowner_pl.nn import weights_identity

RUN = "run"
"""Where a checkpoint has it, beside the identity."""


def describe_run(module: Any, *, backbone_hash: str | None) -> dict[str, Any]:
    """Describe the run of a module: its data, method, seed and backbone.

    Args:
        module: The method; without a trainer it has no data to describe.
        backbone_hash: Of the files of its backbone.
    """
    data = getattr(module._trainer, "datamodule", None)
    return {
        **({} if data is None else data.description()),
        "method": module.method,
        "variant": module.variant,
        "seed": module.seed,
        "backbone": module.hparams.get("backbone"),
        "backbone_hash": backbone_hash,
    }


def hash_of_backbone(hparams: Mapping[str, Any]) -> str | None:
    """Compute the hash of the backbone's files, ``None`` where there is none on this machine."""
    name = hparams.get("backbone")
    try:
        return weights_identity(name) if name else None
    except OSError:
        return None


def origin_of(checkpoint: Mapping[str, Any], identity: Mapping[str, Any]) -> dict[str, Any]:
    """Read where a checkpoint is from; one written by an older version knows epoch and step only.

    Args:
        checkpoint: The checkpoint.
        identity: What it says of its method.
    """
    return {
        **identity.get(RUN, {}),
        "epoch": checkpoint.get("epoch"),
        "step": checkpoint.get("global_step"),
    }


def validates_everything(module: LightningModule) -> bool:
    """Tell whether the running validation reads every batch of the dev data."""
    trainer: Any = module.trainer
    loaders = trainer.val_dataloaders
    loaders = loaders if isinstance(loaders, list) else [loaders]
    return all(
        count >= len(loader) for count, loader in zip(trainer.num_val_batches, loaders, strict=True)
    )
