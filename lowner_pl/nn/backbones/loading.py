"""Pre-trained models from the hub, a folder or the package, and back to a folder."""

import copy
import hashlib
import json
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lowner_pl.encoding import WordEncoder, unspelt_share
from lowner_pl.nn.backbones.backbone import Backbone, MaskedLMHead
from lowner_pl.nn.backbones.backbone_files import (
    check_json,
    check_tokenizer,
    one_line,
    refusing,
    unusable,
)
from lowner_pl.nn.backbones.weights_file import add_checksums, verify_checksums
from lowner_pl.runs.checksums import first_not_finite

EMBEDDED = Path(__file__).parents[2] / "assets" / "backbone"


class _Family(NamedTuple):
    """A kind of models: what loads them, and how messages speak of them."""

    loader: str
    name: str
    examples: str
    is_embedded: bool


MASKED = _Family(
    "AutoModelForMaskedLM", "a masked language model", "XLM-R, BERT or ModernBERT", is_embedded=True
)
SEQUENCES = _Family(
    "AutoModelForSeq2SeqLM", "a sequence-to-sequence model", "mBART or mT5", is_embedded=False
)


def load_backbone(
    name: str,
    *,
    subwords_per_pass: int = 16_384,
    new_tokens: Mapping[str, Sequence[str]] | None = None,
    needs_head: bool = False,
) -> tuple[Backbone, MaskedLMHead, PreTrainedTokenizerBase]:
    """Load a masked language model in training mode, with its head and its tokenizer.

    Args:
        name: A Hugging Face hub id, a folder, or ``embedded``.
        subwords_per_pass: See `Backbone`.
        new_tokens: Added to the tokenizer where it does not have them. Each begins as the mean of
            the embeddings of the subwords of its seed words, or randomly if it has none.
        needs_head: Whether a folder with the encoder alone, as `AutoModel` saves it, is refused;
            otherwise the head is random where there is none.

    Raises:
        FileNotFoundError: If it is neither a folder nor can be had from the hub.
        ValueError: If it is no whole masked language model with a fast tokenizer, or its
            vocabulary spells none of a token's seed words.
    """
    source = str(EMBEDDED) if name == "embedded" else name
    model, tokenizer, missing = _load(source, name, MASKED)
    _check_complete(model, name, missing, needs_head=needs_head)
    add_tokens(model, tokenizer, new_tokens or {})
    encoder = model.base_model
    assert isinstance(encoder, PreTrainedModel)
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

    Raises:
        ValueError: If a weight is not finite, or becomes infinite in ``dtype``.
    """
    # Copied together, so that shared embeddings stay shared.
    encoder, model = copy.deepcopy((backbone.encoder, head.model))
    setattr(model, model.base_model_prefix, encoder)
    model.to(dtype)  # type: ignore[arg-type]
    if (weight := first_not_finite(model.named_parameters())) is not None:
        raise ValueError(
            f"The backbone was not written: {weight!r} holds a number that is infinite or not a "
            f"number as {dtype}. Use a checkpoint from before training went wrong; where 16 bits "
            "are too few, leave out `--half`."
        )
    model.save_pretrained(folder)
    add_checksums(folder)
    tokenizer.save_pretrained(folder)


def load_sequence_to_sequence(name: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a sequence-to-sequence model in training mode, and its tokenizer.

    Args:
        name: A Hugging Face hub id or a folder.

    Raises:
        FileNotFoundError: If it is neither a folder nor can be had from the hub.
        ValueError: If it is no sequence-to-sequence model with a fast tokenizer.
    """
    model, tokenizer, _ = _load(name, name, SEQUENCES)
    return model, tokenizer


