"""Masked language models as backbones: loading, freezing, and running them without padding."""

import copy
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lowner_pl.nn import packed_attention

EMBEDDED = Path(__file__).parents[1] / "assets" / "backbone"
# Model types whose packed and padded outputs are compared by a test. Others run padded.
PACKABLE = ("bert", "camembert", "modernbert", "roberta", "xlm-roberta")


class Backbone(nn.Module):
    """A Hugging Face encoder over packed windows.

    Args:
        encoder: The encoder of a masked language model, without pooler or head.
        subwords_per_pass: A batch of more subwords than this is run in several passes; in
            training each pass is recomputed in the backward step, so that a sentence of any
            length fits in memory. The result does not change.

    Raises:
        ValueError: If ``subwords_per_pass`` is not positive.
    """

    def __init__(self, encoder: PreTrainedModel, *, subwords_per_pass: int = 16_384) -> None:
        super().__init__()
        if subwords_per_pass < 1:
            raise ValueError(f"`subwords_per_pass` must be at least 1, was: {subwords_per_pass}.")
        self.encoder = encoder
        self.subwords_per_pass = subwords_per_pass
        self.packed = encoder.config.model_type in PACKABLE
        if self.packed:
            packed_attention.register()
            encoder.config._attn_implementation = packed_attention.PACKED
        # The RoBERTa kinds count positions from behind the padding id.
        padding = getattr(getattr(encoder, "embeddings", None), "padding_idx", None)
        self.first_position = 0 if padding is None else int(padding) + 1

    @property
    def hidden_size(self) -> int:
        """Width H of the hidden states."""
        return int(self.encoder.config.hidden_size)

    def forward(self, input_ids: Tensor, lengths: tuple[int, ...]) -> Tensor:
        """Return the last hidden states. Shape ``(N, H)``.

        Args:
            input_ids: Subword ids of all windows, end to end. Shape ``(N,)``.
            lengths: Subwords in each window.
        """
        passes = _passes(lengths, self.subwords_per_pass)
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

    def _run(self, input_ids: Tensor, lengths: tuple[int, ...]) -> Tensor:
        """Return the last hidden states of one pass."""
        return self._packed(input_ids, lengths) if self.packed else self._padded(input_ids, lengths)

    def _packed(self, input_ids: Tensor, lengths: tuple[int, ...]) -> Tensor:
        """Run all windows as one row."""
        positions = torch.cat([torch.arange(length) for length in lengths]) + self.first_position
        output = self.encoder(
            input_ids=input_ids[None],
            position_ids=positions[None].to(input_ids.device),
            lengths=lengths,
        )
        hidden: Tensor = output.last_hidden_state[0]
        return hidden

    def _padded(self, input_ids: Tensor, lengths: tuple[int, ...]) -> Tensor:
        """Run the windows as padded rows, for model types that cannot be packed."""
        pad = self.encoder.config.pad_token_id or 0
        rows = pad_sequence(list(input_ids.split(lengths)), batch_first=True, padding_value=pad)
        sizes = torch.tensor(lengths, device=input_ids.device)
        mask = torch.arange(rows.shape[1], device=input_ids.device) < sizes[:, None]
        output = self.encoder(input_ids=rows, attention_mask=mask.long())
        hidden: Tensor = output.last_hidden_state[mask]
        return hidden

    def freeze(self, layers: int) -> None:
        """Freeze the embeddings and the bottom ``layers`` layers.

        Raises:
            ValueError: If the encoder has fewer layers.
        """
        stack = self._layers()
        if not 0 <= layers <= len(stack):
            raise ValueError(
                f"`frozen_layers` must be from 0 to {len(stack)}, the layers of the backbone, "
                f"was: {layers}."
            )
        self.encoder.get_submodule("embeddings").requires_grad_(False)
        for layer in stack[:layers]:
            layer.requires_grad_(False)

    def _layers(self) -> nn.ModuleList:
        """Return the stack of transformer layers."""
        depth = self.encoder.config.num_hidden_layers
        for module in self.encoder.modules():
            if isinstance(module, nn.ModuleList) and len(module) == depth:
                return module
        raise ValueError(f"No layers found in a backbone of type {type(self.encoder).__name__}.")


