"""Embedding tables of which only some rows are trained."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding


class EmbeddingRows(nn.Embedding):
    """An embedding table whose rows are frozen, except for some.

    A hundred sentences touch a thousand rows of a multilingual vocabulary of 250,000. Gradients and
    the optimiser's state are only as large as the rows that are trained.

    Args:
        table: The whole table. It is frozen and stays shared with the output layer, if it was.
        ids: Ids of the rows to train, without duplicates. Shape ``(R,)``.

    Attributes:
        rows: The trained rows. Shape ``(R, H)``. The table keeps their old values.
    """

    ids: Tensor
    place: Tensor

    def __init__(self, table: nn.Embedding, ids: Tensor) -> None:
        super().__init__(
            table.num_embeddings, table.embedding_dim, table.padding_idx, _weight=table.weight
        )
        self.weight = table.weight.requires_grad_(False)
        self.rows = nn.Parameter(table.weight[ids].clone())
        self.register_buffer("ids", ids)
        self.register_buffer("place", row_places(ids, table.num_embeddings), persistent=False)

    def forward(self, input_ids: Tensor) -> Tensor:
        """Look up vectors, ``(…, H)``, of subword ids ``(…)``."""
        return put_rows(super().forward(input_ids), self.place[input_ids], self.rows)

    @contextmanager
    def written_back(self) -> Iterator[None]:
        """Put the trained rows into the table, where the output layer may share them, and back.

        Meanwhile nothing can be differentiated.
        """
        with torch.no_grad():
            old = self.weight[self.ids]
            self.weight[self.ids] = self.rows
            try:
                yield
            finally:
                self.weight[self.ids] = old

    @torch.no_grad()
    def merged(self) -> nn.Embedding:
        """Write the trained rows into the table for good; return it as an ordinary embedding."""
        self.weight[self.ids] = self.rows
        plain = nn.Embedding(
            self.num_embeddings, self.embedding_dim, self.padding_idx, _weight=self.weight
        )
        plain.weight = self.weight  # an output layer may share it
        return plain


def row_places(ids: Tensor, count: int) -> Tensor:
    """Note where each row of a table stands among those with some ids.

    Args:
        ids: The ids, without duplicates. Shape ``(R,)``.
        count: Number V of the table's rows.

    Returns:
        From 0 to R - 1, or -1 for a row that is not among them. Shape ``(V,)``.
    """
    place = torch.full((count,), -1)
    place[ids] = torch.arange(len(ids))
    return place


def put_rows(vectors: Tensor, place: Tensor, rows: Tensor) -> Tensor:
    """Put rows in the place of vectors.

    Args:
        vectors: The vectors. Shape ``(…, H)``.
        place: Which row takes the place of each, or -1. Shape ``(…)``.
        rows: The rows. Shape ``(R, H)``.
    """
    replaced = (place >= 0).nonzero(as_tuple=True)
    return vectors.index_put(replaced, embedding(place[replaced], rows))
