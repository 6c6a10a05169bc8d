r"""A frozen backbone whose hidden states training must keep."""

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from lowner_pl.nn.backbones.identity import tokenizer_identity
from lowner_pl.nn.backbones.loading import load_backbone


class Teacher:
    r"""A frozen backbone that reads unmasked text, and whose hidden states are learned.

    Training as a masked language model wears off what a backbone knew before. Here the hidden
    states :math:`h_i` of the masked text stay close to those that the teacher computes for the
    unmasked text, :math:`t_i` (knowledge distillation; `Hinton et al., 2015
    <https://arxiv.org/abs/1503.02531>`_). The loss is the share of the teacher's variance that is
    not explained,

    .. math:: \sum_i \lVert h_i - t_i \rVert^2 \Big/ \sum_i \lVert t_i - \bar t \rVert^2,

    with the mean :math:`\bar t` of the :math:`N` hidden states of a batch.

    Args:
        name: A Hugging Face hub id, a folder, or ``embedded``.
        tokenizer: The tokenizer of the model that learns.
        hidden_size: The size H of its hidden states.
        subwords_per_pass: See `Backbone`.

    Raises:
        ValueError: If the teacher has another vocabulary or other sizes.
    """

    def __init__(
        self,
        name: str,
        *,
        tokenizer: PreTrainedTokenizerBase,
        hidden_size: int,
        subwords_per_pass: int = 16_384,
    ) -> None:
        self.backbone, _, own = load_backbone(name, subwords_per_pass=subwords_per_pass)
        if tokenizer_identity(own) != tokenizer_identity(tokenizer):
            raise ValueError(
                f"The teacher {name[:80]!r} splits text into other subwords than the backbone. "
                "Choose a teacher with the same tokenizer."
            )
        if self.backbone.hidden_size != hidden_size:
            raise ValueError(
                f"The hidden states of the teacher {name[:80]!r} have {self.backbone.hidden_size} "
                f"numbers, those of the backbone {hidden_size}. Choose a teacher of the same size."
            )
        self.backbone.eval().requires_grad_(False)

    def to(self, device: torch.device) -> None:
        """Move to a device."""
        self.backbone.to(device)

    @torch.no_grad()
    def hidden(self, input_ids: Tensor, lengths: tuple[int, ...]) -> Tensor:
        """Compute the hidden states to learn, ``(N, H)``, of unmasked windows.

        Args:
            input_ids: Subword ids of all windows, concatenated. Shape ``(N,)``.
            lengths: Number of subwords in each window.
        """
        hidden: Tensor = self.backbone(input_ids, lengths)
        return hidden


def unexplained_variance(hidden: Tensor, wanted: Tensor) -> Tensor:
    """Compute the loss of `Teacher` from the hidden states of both, ``(N, H)``."""
    deviation = wanted - wanted.mean(0)
    return (hidden - wanted).square().sum() / deviation.square().sum()
