"""MLM-NER: a tagger trained on sentences with masked words."""

from typing import Any

import torch

from lowner_pl.corpus import Sentence
from lowner_pl.encoding import Batch, mask_words
from lowner_pl.modules.tagging.base import NERModule
from lowner_pl.runs.ranges import check_range


class MLMNERLightningModule(NERModule):
    """Standard NER with masked words in training, each tagged from its mask.

    Baseline 2 of `Sonkar et al. (2023) <https://arxiv.org/abs/2212.09723>`_, appendix A.2. Each
    word becomes one mask token with probability ``p_ner``, redrawn in every epoch. Masked and
    unmasked words both count in the loss. At test time the tagger sees the plain sentence.

    Args:
        p_ner: Probability of masking a word in training, between 0 and 1. The paper gives no value.
        kwargs: Options of `NERModule`.

    Raises:
        ValueError: If ``p_ner`` is outside its range or the backbone has no mask token.
    """

    method = "mlm_ner"

    def __init__(self, *, p_ner: float = 0.15, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_range("p_ner", p_ner, 0.0, 1.0)
        self.p_ner = p_ner
        self.word_encoder.mask_id  # noqa: B018 - fails here instead of in the first step

    def encode(self, sentences: list[Sentence], *, train: bool) -> Batch:
        """Encode sentences, with masked words in training."""
        if not train:
            return self.word_encoder(sentences, self.tag_set)
        lengths = [len(sentence.words) for sentence in sentences]
        masked = mask_words(lengths, self.p_ner, torch.default_generator)
        return self.word_encoder(sentences, self.tag_set, masked=masked)
