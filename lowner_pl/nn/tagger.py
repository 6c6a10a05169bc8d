"""Backbone and head together."""

from torch import Tensor, nn

from lowner_pl.encoding import Batch
from lowner_pl.nn.backbone import Backbone
from lowner_pl.nn.heads import Head


class Tagger(nn.Module):
    """Scores the tags of each word from the hidden state at the word's anchor.

    Args:
        backbone: The encoder.
        head: Maps a word's hidden state to tag scores; owns loss and decoding.
    """

    def __init__(self, backbone: Backbone, head: Head) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, batch: Batch) -> Tensor:
        """Return emissions. Shape ``(B, W, T)``."""
        return self.emissions(self.backbone(batch.input_ids, batch.lengths), batch)

    def emissions(self, hidden: Tensor, batch: Batch) -> Tensor:
        """Return emissions ``(B, W, T)`` from the hidden states of the subwords ``(N, H)``."""
        words = hidden.index_select(0, batch.anchors.flatten())
        return self.head.emissions(words.view(*batch.anchors.shape, -1))
