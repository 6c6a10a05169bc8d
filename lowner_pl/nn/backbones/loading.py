"""Loading pretrained models from the hub, a folder or the package."""

import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lowner_pl.nn.backbones.backbone import Backbone, MaskedLMHead, positions_of
from lowner_pl.nn.backbones.files.backbone_files import (
    check_added_subwords,
    check_json,
    check_tokenizer,
    one_line,
    refusing,
    unusable,
)
from lowner_pl.nn.backbones.files.packed_folder import is_packed, read_packed
from lowner_pl.nn.backbones.files.weights_file import verify_checksums
from lowner_pl.nn.backbones.kept import loaded_once, own_tokenizer
from lowner_pl.nn.backbones.new_tokens import add_tokens, embedding_table
from lowner_pl.nn.backbones.packed_model import model_of, packed_stays
from lowner_pl.nn.backbones.training.low_rank import add_low_rank_updates
from lowner_pl.nn.backbones.training.recomputation import recompute_layers
from lowner_pl.runs.checksums import first_not_finite

EMBEDDED = Path(__file__).parents[2] / "assets" / "backbone"


class _Family(NamedTuple):
    """A family of models: the class that loads them, and their names in messages."""

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
    _check_reachable(source, name, MASKED)
    check_json(source, name)
    tokenizer, _ = _load_tokenizer(source, name, MASKED)
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
        ValueError: If it is not a sequence-to-sequence model with a fast tokenizer.
    """
    model, tokenizer, _ = _load(name, name, SEQUENCES)
    return model, tokenizer


def _load(
    source: str, name: str, family: _Family, *, stays_packed: bool = False
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, list[str]]:
    """Load a model and its tokenizer, and list the weights that are missing from the files."""
    _check_reachable(source, name, family)
    check_json(source, name)
    tokenizer, subwords = _load_tokenizer(source, name, family)
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
    source: str, name: str, family: _Family, *, stays_packed: bool
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
        raise FileNotFoundError(_not_found(name, family, error)) from error
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


def _load_tokenizer(source: str, name: str, family: _Family) -> tuple[PreTrainedTokenizerBase, int]:
    """Load the fast tokenizer of a backbone, and find out how many embeddings it needs."""
    from transformers import AutoTokenizer

    file = "tokenizer.json"
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    except OSError as error:
        raise FileNotFoundError(_not_found(name, family, error)) from error
    except (ValueError, KeyError) as error:
        lacking = Path(source).is_dir() and not (Path(source) / file).is_file()
        reason = "" if lacking else f" ({one_line(error)})"
        raise ValueError(
            f"The backbone {name!r} has no fast tokenizer{reason}. Put its `{file}` in the folder."
        ) from error
    except (MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # `tokenizers` raises one that is no Exception
        raise unusable(file, name, error) from error
    with refusing(file, name):
        return tokenizer, check_tokenizer(tokenizer)


def _check_reachable(source: str, name: str, family: _Family) -> None:
    """Ask the hub once for a model that is not cached; loading would retry for a minute."""
    from huggingface_hub import HfApi, try_to_load_from_cache

    if Path(source).exists():
        return
    try:
        if not isinstance(try_to_load_from_cache(source, "config.json"), str):
            HfApi().model_info(source, timeout=10)
    except Exception as error:  # network, hub, or a name that is no valid id
        raise FileNotFoundError(_not_found(name, family)) from error


def _not_found(name: str, family: _Family, error: OSError | None = None) -> str:
    """Describe where a backbone was looked for, or what a folder of this name lacks."""
    if error is not None and Path(name).is_dir():
        reason = " ".join(str(error).split())[:200].rstrip(".")
        return (
            f"{name!r} is not a complete folder with {family.name} ({reason}). Copy or download "
            "the folder again."
        )
    embedded = ", or use `backbone: embedded`" if family.is_embedded else ""
    return (
        f"{name!r} is not a complete folder with {family.name}, and the Hugging Face hub did not "
        "provide it: no network, or no such model. Download the model on a machine with a network "
        f"and set its folder{embedded}."
    )
