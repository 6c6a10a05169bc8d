"""New tokens of a backbone, with embeddings that start from seed words."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lowner_pl.encoding import WordEncoder, unspelt_share


def add_tokens(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, tokens: Mapping[str, Sequence[str]]
) -> None:
    """Add tokens to a tokenizer and their embeddings to a model. Known tokens are left alone.

    Args:
        model: The model. Its embedding table grows if necessary.
        tokenizer: Its tokenizer.
        tokens: The seed words of each token. Its embedding starts from the mean of their subwords,
            or from random values if there are none.

    Raises:
        ValueError: If the vocabulary covers none of a token's seed words.
    """
    if not tokens:
        return
    known = tokenizer.get_vocab()  # takes a while if it is large
    new = {
        token: _seed_ids(tokenizer, token, tokens[token]) for token in tokens if token not in known
    }
    first = len(tokenizer)
    tokenizer.add_tokens(list(new), special_tokens=True)
    if len(tokenizer) > embedding_table(model).num_embeddings:
        model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    with torch.no_grad():
        weight = embedding_table(model).weight
        deviation = getattr(model.config, "initializer_range", None) or weight[:first].std().item()
        weight[first : len(tokenizer)].normal_(std=deviation)
        for row, seeds in enumerate(new.values(), first):
            if seeds:
                weight[row] = weight[seeds].mean(0)


def embedding_table(model: PreTrainedModel) -> nn.Embedding:
    """Return the input embeddings.

    Raises:
        ValueError: If they are not a plain table.
    """
    table = model.get_input_embeddings()
    if not isinstance(table, nn.Embedding):
        raise ValueError(
            f"A model of type {model.config.model_type!r} can't be a backbone: its embeddings are "
            f"a {type(table).__name__}, not a plain table. Choose another, such as XLM-R or BERT."
        )
    return table


def _seed_ids(tokenizer: PreTrainedTokenizerBase, token: str, words: Sequence[str]) -> list[int]:
    """Return the subwords of those seed words of a token that the vocabulary covers."""
    if not words:
        return []
    encoder = WordEncoder(tokenizer)
    spelt = [ids for ids in map(encoder.subwords, words) if unspelt_share(ids, tokenizer) == 0.0]
    if not spelt:
        raise ValueError(
            f"The vocabulary covers none of the seed words of {token!r}, {list(words)}: it needs "
            "unknown subwords or single bytes for them. Set other words in `seed_words`."
        )
    return [id_ for ids in spelt for id_ in ids]
