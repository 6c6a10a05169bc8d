"""What a checkpoint says about its run and its method, and whether a method can load it."""

from collections.abc import Mapping
from typing import Any

from lightning.pytorch import LightningModule
from torch import Tensor

from lowner_pl.nn import weights_identity

IDENTITY = "lowner_pl"
"""Key of our entry in a checkpoint."""
TOKENIZER = "tokenizer"
"""Key of the tokenizer within our entry."""
RUN = "run"
"""Key of the run's description within our entry."""


def describe_run(module: Any, *, backbone_hash: str | None) -> dict[str, Any]:
    """Describe the run of a module: its data, method, seed and backbone.

    Args:
        module: The method. Without a trainer, the description has no data.
        backbone_hash: Hash of the backbone's files.
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
    """Compute the hash of the backbone's files, or ``None`` if they are not on this machine."""
    name = hparams.get("backbone")
    try:
        return weights_identity(name) if name else None
    except OSError:
        return None


def origin_of(checkpoint: Mapping[str, Any], identity: Mapping[str, Any]) -> dict[str, Any]:
    """Read the run, epoch and step that a checkpoint comes from.

    Args:
        checkpoint: The checkpoint.
        identity: Its entry about the method. Older versions did not describe the run there.
    """
    return {
        **identity.get(RUN, {}),
        "epoch": checkpoint.get("epoch"),
        "step": checkpoint.get("global_step"),
    }


def check_identity(
    saved: Mapping[str, Any] | None,
    *,
    mine: Mapping[str, Any],
    tokenizer: Mapping[str, str],
    remedy: str,
) -> Mapping[str, Any]:
    """Check that a checkpoint's identity is that of the configured method, and return it.

    Args:
        saved: Our entry in the checkpoint.
        mine: Identity of the configured method.
        tokenizer: Identity of the configured tokenizer. It is compared last, since its tokens may
            follow from the other options.
        remedy: Advice for a checkpoint of another method.

    Raises:
        ValueError: If they differ.
    """
    if saved is None:
        raise ValueError(
            "The checkpoint was not written by lowner_pl. Train one with `python -m lowner_pl fit`."
        )
    for key, value in mine.items():
        if saved.get(key) != value:
            raise ValueError(
                f"The checkpoint has {key} {_short(saved.get(key))}, but {_short(value)} is "
                f"configured. {remedy}"
            )
    for key, value in tokenizer.items():
        if saved.get(key, value) != value:  # older checkpoints do not name their tokenizer
            raise ValueError(
                f"The checkpoint has another {key} ({_short(saved[key])}) than the configured "
                f"backbone ({_short(value)}). Set `backbone` to the folder that training started "
                "from, and leave that folder unchanged."
            )
    return saved


def check_weights(saved: Mapping[str, Tensor], mine: Mapping[str, Tensor]) -> None:
    """Compare names and shapes of weights; torch's own message would list every difference.

    Args:
        saved: Weights of the checkpoint.
        mine: Weights of the configured model.

    Raises:
        ValueError: If they differ.
    """
    odd = sorted(
        name
        for name in {*saved, *mine}
        if name not in saved or name not in mine or saved[name].shape != mine[name].shape
    )
    if odd:
        raise ValueError(
            f"{len(odd)} of the model's {len(mine)} weights differ from the checkpoint in name or "
            f"shape, first {odd[0]!r}. Compare `backbone` and the other model options with the "
            "config in the checkpoint's run folder."
        )


def validates_everything(module: LightningModule) -> bool:
    """Tell whether the running validation reads every batch of the dev data."""
    trainer: Any = module.trainer
    loaders = trainer.val_dataloaders
    loaders = loaders if isinstance(loaders, list) else [loaders]
    return all(
        count >= len(loader) for count, loader in zip(trainer.num_val_batches, loaders, strict=True)
    )


def _short(value: object) -> str:
    """Format a value for a message, cut to 80 characters."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
