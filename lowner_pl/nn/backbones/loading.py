"""Loading pretrained models from the hub, a folder or the package."""

import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lowner_pl.nn.backbones.backbone import Backbone, positions_of
from lowner_pl.nn.backbones.files.backbone_files import (
    check_added_subwords,
    check_json,
    one_line,
    refusing,
    unusable,
)
from lowner_pl.nn.backbones.files.family import (
    MASKED,
    SEQUENCES,
    Family,
    check_reachable,
    not_found,
)
from lowner_pl.nn.backbones.files.packed_folder import is_packed, read_packed
from lowner_pl.nn.backbones.files.tokenizer_file import load_fast_tokenizer
from lowner_pl.nn.backbones.files.weights_file import verify_checksums
from lowner_pl.nn.backbones.kept import loaded_once, own_tokenizer
from lowner_pl.nn.backbones.masked_head import MaskedLMHead
from lowner_pl.nn.backbones.new_tokens import add_tokens, embedding_table
from lowner_pl.nn.backbones.packed_model import model_of, packed_stays
from lowner_pl.nn.backbones.training.low_rank import add_low_rank_updates
from lowner_pl.nn.backbones.training.recomputation import recompute_layers
from lowner_pl.runs.checksums import first_not_finite

EMBEDDED = Path(__file__).parents[2] / "assets" / "backbone"


def load_backbone(
    name: str,
    *,
    subwords_per_pass: int = 16_384,
    new_tokens: Mapping[str, Sequence[str]] | None = None,
    needs_head: bool = False,
    lora_rank: int | None = None,
    gradient_checkpointing: bool = False,
) -> tuple[Backbone, MaskedLMHead, PreTrainedTokenizerBase]:
    """Load a masked language model in training mode, with its head and its tokenizer.

    Args:
        name: A Hugging Face hub id, a folder, or ``embedded``.
        subwords_per_pass: See `Backbone`.
        new_tokens: Tokens to add to the tokenizer, with their seed words; see `add_tokens`.
        needs_head: Whether to reject a folder that has only the encoder, as `AutoModel` saves it.
            Otherwise a missing head is initialised randomly.
        lora_rank: Freeze the encoder and add updates of this rank; see `add_low_rank_updates`.
        gradient_checkpointing: Whether layers are computed again in the backward pass.

    Raises:
        FileNotFoundError: If it is not a folder and the hub does not provide it.
        ValueError: If it is not a complete masked language model with a fast tokenizer, or its
            vocabulary covers none of a token's seed words, or it has no layers for updates or to
            compute again.
    """
    stays_packed = packed_stays() and not (needs_head or new_tokens)
    model, tokenizer, _ = load_whole(name, needs_head=needs_head, stays_packed=stays_packed)
    if new_tokens:
        tokenizer = own_tokenizer(tokenizer)
    known = len(tokenizer)
    add_tokens(model, tokenizer, new_tokens or {})
    encoder = model.base_model
    assert isinstance(encoder, PreTrainedModel)
    backbone = Backbone(
        encoder,
        new_tokens_from=known if len(tokenizer) > known else None,
        subwords_per_pass=subwords_per_pass,
    )
    head = MaskedLMHead(model)
    if lora_rank is not None:
        add_low_rank_updates(backbone, head, lora_rank, name=name)
    if gradient_checkpointing:
        recompute_layers(encoder, name=name)
    return backbone, head, tokenizer


def load_whole(
    name: str, *, needs_head: bool = False, stays_packed: bool = False
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, list[str]]:
    """Load a masked language model in one piece, and its tokenizer; see `load_backbone`.

    Args:
        name: A Hugging Face hub id, a folder, or ``embedded``.
        needs_head: See `load_backbone`.
        stays_packed: Whether the embeddings of a packed folder become a `PackedTable`. Then there
            is no output layer.

    Returns:
        The model, the tokenizer, and the names of the weights that its files lack, which are all
        of its head and random.

    Raises:
        FileNotFoundError: If it is not a folder and the hub does not provide it.
        ValueError: If it is not a complete masked language model with a fast tokenizer.
    """
    source = str(EMBEDDED) if name == "embedded" else name
    family = f"{MASKED.loader} packed" if stays_packed else MASKED.loader
    model, tokenizer, missing = loaded_once(
        source, family, lambda: _load(source, name, MASKED, stays_packed=stays_packed)
    )
    _check_complete(model, name, missing, needs_head=needs_head)
    return model, tokenizer, missing


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Silence the list of weights that `transformers` prints when a model and its files differ."""
    from transformers.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


def load_tokenizer(name: str) -> tuple[PreTrainedTokenizerBase, int]:
    """Load the tokenizer of a backbone without its weights.

    Args:
        name: A Hugging Face hub id, a folder, or ``embedded``.

    Returns:
        The tokenizer, and the number of subwords in a window, special tokens included.

    Raises:
        FileNotFoundError: If it is not a folder and the hub does not provide it.
        ValueError: If it is not a model with a fast tokenizer.
    """
    from transformers import AutoConfig, AutoModel

    source = str(EMBEDDED) if name == "embedded" else name
    check_reachable(source, name, MASKED)
    check_json(source, name)
    tokenizer, _ = load_fast_tokenizer(source, name, MASKED)
    with refusing("config.json", name), torch.device("meta"):
        config = AutoConfig.from_pretrained(source, trust_remote_code=False)
        outline = AutoModel.from_config(config, trust_remote_code=False)
    return tokenizer, positions_of(outline)


def load_sequence_to_sequence(name: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a sequence-to-sequence model in training mode, and its tokenizer.

    Args:
        name: A Hugging Face hub id or a folder.

    Raises:
        FileNotFoundError: If it is not a folder and the hub does not provide it.
        ValueError: If it is not a complete sequence-to-sequence model with a fast tokenizer.
    """
    model, tokenizer, missing = _load(name, name, SEQUENCES)
    if missing:
        raise ValueError(
            f"The backbone {name!r} lacks weights, such as {missing[0]!r}. Save the whole model "
            f"with `{SEQUENCES.loader}`."
        )
    return model, tokenizer


