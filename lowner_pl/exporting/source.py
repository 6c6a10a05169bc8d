"""The source sentences of a meta-learned tagger, which are exported with it."""

from pathlib import Path
from typing import Any

from lowner_pl.nn import Retriever, load_backbone, save_backbone, weights_identity
from lowner_pl.tagging.exported.record import RETRIEVAL, VECTORS
from lowner_pl.tagging.exported.support import sentence_vectors, write_support
from lowner_pl.tagging.loading import LoadedRun
from lowner_pl.tagging.support import episodic_data


def write_source(loaded: LoadedRun, folder: Path) -> dict[str, Any]:
    """Write the sentences of the source, their vectors and the backbone that compares sentences.

    The embedded backbone comes with the package and is not copied.

    Args:
        loaded: The run.
        folder: The folder.

    Returns:
        How to find the support of a sentence; see `ExportRecord`.
    """
    data = episodic_data(loaded.config, loaded.files)
    sentences = data.sentences("train")
    write_support(folder, sentences)
    name = data.retrieval_backbone
    if name != "embedded":
        save_backbone(*load_backbone(name), folder / RETRIEVAL)
    support = {
        "backbone": name if name == "embedded" else Path(name).name,
        "pooling": data.pooling,
        "k": data.k,
        "sentences": len(sentences),
    }
    (folder / VECTORS).mkdir()
    vectors = sentence_vectors(folder, support)
    _ = Retriever(sentences, vectors, k=data.k).index  # computes the vectors and keeps them
    return {**support, "backbone_hash": weights_identity(vectors.backbone)}
