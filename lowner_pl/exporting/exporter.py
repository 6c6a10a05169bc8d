"""Writing a trained tagger as a folder that needs nothing of its run."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from transformers import PreTrainedModel

from lowner_pl import __version__, modules
from lowner_pl.exporting.card import Card
from lowner_pl.exporting.encoder import is_classifier, plain_encoder, save_weights, with_labels
from lowner_pl.exporting.graph import check_packages, write_graph
from lowner_pl.exporting.scores import scores_of
from lowner_pl.exporting.source import write_source
from lowner_pl.modules import NERModule
from lowner_pl.nn.backbones.training.embedding_rows import EmbeddingRows
from lowner_pl.runs.calibration import NAME as CALIBRATION
from lowner_pl.runs.calibration import calibration_of
from lowner_pl.runs.checksums import checksum_of_files
from lowner_pl.runs.files import write_json, write_text
from lowner_pl.tagging.exported.record import ExportRecord, graph_files, is_exported
from lowner_pl.tagging.loading import LoadedRun, load_run

TRAINING = (
    "_class_path",
    "_instantiator",
    "backbone",
    "dropout",
    "entity_types",
    "gradient_checkpointing",
    "head_lr_factor",
    "mlm_probability",
    "mlm_weight",
    "optimizer",
    "schedule",
    "start",
    "warmup",
)
"""Options that matter only while a tagger is trained."""
WHAT_ADAPTS = ("frozen_layers", "lora_rank", "train_embeddings")
"""Options that in meta-learning decide which weights adapt to a sentence."""


class Exported(NamedTuple):
    """What was written.

    Attributes:
        method: Name of the method.
        corpus: Name of the corpus that it was trained on.
        in_pipeline: Whether the pipelines of `transformers` compute the same tags.
        tested: Whether the card has test scores.
        carries_sentences: Number of training sentences that the folder holds.
    """

    method: str
    corpus: str
    in_pipeline: bool
    tested: bool
    carries_sentences: int


def export(
    run: str | Path,
    folder: Path,
    *,
    onnx: bool = False,
    int8: bool = False,
    licence: str | None = None,
    hub_name: str | None = None,
) -> Exported:
    """Write the tagger of a run into an empty folder.

    Args:
        run: A run folder, of which ``best.ckpt`` is used, or a checkpoint.
        folder: The folder.
        onnx: Whether to write ``model.onnx``, too.
        int8: Whether that has 8 bits per weight.
        licence: Licence for the card, such as ``cc-by-4.0``.
        hub_name: Name of the repository for the examples in the card; by default they name a
            folder.

    Raises:
        FileNotFoundError: If there is no such run, or a file that it needs is missing.
        OSError: If the disk is full.
        ValueError: If the run can't be exported in this way.
    """
    if is_exported(Path(run)):
        raise ValueError(f"'{run}' is an exported folder already. Give the folder of its run.")
    if onnx:
        check_packages()
    loaded = load_run(run)
    module = loaded.module.eval()
    if onnx:
        _check_graph(module, loaded.files.checkpoint)
    model = with_labels(module, plain_encoder(module))
    save_weights(module, model, folder)
    _write_calibration(loaded, folder)
    support = write_source(loaded, folder) if module.learns_episodes else None
    graph: dict[str, Any] | None = None
    if onnx:
        head = module.tagger.head.linear
        encoder = model.base_model
        assert isinstance(encoder, PreTrainedModel)
        write_graph(encoder, head, folder, int8=int8)
        graph = {"bits": 8 if int8 else 32, "checksum": checksum_of_files(*graph_files(folder))}
    record = _record(module, support, graph)
    record.write(folder)
    files = loaded.files
    scores = scores_of(files.folder, files.checkpoint.stem, record.run.get("step"))
    card = Card(record, module, scores, in_pipeline=is_classifier(model), licence=licence)
    write_text(folder / "README.md", card.text(hub_name))
    return Exported(
        method=module.method,
        corpus=str(record.run.get("corpus", "an unknown corpus")),
        in_pipeline=is_classifier(model),
        tested=bool(scores),
        carries_sentences=0 if support is None else support["sentences"],
    )


def _check_graph(module: NERModule, checkpoint: Path) -> None:
    """Refuse methods whose tags a fixed graph can't compute."""
    if module.learns_episodes:
        raise ValueError(
            f"'{checkpoint}' is meta-learned: it changes its weights for each sentence, which "
            "ONNX Runtime can't do. Export without `--onnx`."
        )
    kind = type(module)
    if getattr(modules, kind.__name__, None) is not kind:
        raise ValueError(
            f"'{checkpoint}' is of the method {kind.__name__}, which is not part of lowner_pl, so "
            "it is unknown what it shows to the backbone. Export without `--onnx`."
        )


def _record(
    module: NERModule, support: dict[str, Any] | None, graph: dict[str, Any] | None
) -> ExportRecord:
    """Describe a tagger."""
    kind = type(module)
    left_out = TRAINING if module.learns_episodes else (*TRAINING, *WHAT_ADAPTS)
    options = {key: value for key, value in module.hparams.items() if key not in left_out}
    run = dict(module.origin or {})
    if (backbone := run.get("backbone")) and Path(backbone).exists():
        run["backbone"] = Path(backbone).name  # where it lies on this machine is of no use
    run.pop("temperature", None)  # in calibration.json
    table, rows = module.tagger.backbone.embeddings, None
    if module.learns_episodes and isinstance(table, EmbeddingRows):
        rows = table.ids.tolist()
    return ExportRecord(
        method=kind.__name__,
        class_path=f"{kind.__module__}.{kind.__qualname__}",
        options=json.loads(json.dumps(options, default=str)),
        entity_types=module.entity_types,
        marker=module.marker,
        max_length=module.word_encoder.max_length,
        context=module.word_encoder.context,
        run=run,
        rows=rows,
        support=support,
        onnx=graph,
        lowner_pl=__version__,
    )


def _write_calibration(loaded: LoadedRun, folder: Path) -> None:
    """Write the temperature of the exported weights, with what the run says about it."""
    temperature, run = loaded.module.temperature, loaded.files.folder
    if temperature is None:
        return
    record: dict[str, object] = {"temperature": temperature}
    if run is not None and calibration_of(run) == temperature:
        record = json.loads((run / CALIBRATION).read_text(encoding="utf-8"))
    write_json(folder / CALIBRATION, record)