def tokenizer_identity(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return what tells tokenizers apart: their size, and a hash of subwords, ids and merges.

    What other versions of the library write in another way is left out of it.
    """
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    parts = (tokenizer.get_vocab(), model.get("vocab"), model.get("merges"))
    digest = hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=8).hexdigest()
    return f"{len(tokenizer)} subwords, hash {digest}"


def add_tokens(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, tokens: Mapping[str, Sequence[str]]
) -> None:
    """Give tokens that are new ids and embeddings, growing the table if needed.

    Args:
        model: The model.
        tokenizer: Its tokenizer.
        tokens: The tokens and their seed words; see `load_backbone`.

    Raises:
        ValueError: If the vocabulary spells none of a token's seed words.
    """
    known = tokenizer.get_vocab()
    new = {
        token: _seed_ids(tokenizer, token, tokens[token]) for token in tokens if token not in known
    }
    first = len(tokenizer)
    tokenizer.add_tokens(list(new), special_tokens=True)
    if len(tokenizer) > _table(model).num_embeddings:
        model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    with torch.no_grad():
        weight = _table(model).weight
        deviation = getattr(model.config, "initializer_range", None) or weight[:first].std().item()
        weight[first : len(tokenizer)].normal_(std=deviation)
        for row, seeds in enumerate(new.values(), first):
            if seeds:
                weight[row] = weight[seeds].mean(0)


def _seed_ids(tokenizer: PreTrainedTokenizerBase, token: str, words: Sequence[str]) -> list[int]:
    """Return the subwords of those seed words of a token that the vocabulary spells."""
    if not words:
        return []
    encoder = WordEncoder(tokenizer)
    spelt = [ids for ids in map(encoder.subwords, words) if unspelt_share(ids, tokenizer) == 0.0]
    if not spelt:
        raise ValueError(
            f"The seed words of {token!r} must be in the vocabulary, was: {list(words)}, none of "
            "which it spells without unknown subwords or single bytes. Give others in `seed_words`."
        )
    return [id_ for ids in spelt for id_ in ids]


def _table(model: PreTrainedModel) -> nn.Embedding:
    """Return the input embeddings."""
    table = model.get_input_embeddings()
    if not isinstance(table, nn.Embedding):
        raise ValueError(
            f"A model of type {model.config.model_type!r} can't be a backbone: its embeddings are "
            f"a {type(table).__name__}, not a plain table. Choose another, such as XLM-R or BERT."
        )
    return table


def _load(
    source: str, name: str, family: _Family
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, list[str]]:
    """Load a model and its tokenizer; return them, and the weights that the files do not hold."""
    _check_reachable(source, name, family)
    check_json(source, name)
    tokenizer = _load_tokenizer(source, name, family)
    verify_checksums(source)
    model, missing = _load_model(source, name, family)
    if (weight := first_not_finite(model.named_parameters())) is not None:
        raise ValueError(
            f"The weights of {name!r} can't be used: {weight!r} holds a number that is infinite "
            "or not a number. Copy or download the folder again, or choose another backbone."
        )
    subwords, rows = max(tokenizer.get_vocab().values()) + 1, _table(model).num_embeddings
    if subwords > rows:
        raise ValueError(
            f"The backbone must have an embedding for every subword of its tokenizer, was: {rows:,}"
            f" embeddings for {subwords:,} subwords in {name!r}. Put the tokenizer it was trained "
            "with into its folder."
        )
    # from_pretrained returns eval mode and Lightning keeps it: without train() there is no dropout.
    return model.train(), tokenizer, missing


def _check_complete(
    model: PreTrainedModel, name: str, missing: Sequence[str], *, needs_head: bool
) -> None:
    """Refuse a backbone of which a part that is needed would be random."""
    prefix = f"{model.base_model_prefix}."
    encoder = [key for key in missing if key.startswith(prefix)]
    if encoder or (needs_head and missing):
        part, first = ("encoder", encoder[0]) if encoder else ("head", missing[0])
        raise ValueError(
            f"The backbone must hold the weights of its {part}, was: {name!r} without {first!r}. "
            "Save the whole model, with `AutoModelForMaskedLM`"
            + ("." if encoder else "; the encoder alone is enough for taggers.")
        )


def _load_model(source: str, name: str, family: _Family) -> tuple[PreTrainedModel, list[str]]:
    """Load the model, safetensors or plain tensors only, never code from the folder.

    Returns:
        The model, and the names of the weights that its files do not hold: they are random.
    """
    import transformers
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # a bar for reading a file; downloads keep theirs
    try:
        loader: Any = getattr(transformers, family.loader)
        model, report = loader.from_pretrained(
            source,
            trust_remote_code=False,
            weights_only=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except OSError as error:
        raise FileNotFoundError(_not_found(name, family)) from error
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"The weights of {name!r} must be tensors only, was: a file that could run code. Use "
            "a backbone saved as safetensors."
        ) from error
    except (SafetensorError, RuntimeError, EOFError, MemoryError) as error:
        if isinstance(error, MemoryError) or "memory" in str(error):
            raise
        raise ValueError(
            f"The weights of {name!r} must be whole and of the shapes in its `config.json`, was: "
            f"{one_line(error)!r}. Copy or download the folder again."
        ) from error
    except ValueError as error:
        raise ValueError(
            f"The backbone must be {family.name}, was: {name!r} ({one_line(error)}). "
            f"Choose one that `{family.loader}` loads, such as {family.examples}."
        ) from error
    except Exception as error:  # of whatever reads a field of the wrong type
        raise unusable("config.json", name, error) from error
    return model, sorted(report["missing_keys"])


def _load_tokenizer(source: str, name: str, family: _Family) -> PreTrainedTokenizerBase:
    """Load the fast tokenizer of a backbone."""
    from transformers import AutoTokenizer

    file = "tokenizer.json"
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    except OSError as error:
        raise FileNotFoundError(_not_found(name, family)) from error
    except (ValueError, KeyError) as error:
        raise ValueError(
            f"The tokenizer of {name!r} must load as a fast one, was: {one_line(error)}. "
            f"Put its `{file}` in the folder."
        ) from error
    except (MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # of `tokenizers`, which is not even an Exception
        raise unusable(file, name, error) from error
    with refusing(file, name):
        check_tokenizer(tokenizer)
    return tokenizer


def _check_reachable(source: str, name: str, family: _Family) -> None:
    """Ask the hub once for what is neither here nor cached: loading would ask for a minute."""
    from huggingface_hub import HfApi, try_to_load_from_cache

    if Path(source).exists():
        return
    try:
        if not isinstance(try_to_load_from_cache(source, "config.json"), str):
            HfApi().model_info(source, timeout=10)
    except Exception as error:  # of the network, the hub, or a name that can be none of its ids
        raise FileNotFoundError(_not_found(name, family)) from error


def _not_found(name: str, family: _Family) -> str:
    """Say where a backbone was looked for."""
    hub = "a model of the Hugging Face hub that can be reached"
    places = f"a folder, {hub}, or 'embedded'" if family.is_embedded else f"a folder or {hub}"
    return (
        f"The backbone must be {places}, was: {name!r}. It is no complete folder here, and the hub "
        "did not give it (no network, or no such model). Download it on a machine with network and "
        "give its folder" + (", or use `backbone: embedded`." if family.is_embedded else ".")
    )
