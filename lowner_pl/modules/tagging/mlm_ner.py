"""MLM-NER: tagging with words masked out in training."""

from typing import Any

import torch

from lowner_pl.corpus import Sentence
from lowner_pl.encoding import Batch, mask_words
from lowner_pl.modules.tagging.base import NERModule


class MLMNERLightningModule(NERModule):
    """Masked words in training, tagged from the mask that stands for them.

    Baseline 2 of `Sonkar et al. (2023) <https://arxiv.org/abs/2212.09723>`_, appendix A.2: each
    word becomes one mask token with probability ``p_ner``, re-drawn each epoch; masked and
    unmasked words both count in the loss. Tagging sees the plain sentence.

    Args:
        p_ner: Chance of masking a word in training, from 0 to 1 (the paper gives no value).
        kwargs: Options of `NERModule`.

    Raises:
        ValueError: If ``p_ner`` is outside 0 to 1 or the backbone has no mask token.
    """

    method = "mlm_ner"

    def __init__(self, *, p_ner: float = 0.15, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0.0 <= p_ner <= 1.0:
            raise ValueError(f"`p_ner` must be from 0 to 1, was: {p_ner}.")
        self.p_ner = p_ner
        self.word_encoder.mask_id  # noqa: B018 - fails here rather than in the first step

    def encode(self, sentences: list[Sentence], *, train: bool) -> Batch:
        """Return the sentences, in training with words masked."""
        if not train:
            return self.word_encoder(sentences, self.tag_set)
        lengths = [len(sentence.words) for sentence in sentences]
        masked = mask_words(lengths, self.p_ner, torch.default_generator)
        return self.word_encoder(sentences, self.tag_set, masked=masked)
