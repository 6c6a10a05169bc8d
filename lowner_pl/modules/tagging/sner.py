"""SNER: the standard tagger."""

from lowner_pl.corpus import Sentence
from lowner_pl.encoding import Batch
from lowner_pl.modules.tagging.base import NERModule


class SNERLightningModule(NERModule):
    """Standard NER: the plain sentence, with each word tagged from its first subword.

    Baseline 1 of `Sonkar et al. (2023) <https://arxiv.org/abs/2212.09723>`_, appendix A.1.
    """

    method = "sner"

    def encode(self, sentences: list[Sentence], *, train: bool) -> Batch:
        """Encode the plain sentences."""
        del train
        return self.word_encoder(sentences, self.tag_set)
