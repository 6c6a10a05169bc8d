"""``model.onnx``: a tagger's scores as a graph that ONNX Runtime computes, also with 8 bits.

The graph maps subword ids ``(B, S)`` and an attention mask of the same shape to the scores of every
subword, ``(B, S, T)``, as other programs expect of a token classifier.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from lowner_pl.tagging.exported.record import ONNX

PACKAGES = ("onnx", "onnxruntime", "onnxscript")
INPUTS = ("input_ids", "attention_mask")
MOST_BYTES = 1_900_000_000
"""Above this size, the weights lie beside the graph: a file of the format has at most 2 GB."""


class EightBitTable(nn.Module):
    """A table of subword vectors with 8 bits per number and a scale per row.

    Quantisation by ONNX Runtime has one scale for the whole table, which a few large numbers spoil.

    Args:
        table: The table. Shape ``(V, H)``.
    """

    numbers: Tensor
    scales: Tensor

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        scales = (table.abs().amax(1, keepdim=True) / 127).clamp(min=1e-12)
        self.register_buffer("numbers", (table / scales).round().to(torch.int8))
        self.register_buffer("scales", scales)

    def forward(self, input_ids: Tensor) -> Tensor:
        """Look up vectors, ``(…, H)``, of subword ids ``(…)``."""
        ids = input_ids.flatten()
        vectors = self.numbers.index_select(0, ids).float() * self.scales.index_select(0, ids)
        return vectors.view(*input_ids.shape, -1)


class TagScores(nn.Module):
    """Encoder and head, with padding, as a single module.

    Args:
        encoder: The encoder.
        head: Scores the tags.
    """

    def __init__(self, encoder: PreTrainedModel, head: nn.Linear) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Compute the scores of all subwords. Shape ``(B, S, T)``."""
        output = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        scores: Tensor = self.head(output.last_hidden_state)
        return scores


def check_packages() -> None:
    """Check that what writes and runs graphs is installed.

    Raises:
        ValueError: If it is not.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise ValueError(
            f"`--onnx` needs the packages {', '.join(missing)}, which are not installed. Run "
            "`pip install 'lowner_pl[onnx]'`."
        )


def write_graph(encoder: PreTrainedModel, head: nn.Linear, folder: Path, *, int8: bool) -> None:
    """Write ``model.onnx`` into a folder.

    Args:
        encoder: The encoder in evaluation mode. With 8 bits, its embeddings are replaced.
        head: Scores the tags.
        folder: The folder.
        int8: Whether weights have 8 bits, and activations in matrix products, too.

    Raises:
        OSError: If the disk is full.
        ValueError: If the architecture can't be written as a graph.
    """
    if int8:
        table = encoder.get_input_embeddings().weight
        assert isinstance(table, Tensor)
        encoder.set_input_embeddings(EightBitTable(table.detach()))
    with _quiet():
        if not int8:
            _export(TagScores(encoder, head), folder / ONNX)
            return
        with TemporaryDirectory(dir=folder) as place:
            plain = Path(place) / ONNX
            _export(TagScores(encoder, head), plain)
            _quantise(plain, folder / ONNX)


def _export(scores: TagScores, file: Path) -> None:
    """Write the graph with 32 bits per weight."""
    # Two tensors: torch would take one that is given twice for a single input.
    ids, mask = (torch.ones(2, 8, dtype=torch.long) for _ in INPUTS)
    sizes = (part.numel() * part.element_size() for part in scores.state_dict().values())
    free = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    try:
        program = torch.onnx.export(
            scores.eval(),
            (ids, mask),
            input_names=INPUTS,
            output_names=["logits"],
            dynamic_shapes=dict.fromkeys(INPUTS, free),
            dynamo=True,
            verbose=False,
        )
    except Exception as error:  # torch has many kinds of errors for what it can't trace
        kind = scores.encoder.config.model_type
        raise ValueError(
            f"A backbone of type {kind!r} can't be written for ONNX Runtime "
            f"({' '.join(str(error).split())[:160]}). Export without `--onnx`."
        ) from error
    assert program is not None
    program.save(file, external_data=sum(sizes) > MOST_BYTES)


def _quantise(plain: Path, target: Path) -> None:
    """Round the weights of matrix products to 8 bits, with a scale per column."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        plain,
        target,
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        weight_type=QuantType.QInt8,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence advice to the authors of models and of torch."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
