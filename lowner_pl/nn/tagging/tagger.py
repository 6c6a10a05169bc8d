"""A tagger: backbone and head."""

import torch
from torch import Tensor, nn

from lowner_pl.encoding import Batch
from lowner_pl.nn.backbones.backbone import Backbone
from lowner_pl.nn.tagging.heads import Average, Head, SoftmaxHead
from lowner_pl.nn.tagging.streamed_loss import streamed_loss


class Tagger(nn.Module):
    """Model that scores the tags of each word from the hidden state at the word's anchor.

    Args:
        backbone: The encoder.
        head: Maps the hidden state of a word to tag scores; defines loss and decoding.
    """

    def __init__(self, backbone: Backbone, head: Head) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, batch: Batch) -> Tensor:
        """Compute emissions. Shape ``(B, W, T)``."""
        return self.emissions(self.backbone(batch.input_ids, batch.lengths), batch)

    def emissions(self, hidden: Tensor, batch: Batch) -> Tensor:
        """Compute emissions ``(B, W, T)`` from the hidden states of the subwords ``(N, H)``."""
        words = hidden.index_select(0, batch.anchors.flatten())
        return self.head.emissions(words.view(*batch.anchors.shape, -1))

    def loss(self, batch: Batch, *, average: Average = "words") -> Tensor:
        """Compute the training loss of a batch.

        A batch that takes several passes is differentiated pass by pass if words are scored
        independently. Two cases recompute the passes in the backward pass instead: a CRF, which
        needs all words of a sentence, and float16, whose loss is scaled before the backward pass.

        Args:
            batch: The batch.
            average: What to average over: all ``words``, or ``sentences`` of equal weight.
        """
        head, several = self.head, len(self.backbone.passes(batch.lengths)) > 1
        kind = batch.input_ids.device.type
        scaled = torch.is_autocast_enabled(kind) and (
            torch.get_autocast_dtype(kind) == torch.float16
        )
        learns = self.training and torch.is_grad_enabled()
        if several and learns and not scaled and isinstance(head, SoftmaxHead):
            return streamed_loss(self.backbone, head, batch, average=average)
        return head.loss(self(batch), batch.tags, batch.word_mask, average=average)
