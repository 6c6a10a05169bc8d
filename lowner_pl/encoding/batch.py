"""The batch of tensors that a tagger works on."""

from typing import NamedTuple

import torch
from torch import Tensor


class Batch(NamedTuple):
    """A batch without padding. Axes: N subwords of all windows, R windows, B sentences, W words.

    The windows are concatenated into one row. A sentence that fits the backbone is one window.

    Attributes:
        input_ids: Subword ids of all windows. Shape ``(N,)``.
        lengths: Number of subwords in each window, ascending, so that windows of the same length
            are neighbours. Length ``R``.
        anchors: Position in ``input_ids`` that speaks for each word, 0 for padding.
            Shape ``(B, W)``.
        word_mask: ``True`` on real words. Shape ``(B, W)``.
        tags: Tag ids, 0 for padding and in unlabelled sentences. Shape ``(B, W)``.
    """

    input_ids: Tensor
    lengths: tuple[int, ...]
    anchors: Tensor
    word_mask: Tensor
    tags: Tensor

    def to(self, device: torch.device | str) -> "Batch":
        """Copy the tensors to a device."""
        return Batch(
            self.input_ids.to(device, non_blocking=True),
            self.lengths,
            self.anchors.to(device, non_blocking=True),
            self.word_mask.to(device, non_blocking=True),
            self.tags.to(device, non_blocking=True),
        )