def _load(
    source: str, name: str, family: Family, *, stays_packed: bool = False
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, list[str]]:
    """Load a model and its tokenizer, and list the weights that are missing from the files."""
    check_reachable(source, name, family)
    check_json(source, name)
    tokenizer, subwords = load_fast_tokenizer(source, name, family)
    verify_checksums(source)
    model, missing = _load_model(source, name, family, stays_packed=stays_packed)
    named = ((key, part) for key, part in model.named_parameters() if not part.is_meta)
    if (weight := first_not_finite(named)) is not None:
        raise ValueError(
            f"The weights of {name!r} can't be used: {weight!r} contains an infinity or NaN. Copy "
            "or download the folder again, or choose another backbone."
        )
    if subwords > (rows := embedding_table(model).num_embeddings):
        raise ValueError(
            f"The backbone {name!r} has {rows:,} embeddings, but its tokenizer has {subwords:,} "
            "subwords. Put the tokenizer that it was trained with into its folder."
        )
    check_added_subwords(model.config, rows, name)
    # from_pretrained returns eval mode and Lightning keeps it: without train() there is no dropout.
    return model.train(), tokenizer, missing


def _check_complete(
    model: PreTrainedModel, name: str, missing: Sequence[str], *, needs_head: bool
) -> None:
    """Raise an error if a part that is needed would be initialised randomly."""
    prefix = f"{model.base_model_prefix}."
    encoder = [key for key in missing if key.startswith(prefix)]
    if encoder or (needs_head and missing):
        part, first = ("encoder", encoder[0]) if encoder else ("head", missing[0])
        remedy = "" if encoder else " A tagger needs only the encoder."
        raise ValueError(
            f"The backbone {name!r} lacks weights of its {part}, such as {first!r}. Save the whole "
            f"model with `AutoModelForMaskedLM`.{remedy}"
        )


def _load_model(
    source: str, name: str, family: Family, *, stays_packed: bool
) -> tuple[PreTrainedModel, list[str]]:
    """Load the model from safetensors or plain tensors, never running code from the folder.

    Returns:
        The model, and the names of weights that are missing from its files and hence random.
    """
    import transformers
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # for reading a file; downloads keep theirs
    packed = read_packed(Path(source), name) if is_packed(Path(source)) else None
    loader: Any = getattr(transformers, family.loader)
    try:
        if packed is None:
            with quiet_loading():  # the errors below and `_check_complete` say what matters
                model, report = loader.from_pretrained(
                    source,
                    trust_remote_code=False,
                    weights_only=True,
                    dtype=torch.float32,
                    output_loading_info=True,
                    ignore_mismatched_sizes=True,  # its own error names none
                )
            missing = sorted(report["missing_keys"])
            if others := sorted(report["mismatched_keys"]):
                key, found, wanted = others[0]
                raise RuntimeError(
                    f"{key!r} has the shape {tuple(found)} instead of {tuple(wanted)}"
                )
        else:
            config = transformers.AutoConfig.from_pretrained(source, trust_remote_code=False)
            model, missing = model_of(packed, loader, config, stays=stays_packed), []
    except OSError as error:
        raise FileNotFoundError(not_found(name, family, error)) from error
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"The weight file of {name!r} could run code, so it was not loaded. Use a backbone "
            "saved as safetensors."
        ) from error
    except (SafetensorError, RuntimeError, EOFError, MemoryError) as error:
        if isinstance(error, MemoryError) or "memory" in str(error):
            raise
        raise ValueError(
            f"The weights of {name!r} are truncated or don't fit its `config.json` "
            f"({one_line(error)}). Copy or download the folder again."
        ) from error
    except ValueError as error:
        raise ValueError(
            f"The backbone {name!r} is not {family.name} ({one_line(error)}). Choose one that "
            f"`{family.loader}` loads, such as {family.examples}."
        ) from error
    except Exception as error:  # a field of the wrong type can raise anything
        raise unusable("config.json", name, error) from error
    return model, missing
