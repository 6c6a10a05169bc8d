"""Word vectors from a backbone, for languages without aligned vectors."""

from collections.abc import Collection

from torch import nn

from lowner_pl.augmentation.word_vectors import Vector, WordVectors
from lowner_pl.encoding import WordEncoder, unspelt_share
from lowner_pl.nn.backbones.loading import load_backbone


class BackboneVectors(WordVectors):
    """The mean of the input embeddings of a word's subwords.

    A multilingual backbone has one embedding table for all its languages. A word that the
    vocabulary does not cover has no vector. The backbone is loaded once per language and then
    released.

    Args:
        backbone: Hugging Face hub id or folder of a masked language model, or ``embedded``.
    """

    def __init__(self, backbone: str = "embedded") -> None:
        self.backbone = backbone

    def lookup(self, language: str, words: Collection[str]) -> dict[str, Vector]:
        """Compute the vectors of the words that the vocabulary covers."""
        del language
        backbone, _, tokenizer = load_backbone(self.backbone)
        table = backbone.encoder.get_input_embeddings()
        assert isinstance(table, nn.Embedding)
        encoder = WordEncoder(tokenizer)
        spelt = {word: list(encoder.subwords(word)) for word in words}
        return {
            word: table.weight[ids].detach().double().mean(0).numpy()
            for word, ids in spelt.items()
            if unspelt_share(ids, tokenizer) == 0.0
        }
