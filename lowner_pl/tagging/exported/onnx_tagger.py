"""A tagger whose tag scores ONNX Runtime computes."""

from itertools import groupby
from pathlib import Path
from typing import Any, Self, cast

import torch
from torch import Tensor, nn

from lowner_pl.corpus import Sentence, TagSet
from lowner_pl.encoding import Batch, WordEncoder
from lowner_pl.modules.optimizers import ner as adamw
from lowner_pl.modules.tagging.steps import TaggingModule
from lowner_pl.nn import Head, Tagger


class OnnxScores(nn.Module):
    """Tag scores of words, from a graph that maps subword ids to scores of every subword.

    Windows of equal length run together, so that nothing is padded. With 8-bit activations, whose
    scale depends on everything that runs together, each window runs alone: a sentence then has the
    same tags whatever else is tagged.

    Args:
        file: The graph. Its inputs ``input_ids`` and ``attention_mask`` have the shape ``(B, S)``,
            its output ``logits`` ``(B, S, T)``.
        head: Decodes the scores.
        alone: Whether each window runs alone.

    Raises:
        ValueError: If ONNX Runtime is not installed, or can't read the file.
    """

    def __init__(self, file: Path, head: Head, *, alone: bool) -> None:
        super().__init__()
        self.head = head
        self.alone = alone
        self._session = _session(file)

    def forward(self, batch: Batch) -> Tensor:
        """Compute emissions. Shape ``(B, W, T)``."""
        parts, start = [], 0
        for length, equal in groupby(batch.lengths):
            rows = len(list(equal))
            ids = batch.input_ids[start : start + rows * length].view(rows, length)
            parts += [self._run(part) for part in ids.split(1 if self.alone else rows)]
            start += rows * length
        scores = torch.cat(parts).index_select(0, batch.anchors.flatten())
        return scores.view(*batch.anchors.shape, -1)

    def _run(self, ids: Tensor) -> Tensor:
        """Compute the scores of all subwords of some windows. Shape ``(N, T)``."""
        inputs = {"input_ids": ids.numpy(), "attention_mask": torch.ones_like(ids).numpy()}
        (scores,) = self._session.run(["logits"], inputs)
        return torch.from_numpy(scores).flatten(0, 1)


class OnnxModule(TaggingModule):
    """A tagger that only tags: ONNX Runtime scores the words, the head decodes them."""

    method = "onnx"
    word_encoder: WordEncoder

    def __init__(self) -> None:
        super().__init__(optimizer=adamw, schedule="constant", warmup=0.0)

    @classmethod
    def of(cls, scores: OnnxScores, word_encoder: WordEncoder, tag_set: TagSet) -> Self:
        """Put a tagger together. Its parts are no options, which Lightning would save.

        Args:
            scores: The graph and the head.
            word_encoder: Shows sentences to the graph, as the method does.
            tag_set: The tags.
        """
        module = cls()
        module.tagger = cast(Tagger, scores)
        module.word_encoder = word_encoder
        module.tag_set = tag_set
        module.entity_types = tag_set.entity_types
        return module

    def encode(self, sentences: list[Sentence], *, train: bool) -> Batch:
        """Encode sentences, with a marker before each word if the method has one."""
        del train
        return self.word_encoder(sentences, self.tag_set)


def _session(file: Path) -> Any:
    """Open a graph with as many threads as torch has."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ValueError(
            f"'{file}' needs the package `onnxruntime`, which is not installed. Run "
            "`pip install 'lowner_pl[onnx]'`."
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises its own kinds, which share no base
        raise ValueError(
            f"ONNX Runtime can't read '{file}' ({' '.join(str(error).split())[:160]}). Copy the "
            "folder again, or export the run again."
        ) from error
