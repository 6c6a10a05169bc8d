"""MANER: a mask token before every word, from which the word's tag is predicted."""

from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lowner_pl.corpus import Sentence
from lowner_pl.encoding import Batch, mask_subwords
from lowner_pl.modules.tagging.base import NERModule
from lowner_pl.runs.ranges import check_range


class MANERLightningModule(NERModule):
    r"""Mask augmented NER (`Sonkar et al., 2023 <https://arxiv.org/abs/2212.09723>`_).

    The sentence :math:`w_0 w_1 \dots` becomes :math:`m\,w_0\,m\,w_1 \dots`, and the tag of each
    word is predicted from the marker :math:`m` before it, in training and at test time.

    Args:
        marker: ``mask``, or ``random`` for a new, randomly initialised token (the paper's
            ablation).
        mlm_weight: Weight of an additional masked-language-model loss on the plain sentences, at
            least 0. Appendix C proposes it against forgetting; 0 turns it off.
        mlm_probability: Share of the subwords that this loss predicts, between 0 and 1.
        kwargs: Options of `NERModule`.

    Raises:
        ValueError: If an option is outside its range.
    """

    def __init__(
        self,
        *,
        marker: Literal["mask", "random"] = "mask",
        mlm_weight: float = 0.0,
        mlm_probability: float = 0.15,
        **kwargs: Any,
    ) -> None:
        check_range("mlm_weight", mlm_weight, 0.0)
        check_range("mlm_probability", mlm_probability, 0.0, 1.0)
        super().__init__(_marker=marker, _needs_language_model=mlm_weight > 0, **kwargs)
        self.mlm_weight = mlm_weight
        self.mlm_probability = mlm_probability
        # The masked-language-model loss reads plain text, as in pre-training.
        self._plain_encoder = self.word_encoder.with_marker("none")

    @property
    def method(self) -> str:  # type: ignore[override]
        """``maner``, or ``maner_rand`` with the random marker."""
        return "maner" if self.marker == "mask" else "maner_rand"

    def encode(self, sentences: list[Sentence], *, train: bool) -> Batch:
        """Encode sentences with a marker before every word, anchored at the markers."""
        del train
        return self.word_encoder(sentences, self.tag_set)

    def identity(self) -> dict[str, Any]:
        """Describe what a checkpoint must agree with, including the marker."""
        return {**super().identity(), "marker": self.marker}

    def loss(self, sentences: list[Sentence]) -> Tensor:
        """Compute the tagging loss plus the weighted masked-language-model loss."""
        loss = super().loss(sentences)
        if self.mlm_weight == 0.0:
            return loss
        mlm_loss = self.mlm_loss(sentences)
        self.log("train/mlm_loss", mlm_loss, batch_size=len(sentences))
        return loss + self.mlm_weight * mlm_loss

    def mlm_loss(self, sentences: list[Sentence]) -> Tensor:
        """Compute the masked-language-model loss on the plain sentences, without markers."""
        assert self.language_model is not None
        batch = self._plain_encoder(sentences, self.tag_set)
        tokenizer = self._plain_encoder.tokenizer
        special = torch.tensor(tokenizer.all_special_ids)
        masked, positions = mask_subwords(
            batch.input_ids,
            ~torch.isin(batch.input_ids, special),
            probability=self.mlm_probability,
            mask_id=self._plain_encoder.mask_id,
            vocabulary=tokenizer.vocab_size,
            generator=torch.default_generator,
        )
        hidden = self.tagger.backbone(masked.to(self.device), batch.lengths)
        scores = self.language_model(hidden[positions.to(self.device)])
        return cross_entropy(scores.float(), batch.input_ids[positions].to(self.device))
