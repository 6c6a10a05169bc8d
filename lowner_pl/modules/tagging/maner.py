"""MANER: a mask token before every word, and the tag from it."""

from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lowner_pl.corpus import Sentence
from lowner_pl.encoding import Batch, mask_subwords
from lowner_pl.modules.tagging.base import NERModule
from lowner_pl.nn import MaskedLMHead


class MANERLightningModule(NERModule):
    r"""Mask augmented NER (`Sonkar et al., 2023 <https://arxiv.org/abs/2212.09723>`_).

    The sentence :math:`w_0 w_1 \dots` becomes :math:`m\,w_0\,m\,w_1 \dots`, and each word's
    tag is predicted from the marker :math:`m` before it, in training and in tagging.

    Args:
        marker: ``mask``, or ``random``: a new token, randomly initialised (the paper's ablation).
        mlm_weight: Weight of a masked-language-model loss on the plain sentences, added to the
            loss: the cure for forgetting that appendix C proposes. 0 leaves it out.
        mlm_probability: Share of the subwords that this loss predicts, from 0 to 1.
        kwargs: Options of `NERModule`.

    Raises:
        ValueError: If ``mlm_weight`` is negative or ``mlm_probability`` outside 0 to 1.
    """

    def __init__(
        self,
        *,
        marker: Literal["mask", "random"] = "mask",
        mlm_weight: float = 0.0,
        mlm_probability: float = 0.15,
        **kwargs: Any,
    ) -> None:
        if mlm_weight < 0:
            raise ValueError(f"`mlm_weight` must be at least 0, was: {mlm_weight}.")
        if not 0.0 <= mlm_probability <= 1.0:
            raise ValueError(f"`mlm_probability` must be from 0 to 1, was: {mlm_probability}.")
        self.marker = marker
        self.mlm_weight = mlm_weight
        self.needs_language_model = mlm_weight > 0
        self.mlm_probability = mlm_probability
        super().__init__(**kwargs)
        # The masked-language-model loss reads plain text, as in pre-training.
        self._plain_encoder = self.word_encoder.with_marker("none")

    @property
    def method(self) -> str:  # type: ignore[override]
        """``maner``, or ``maner_rand`` for the random marker."""
        return "maner" if self.marker == "mask" else "maner_rand"

    def encode(self, sentences: list[Sentence], *, train: bool) -> Batch:
        """Return the sentences with a marker before every word, anchored at the markers."""
        del train
        return self.word_encoder(sentences, self.tag_set)

    def identity(self) -> dict[str, Any]:
        """Return what a checkpoint must agree on: also the marker."""
        return {**super().identity(), "marker": self.marker}

    def keep_language_model(self, language_model: MaskedLMHead) -> None:
        """Keep the head where the masked-language-model loss needs it."""
        self.language_model = language_model if self.needs_language_model else None

    def loss(self, sentences: list[Sentence]) -> Tensor:
        """Return the tagging loss, plus the weighted masked-language-model loss if there is one."""
        loss = super().loss(sentences)
        if self.mlm_weight == 0.0:
            return loss
        mlm_loss = self.mlm_loss(sentences)
        self.log("train/mlm_loss", mlm_loss, batch_size=len(sentences))
        return loss + self.mlm_weight * mlm_loss

    def mlm_loss(self, sentences: list[Sentence]) -> Tensor:
        """Return the masked-language-model loss on the plain sentences, without markers."""
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
        return cross_entropy(scores, batch.input_ids[positions].to(self.device))
