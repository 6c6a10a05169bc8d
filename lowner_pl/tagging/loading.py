"""Loading a trained tagger from a run folder, a checkpoint or an exported folder."""

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import torch

from lowner_pl.modules import NERModule
from lowner_pl.nn import staying_packed
from lowner_pl.runs.checkpoints import read_checkpoint, restored_from
from lowner_pl.tagging.exported.loading import load_exported
from lowner_pl.tagging.exported.methods import method_class
from lowner_pl.tagging.exported.onnx_tagger import OnnxModule
from lowner_pl.tagging.exported.record import is_exported
from lowner_pl.tagging.run_files import RunFiles, run_files
from lowner_pl.tagging.support import Batches, plain_batches, support_of
from lowner_pl.tagging.tagger import TextTagger

IDENTITY = "lowner_pl"


class LoadedRun(NamedTuple):
    """A trained tagger with the files of its run.

    Attributes:
        module: The method.
        files: The files.
        config: The configuration of the run; empty without a run folder.
    """

    module: NERModule
    files: RunFiles
    config: Mapping[str, Any]


def load(
    run: str | Path,
    *,
    split: str = "unicode",
    device: str | torch.device | None = None,
    runtime: str | None = None,
) -> TextTagger:
    """Load a trained tagger, to tag raw text with it.

    >>> tagger = load("lightning_logs/sample-sw/maner/seed_12345")  # doctest: +SKIP
    >>> tagger("Wangari Maathai alizaliwa Nyeri.")  # doctest: +SKIP
    [TaggedEntity(start=0, end=15, type='PER', text='Wangari Maathai', confidence=0.97), …]

    Args:
        run: A run folder, of which ``best.ckpt`` is used, a checkpoint, or a folder that `export`
            wrote. A run needs the backbone that its training started from where it was; a
            meta-learned one also the corpus of its source. An exported folder needs nothing else.
        split: How texts are split: ``unicode``, ``none`` or ``whitespace``; see `Splitter`.
        device: Where to compute, such as ``cuda``; by default on the GPU if there is one.
        runtime: What computes an exported tagger: ``torch``, or ``onnx`` for ONNX Runtime, which
            uses the CPU; by default torch, unless the folder has only ``model.onnx``.

    Raises:
        FileNotFoundError: If there is no such run, or a file that it needs is missing.
        ValueError: If a file is damaged, of another program or version, or of no tagger.
    """
    if runtime not in (None, "torch", "onnx"):
        raise ValueError(f"`runtime` is {str(runtime)[:80]!r}, but it must be 'torch' or 'onnx'.")
    place = _device(device)
    torch.set_flush_denormal(True)
    batches: Batches = plain_batches
    if is_exported(Path(run)):
        module, batches, record, source = load_exported(Path(run), runtime=runtime)
        if isinstance(module, OnnxModule):
            if device is not None and place.type != "cpu":
                raise ValueError(
                    f"`device` is {str(device)[:80]!r}, but ONNX Runtime tags on the CPU. Leave it "
                    "out, or use the runtime 'torch'."
                )
            place = torch.device("cpu")
        return TextTagger(
            module.eval().to(place),
            batches=batches,
            split=split,
            language=record.language,
            source=source,
        )
    if runtime == "onnx":
        raise ValueError(
            f"`runtime` is 'onnx', but '{str(run)[:200]}' is not an exported folder. Export the "
            "run with `python -m lowner_pl export --onnx`, and give that folder."
        )
    loaded = load_run(run, tags_only=place.type == "cpu")
    if loaded.module.learns_episodes:
        batches = support_of(loaded.config, loaded.files)
    language = (loaded.module.origin or {}).get("language")
    return TextTagger(
        loaded.module.eval().to(place),
        batches=batches,
        split=split,
        language=language if isinstance(language, str) else None,
        source=loaded.files.checkpoint,
    )


def load_run(run: str | Path, *, tags_only: bool = False) -> LoadedRun:
    """Load the method of a run folder or a checkpoint.

    Args:
        run: The run folder or checkpoint.
        tags_only: Whether frozen embeddings may stay in 4 bits per number, so that the method can
            only tag, on the CPU.

    Raises:
        FileNotFoundError: If there is no such run, or a file that it needs is missing.
        ValueError: If the checkpoint is damaged, of another program, or of no tagger.
    """
    files = run_files(run)
    saved = read_checkpoint(files.checkpoint)
    identity = _identity_of(saved, files)
    config = files.config()
    class_path = str((config.get("model") or {}).get("class_path", ""))
    kind = method_class(str(identity.get("method")), class_path, files.checkpoint)
    packed = staying_packed() if tags_only and not kind.learns_episodes else nullcontext()
    with restored_from(files.checkpoint), packed:
        module = kind.load_from_checkpoint(files.checkpoint, map_location="cpu", weights_only=True)
    return LoadedRun(module, files, config)


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


def _device(name: str | torch.device | None) -> torch.device:
    """Choose the device; by default a GPU if there is one."""
    try:
        return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
    except RuntimeError as error:
        raise ValueError(
            f"`device` is {str(name)[:80]!r}, but it must be one that torch knows, such as cpu or "
            "cuda:0."
        ) from error