class MaskedLMHead(nn.Module):
    """The part of a masked language model behind its encoder.

    Args:
        model: The whole model. Its encoder is taken out: what is left maps hidden states to
            vocabulary scores, whatever the architecture, and shares the embeddings.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        setattr(model, model.base_model_prefix, _Given())
        self.model = model

    def forward(self, hidden: Tensor) -> Tensor:
        """Return vocabulary scores ``(M, V)`` of M hidden states ``(M, H)``."""
        scores: Tensor = self.model(inputs_embeds=hidden[None]).logits[0]
        return scores


class _Given(nn.Module):
    """Stands where an encoder stood and returns the hidden states it is given."""

    def forward(self, *_: Any, inputs_embeds: Tensor, **__: Any) -> Any:
        """Return ``inputs_embeds`` as the last hidden states."""
        from transformers.modeling_outputs import BaseModelOutput

        return BaseModelOutput(last_hidden_state=inputs_embeds)


def load_backbone(
    name: str, *, subwords_per_pass: int = 16_384, new_tokens: Sequence[str] = ()
) -> tuple[Backbone, MaskedLMHead, PreTrainedTokenizerBase]:
    """Load a masked language model in training mode, with its head and its tokenizer.

    Args:
        name: A Hugging Face hub id, a folder, or ``embedded``.
        subwords_per_pass: See `Backbone`.
        new_tokens: Added to the tokenizer, with randomly initialised embeddings.

    Raises:
        FileNotFoundError: If it is neither a folder nor can be had from the hub.
        ValueError: If it is no masked language model with a fast tokenizer.
    """
    source = str(EMBEDDED) if name == "embedded" else name
    _check_reachable(source, name)
    tokenizer = _load_tokenizer(source, name)
    model = _load_model(source, name)
    _add_tokens(model, tokenizer, new_tokens)
    encoder = model.base_model
    assert isinstance(encoder, PreTrainedModel)
    # from_pretrained returns eval mode and Lightning keeps it: without train() there is no dropout.
    model.train()
    return Backbone(encoder, subwords_per_pass=subwords_per_pass), MaskedLMHead(model), tokenizer


def save_backbone(
    backbone: Backbone,
    head: MaskedLMHead,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path | str,
    *,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write a folder that ``AutoModelForMaskedLM.from_pretrained`` and `load_backbone` read.

    Args:
        backbone: The encoder.
        head: The rest of the model.
        tokenizer: The tokenizer.
        folder: Where to write.
        dtype: Type of the numbers on disk.
    """
    # Copied together, so that shared embeddings stay shared.
    encoder, model = copy.deepcopy((backbone.encoder, head.model))
    setattr(model, model.base_model_prefix, encoder)
    model.to(dtype)  # type: ignore[arg-type]
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def max_positions(backbone: Backbone) -> int:
    """Return how many subwords the backbone can number, special tokens included."""
    limit = getattr(backbone.encoder.config, "max_position_embeddings", None) or 512
    return int(limit) - backbone.first_position


def _add_tokens(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, tokens: Sequence[str]
) -> None:
    """Give new tokens ids and randomly initialised embeddings, growing the table if needed."""
    first = len(tokenizer)
    tokenizer.add_tokens(list(tokens), special_tokens=True)
    if len(tokenizer) > _table(model).num_embeddings:
        model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    deviation = getattr(model.config, "initializer_range", 0.02)
    with torch.no_grad():
        _table(model).weight[first : len(tokenizer)].normal_(std=deviation)


def _table(model: PreTrainedModel) -> nn.Embedding:
    """Return the input embeddings."""
    table = model.get_input_embeddings()
    assert isinstance(table, nn.Embedding)
    return table


def _load_model(source: str, name: str) -> PreTrainedModel:
    """Load the model, safetensors or plain tensors only, never code from the folder."""
    from transformers import AutoModelForMaskedLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # a bar for reading a file; downloads keep theirs
    try:
        model: PreTrainedModel = AutoModelForMaskedLM.from_pretrained(
            source, trust_remote_code=False, weights_only=True, dtype=torch.float32
        )
    except OSError as error:
        raise FileNotFoundError(_not_found(name)) from error
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"The weights of {name!r} must be tensors only, was: a file that could run code. Use "
            "a backbone saved as safetensors."
        ) from error
    except ValueError as error:
        raise ValueError(
            f"The backbone must be a masked language model, was: {name!r} ({_first_line(error)}). "
            "Choose one that `AutoModelForMaskedLM` loads, such as XLM-R, BERT or ModernBERT."
        ) from error
    return model


def _load_tokenizer(source: str, name: str) -> PreTrainedTokenizerBase:
    """Load the fast tokenizer of a backbone."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    except OSError as error:
        raise FileNotFoundError(_not_found(name)) from error
    except (ValueError, KeyError) as error:
        raise ValueError(
            f"The tokenizer of {name!r} must load as a fast one, was: {_first_line(error)} "
            "Put its `tokenizer.json` in the folder."
        ) from error
    return tokenizer


def _check_reachable(source: str, name: str) -> None:
    """Ask the hub once for what is neither here nor cached: loading would ask for a minute."""
    from huggingface_hub import HfApi, try_to_load_from_cache

    if Path(source).exists():
        return
    try:
        if not isinstance(try_to_load_from_cache(source, "config.json"), str):
            HfApi().model_info(source, timeout=10)
    except Exception as error:  # of the network, the hub, or a name that can be none of its ids
        raise FileNotFoundError(_not_found(name)) from error


def _not_found(name: str) -> str:
    """Say where a backbone was looked for."""
    return (
        f"The backbone must be a folder, a model of the Hugging Face hub that can be reached, or "
        f"'embedded', was: {name!r}. It is no complete folder here, and the hub did not give it "
        "(no network, or no such model). Download it on a machine with network and give its "
        "folder, or use `backbone: embedded`."
    )


def _first_line(error: Exception) -> str:
    """Return the first line of an error message, at most 200 characters."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _passes(lengths: tuple[int, ...], most: int) -> list[tuple[int, ...]]:
    """Cut ``lengths`` into runs of at most ``most`` subwords, at least one window each."""
    passes: list[list[int]] = [[]]
    used = 0
    for length in lengths:
        if passes[-1] and used + length > most:
            passes.append([])
            used = 0
        passes[-1].append(length)
        used += length
    return [tuple(part) for part in passes]
