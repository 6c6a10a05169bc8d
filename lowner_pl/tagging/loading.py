"""Loading a trained tagger from a run folder or a checkpoint."""

from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import torch

from lowner_pl import modules
from lowner_pl.modules import BaseModule, NERModule
from lowner_pl.modules.tagging.steps import TaggingModule
from lowner_pl.runs.checkpoints import read_checkpoint, restored_from
from lowner_pl.tagging.run_files import RunFiles, run_files
from lowner_pl.tagging.support import Batches, plain_batches, support_of
from lowner_pl.tagging.tagger import TextTagger

IDENTITY = "lowner_pl"


def load(
    run: str | Path, *, split: str = "unicode", device: str | torch.device | None = None
) -> TextTagger:
    """Load a trained tagger, to tag raw text with it.

    >>> tagger = load("lightning_logs/sample-sw/maner/seed_12345")  # doctest: +SKIP
    >>> tagger("Wangari Maathai alizaliwa Nyeri.")  # doctest: +SKIP
    [TaggedEntity(start=0, end=15, type='PER', text='Wangari Maathai', confidence=0.97), …]

    Args:
        run: A run folder, of which ``best.ckpt`` is used, or a checkpoint. The backbone that
            training started from must be where it was. A meta-learned tagger needs its run folder,
            and the corpus of its source where it was.
        split: How texts are split: ``unicode``, ``none`` or ``whitespace``; see `Splitter`.
        device: Where to compute, such as ``cuda``; by default on the GPU if there is one.

    Raises:
        FileNotFoundError: If there is no such run, or a file that it needs is missing.
        ValueError: If the checkpoint is damaged, of another program, or of no tagger.
    """
    files, place = run_files(run), _device(device)
    saved = read_checkpoint(files.checkpoint)
    identity = _identity_of(saved, files)
    config = files.config()
    kind = _class_of(str(identity.get("method")), config, files)
    torch.set_flush_denormal(True)
    with restored_from(files.checkpoint):
        module = cast(
            TaggingModule,
            kind.load_from_checkpoint(files.checkpoint, map_location="cpu", weights_only=True),
        )
    batches: Batches = plain_batches
    if module.learns_episodes:
        batches = support_of(config, files)
    language = identity.get("run", {}).get("language")
    return TextTagger(
        module.eval().to(place),
        batches=batches,
        split=split,
        language=language if isinstance(language, str) else None,
        source=files.checkpoint,
    )


def _identity_of(saved: Mapping[str, Any], files: RunFiles) -> Mapping[str, Any]:
    """Read what a checkpoint says about its method."""
    identity = saved.get(IDENTITY)
    if (
        not identity
        or not isinstance(identity, dict)
        or not isinstance(identity.get("run", {}), dict)
    ):
        raise ValueError(
            f"'{files.checkpoint}' was not written by lowner_pl. Train a tagger with "
            "`python -m lowner_pl fit`."
        )
    return identity


def _class_of(name: str, config: Mapping[str, Any], files: RunFiles) -> type[NERModule]:
    """Find the class of a method: one of this package, or that which the run's config names."""
    found = getattr(modules, name, None) if name in modules.__all__ else None
    path = str((config.get("model") or {}).get("class_path", ""))
    if found is None and path.rpartition(".")[2] == name:
        with suppress(ImportError, ValueError):
            found = getattr(import_module(path.rpartition(".")[0]), name, None)
    if not (isinstance(found, type) and issubclass(found, BaseModule)):
        raise ValueError(
            f"'{files.checkpoint}' is of the method {name[:80]!r}, which is not in this version of "
            "lowner_pl. Use the version that trained it, or install the package of the method."
        )
    if not issubclass(found, NERModule):
        raise ValueError(
            f"'{files.checkpoint}' is a checkpoint of {name}, which finds no entities. Give the "
            "run of a tagger."
        )
    return found


def _device(name: str | torch.device | None) -> torch.device:
    """Choose the device; by default a GPU if there is one."""
    try:
        return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
    except RuntimeError as error:
        raise ValueError(
            f"`device` is {str(name)[:80]!r}, but it must be one that torch knows, such as cpu or "
            "cuda:0."
        ) from error
