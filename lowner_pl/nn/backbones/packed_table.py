"""An embedding table that stays in 4 bits per number."""

import torch
from torch import Tensor, nn

from lowner_pl.nn.backbones.files.packed_folder import PackedNumbers
from lowner_pl.nn.backbones.files.quantised_table import dequantise
from lowner_pl.nn.backbones.training.embedding_rows import put_rows, row_places


class PackedTable(nn.Embedding):
    """An embedding table for tagging on the CPU, which computes a vector when it is looked up.

    A text uses a few of the 250,000 vectors; to compute all of them takes 0.3 s and 380 MB. The
    table has no ``weight`` and can't be trained.

    Args:
        numbers: The vectors, with 4 bits per number. Shape ``(V, H)``.
        padding_idx: Id of the padding, or ``None``.
    """

    ids: Tensor

    def __init__(self, numbers: PackedNumbers, padding_idx: int | None) -> None:
        super().__init__(*numbers.shape, padding_idx=padding_idx, device="meta")
        self.register_parameter("weight", None)
        self.numbers = numbers
        self._place = row_places(numbers.ids, self.num_embeddings)
        self.rows: nn.Parameter | None = None

    def replace_rows(self, ids: Tensor) -> None:
        """Make room for rows that were trained, under the names of `EmbeddingRows`.

        Args:
            ids: Ids of the rows, without duplicates. Shape ``(R,)``.
        """
        self.rows = nn.Parameter(self._frozen(ids))
        self.register_buffer("ids", ids)
        self._trained_place = row_places(ids, self.num_embeddings)

    def forward(self, input_ids: Tensor) -> Tensor:
        """Look up vectors, ``(…, H)``, of subword ids ``(…)``.

        Raises:
            RuntimeError: In training.
        """
        if self.training and torch.is_grad_enabled():  # without gradients, it may be for dropout
            raise RuntimeError(
                "These embeddings were loaded for tagging and can't be trained. Load the "
                "checkpoint with `load_from_checkpoint` of its method instead of `lowner_pl.load`."
            )
        flat = input_ids.reshape(-1)
        vectors = self._frozen(flat)
        if self.rows is not None:
            vectors = put_rows(vectors, self._trained_place[flat], self.rows)
        return vectors.view(*input_ids.shape, self.embedding_dim)

    def unpacked(self) -> nn.Embedding:
        """Compute the whole table, as an ordinary embedding that is frozen."""
        table = nn.Embedding(*self.numbers.shape, self.padding_idx, _weight=self.numbers.whole())
        return table.requires_grad_(False)

    def _frozen(self, ids: Tensor) -> Tensor:
        """Compute the vectors ``(N, H)`` of some ids ``(N,)`` as the folder has them."""
        vectors = torch.empty(len(ids), self.embedding_dim)
        blocks = self.numbers.blocks
        dequantise(blocks[ids.clamp(max=len(blocks) - 1).numpy()], vectors.numpy())
        return put_rows(vectors, self._place[ids], self.numbers.rows)
