"""Masked language models as backbones: running them without padding, freezing them."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import groupby

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from lowner_pl.nn.backbones import packed_attention
from lowner_pl.nn.backbones.new_tokens import embedding_table
from lowner_pl.nn.backbones.packed_table import PackedTable
from lowner_pl.nn.backbones.padding_probe import padding_id, reads_padding
from lowner_pl.nn.backbones.training.embedding_rows import EmbeddingRows
from lowner_pl.runs.ranges import check_range

# A test compares packed and padded outputs for these model types. All others run padded.
PACKABLE = ("bert", "camembert", "modernbert", "roberta", "xlm-roberta")


class Backbone(nn.Module):
    """A Hugging Face encoder that reads packed windows.

    Args:
        encoder: Encoder of a masked language model, without pooler or head.
        new_tokens_from: Id of the first token that was added after loading; ``None`` if none was.
        subwords_per_pass: Maximum number of subwords per pass. A larger batch takes several passes,
            so that a sentence of any length fits in memory. In training, each pass is computed
            again during the backward pass, unless `streamed_loss` differentiates it right away.
            The result is the same.

    Raises:
        ValueError: If ``subwords_per_pass`` is not positive, if the encoder needs more inputs than
            subword ids, or if its output depends on other rows of the batch.
    """

    def __init__(
        self,
        encoder: PreTrainedModel,
        *,
        new_tokens_from: int | None = None,
        subwords_per_pass: int = 16_384,
    ) -> None:
        super().__init__()
        check_range("subwords_per_pass", subwords_per_pass, 1)
        self.encoder = encoder
        self.new_tokens_from = new_tokens_from
        self.subwords_per_pass = subwords_per_pass
        self.packed = encoder.config.model_type in PACKABLE
        if self.packed:
            packed_attention.register()
            encoder.config._attn_implementation = packed_attention.PACKED
        self.reads_padding = not self.packed and reads_padding(encoder)
        self.first_position = _first_position(encoder)

    @property
    def hidden_size(self) -> int:
        """Size H of the hidden states."""
        return int(self.encoder.config.hidden_size)

    def forward(self, input_ids: Tensor, lengths: tuple[int, ...]) -> Tensor:
        """Compute the last hidden states. Shape ``(N, H)``.

        Args:
            input_ids: Subword ids of all windows, concatenated. Shape ``(N,)``.
            lengths: Number of subwords in each window.
        """
        passes = self.passes(lengths)
        if len(passes) == 1:
            return self._run(input_ids, lengths)
        outputs, start = [], 0
        for part in passes:
            ids = input_ids[start : start + sum(part)]
            if self.training and torch.is_grad_enabled():
                outputs.append(checkpoint(self._run, ids, part, use_reentrant=False))
            else:
                outputs.append(self._run(ids, part))
            start += len(ids)
        return torch.cat(outputs)

    def passes(self, lengths: tuple[int, ...]) -> list[tuple[int, ...]]:
        """Split the windows of a batch into passes."""
        return _passes(lengths, self.subwords_per_pass)

    def _run(self, input_ids: Tensor, lengths: tuple[int, ...]) -> Tensor:
        """Compute the last hidden states of one pass."""
        return self._packed(input_ids, lengths) if self.packed else self._padded(input_ids, lengths)

    def _packed(self, input_ids: Tensor, lengths: tuple[int, ...]) -> Tensor:
        """Run all windows as a single row without padding."""
        positions = torch.cat([torch.arange(length) for length in lengths]) + self.first_position
        output = self.encoder(
            input_ids=input_ids[None],
            position_ids=positions[None].to(input_ids.device),
            lengths=lengths,
        )
        hidden: Tensor = output.last_hidden_state[0]
        return hidden

    def _padded(self, input_ids: Tensor, lengths: tuple[int, ...]) -> Tensor:
        """Run the windows as padded rows, for model types that can't be packed.

        If padding changes the output of the model, only windows of equal length run together.
        """
        if not self.reads_padding:
            return self._rows(list(input_ids.split(lengths)))
        groups = [list(equal) for _, equal in groupby(lengths)]
        parts = input_ids.split([sum(group) for group in groups])
        return torch.cat(
            [self._rows(list(part.split(g))) for part, g in zip(parts, groups, strict=True)]
        )

    def _rows(self, windows: list[Tensor]) -> Tensor:
        """Run windows as the rows of one batch, padded to the longest."""
        rows = pad_sequence(windows, batch_first=True, padding_value=padding_id(self.encoder))
        sizes = torch.tensor([len(window) for window in windows], device=rows.device)
        mask = torch.arange(rows.shape[1], device=rows.device) < sizes[:, None]
        output = self.encoder(input_ids=rows, attention_mask=mask.long())
        hidden: Tensor = output.last_hidden_state[mask]
        return hidden

    @property
    def embeddings(self) -> nn.Embedding:
        """The table of subword vectors."""
        return embedding_table(self.encoder)

    @property
    def added_subwords(self) -> list[int]:
        """Ids of subwords that were added to the vocabulary and never trained, from the config."""
        return list(getattr(self.encoder.config, "added_subwords", []))

    def train_rows(self, ids: Iterable[int]) -> None:
        """Freeze the embeddings, except for the rows of some subwords; see `EmbeddingRows`."""
        rows, table = torch.tensor(sorted(set(ids)), dtype=torch.long), self.embeddings
        if isinstance(table, PackedTable):
            table.replace_rows(rows)
        else:
            rows = rows.to(table.weight.device)
            self.encoder.set_input_embeddings(EmbeddingRows(table, rows))

    def rows_in(self, weights: Mapping[str, Tensor], *, prefix: str) -> list[int] | None:
        """Find the ids of the trained rows in a checkpoint's weights; ``None`` if there are none.

        Args:
            weights: The weights.
            prefix: Prefix of the backbone's names in them.
        """
        ids = weights.get(f"{prefix}{self._table_name}.ids")
        return None if ids is None else ids.tolist()

    def adopt_rows(self, weights: dict[str, Tensor], *, prefix: str) -> None:
        """Rewrite the trained rows in a checkpoint's weights to fit this backbone's table.

        Args:
            weights: The weights, which are changed.
            prefix: Prefix of the backbone's names in them.
        """
        name, table = f"{prefix}{self._table_name}", self.embeddings
        if f"{name}.ids" not in weights:
            return
        rows = weights.pop(f"{name}.rows")
        whole = weights[f"{name}.weight"].to(
            rows.dtype, copy=True
        )  # a frozen table may have 16 bits
        whole[weights.pop(f"{name}.ids")] = rows
        if isinstance(table, EmbeddingRows):
            weights |= {f"{name}.ids": table.ids, f"{name}.rows": whole[table.ids]}
        else:
            weights[f"{name}.weight"] = whole

    def unpack_for(self, weights: Mapping[str, Tensor], *, prefix: str) -> None:
        """Turn a packed table into an ordinary one if a checkpoint's weights have one of their own.

        Args:
            weights: The weights.
            prefix: Prefix of the backbone's names in them.
        """
        table = self.embeddings
        if isinstance(table, PackedTable) and f"{prefix}{self._table_name}.weight" in weights:
            self.encoder.set_input_embeddings(table.unpacked())

    @property
    def _table_name(self) -> str:
        """Name of the embeddings among the modules."""
        table = self.embeddings
        (name,) = (str(name) for name, part in self.named_modules() if part is table)
        return name

    def written_back(self) -> AbstractContextManager[None]:
        """Put trained rows into the table that the output layer may share; see `EmbeddingRows`."""
        table = self.embeddings
        return table.written_back() if isinstance(table, EmbeddingRows) else nullcontext()

    def freeze(self, layers: int) -> None:
        """Freeze the embeddings and the bottom ``layers`` layers.

        Raises:
            ValueError: If the encoder has fewer layers.
        """
        stack = self._layers()
        if stack is None and layers:
            raise ValueError(
                f"`frozen_layers` is {layers}, but a backbone of type "
                f"{self.encoder.config.model_type!r} has no stack of layers with weights of their "
                "own. Use 0 to freeze only the embeddings, or `null` to freeze nothing."
            )
        check_range("frozen_layers", layers, 0, 0 if stack is None else len(stack))
        self.encoder.get_submodule("embeddings").requires_grad_(False)
        for layer in (stack or [])[:layers]:
            layer.requires_grad_(False)

    def known_rows(self, weight: Tensor) -> int | None:
        """Return the number of a weight's rows that are not of new tokens; ``None`` for all.

        Args:
            weight: A weight of the whole model, with one row per token or of any other shape.
        """
        tokens = self.embeddings.num_embeddings
        return self.new_tokens_from if weight.shape[:1] == (tokens,) else None

    def _layers(self) -> nn.ModuleList | None:
        """Find the stack of transformer layers; ``None`` if layers share their weights."""
        depth = getattr(self.encoder.config, "num_hidden_layers", None)
        for module in self.encoder.modules():
            if isinstance(module, nn.ModuleList) and len(module) == depth:
                return module
        return None


def max_positions(backbone: Backbone) -> int:
    """Return the maximum number of subwords in a window, special tokens included."""
    return positions_of(backbone.encoder)


def positions_of(encoder: PreTrainedModel) -> int:
    """Return the maximum number of subwords that an encoder reads, special tokens included."""
    limit = getattr(encoder.config, "max_position_embeddings", None) or 512
    return int(limit) - _first_position(encoder)


def _first_position(encoder: PreTrainedModel) -> int:
    """Find the first position; RoBERTa and its relatives number from the padding id + 1."""
    padding = getattr(getattr(encoder, "embeddings", None), "padding_idx", None)
    return 0 if padding is None else int(padding) + 1


def _passes(lengths: tuple[int, ...], most: int) -> list[tuple[int, ...]]:
    """Split ``lengths`` into passes of at most ``most`` subwords, with at least one window each."""
    passes: list[list[int]] = [[]]
    used = 0
    for length in lengths:
        if passes[-1] and used + length > most:
            passes.append([])
            used = 0
        passes[-1].append(length)
        used += length
    return [tuple(part) for part in passes]
