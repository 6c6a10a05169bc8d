"""Loading an exported tagger."""

from pathlib import Path
from typing import NamedTuple, cast

from lightning.pytorch.cli import instantiate_module
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from lowner_pl.corpus import TagSet
from lowner_pl.encoding import Marker, WordEncoder
from lowner_pl.modules import NERModule
from lowner_pl.modules.tagging.steps import TaggingModule
from lowner_pl.nn import build_head, load_tokenizer, verify_file
from lowner_pl.nn.backbones.loading import quiet_loading
from lowner_pl.runs.calibration import calibration_of
from lowner_pl.runs.checksums import checksum_of_files
from lowner_pl.tagging.exported.methods import method_class
from lowner_pl.tagging.exported.onnx_tagger import OnnxModule, OnnxScores
from lowner_pl.tagging.exported.record import (
    NAME,
    ONNX,
    PARTS,
    ExportRecord,
    chosen_runtime,
    graph_files,
)
from lowner_pl.tagging.exported.support import exported_support
from lowner_pl.tagging.support import Batches, plain_batches


class Exported(NamedTuple):
    """An exported tagger.

    Attributes:
        module: The method.
        batches: Makes what the method tags from sentences.
        record: The description.
        source: The file that holds its scores, for messages.
    """

    module: TaggingModule
    batches: Batches
    record: ExportRecord
    source: Path


def load_exported(folder: Path, *, runtime: str | None = None) -> Exported:
    """Load an exported tagger.

    Args:
        folder: The folder.
        runtime: ``torch`` or ``onnx``; by default torch if its weights are there.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file is damaged or of another version.
    """
    record = ExportRecord.read(folder)
    module: TaggingModule
    batches: Batches = plain_batches
    if chosen_runtime(folder, runtime) == "onnx":
        source = folder / ONNX
        module = _onnx_module(folder, record)
    else:
        source = folder / "model.safetensors"
        module = _torch_module(folder, record)
    if module.learns_episodes:
        batches = exported_support(folder, record)
    module.origin = {**record.run, "temperature": calibration_of(folder)}
    return Exported(module, batches, record, source)


def _torch_module(folder: Path, record: ExportRecord) -> NERModule:
    """Make the method from its options, with the exported encoder as its backbone."""
    kind = method_class(record.method, record.class_path, folder)
    options = {
        **record.options,
        "entity_types": record.entity_types,
        "backbone": str(folder),
        "_class_path": f"{kind.__module__}.{kind.__qualname__}",
    }
    with quiet_loading():  # a tagger has no language-model head
        module = instantiate_module(kind, options)
    if record.rows is not None:
        module.train_rows(record.rows)
    _load_parts(module.tagger, _parts(folder), folder)
    return module


def _onnx_module(folder: Path, record: ExportRecord) -> OnnxModule:
    """Make a tagger that ONNX Runtime computes."""
    file, about = folder / ONNX, record.onnx or {}
    if checksum_of_files(*graph_files(folder)) != about.get("checksum"):
        raise ValueError(
            f"'{file}' has changed since it was written. Copy the folder again, or export the run "
            "again."
        )
    parts = _parts(folder)
    tag_set = TagSet(record.entity_types, scheme=record.options.get("tag_scheme", "iob2"))
    hidden = parts["head.linear.weight"].shape[1]
    head = build_head(record.options.get("head", "softmax"), hidden, tag_set, dropout=0.0)
    holder = nn.ModuleDict({"head": head})
    _load_parts(holder, parts, folder)
    encoder = WordEncoder(
        load_tokenizer(str(folder))[0],
        marker=cast(Marker, record.marker),
        max_length=record.max_length,
        context=record.context,
    )
    scores = OnnxScores(file, head, alone=about.get("bits") == 8)
    return OnnxModule.of(scores, encoder, tag_set)


def _parts(folder: Path) -> dict[str, Tensor]:
    """Read the weights that are not the encoder's."""
    file = folder / PARTS
    if not file.is_file():
        raise FileNotFoundError(
            f"'{folder}' has no '{PARTS}'. Copy the folder again, or export the run again."
        )
    try:
        parts = load_file(file)
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"'{file}' is damaged ({error}). Copy the folder again, or export the run again."
        ) from error
    verify_file(file)
    return parts


def _load_parts(module: nn.Module, parts: dict[str, Tensor], folder: Path) -> None:
    """Load these weights; each must be there in the same shape."""
    own = module.state_dict()
    odd = [n for n, w in parts.items() if n not in own or own[n].shape != w.shape]
    if odd:
        raise ValueError(
            f"The weights in '{folder / PARTS}' don't fit '{folder / NAME}', first "
            f"{odd[0]!r}. Copy the folder again, or export the run again."
        )
    module.load_state_dict(parts, strict=False)
