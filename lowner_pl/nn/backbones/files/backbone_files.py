"""Checks of a backbone's files: a broken configuration or tokenizer, reported in one sentence."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError
from tokenizers import Tokenizer
from tokenizers.models import Unigram
from transformers import PreTrainedConfig, PreTrainedTokenizerBase

from lowner_pl.nn.backbones.files.quantised_table import UnknownVersionError

MOST_LAYERS = 1000
_SHORT = ("config.json", "tokenizer_config.json", "special_tokens_map.json")
_LAYERS = re.compile(r"^(num_.*|n_|.*_)?layers?$")


def check_json(source: str, name: str) -> None:
    """Check the short JSON files of a folder before a model is built from them.

    There must be a ``config.json``.

    Args:
        source: The folder. Anything else, such as a hub id, passes.
        name: Name of the backbone, for messages.

    Raises:
        ValueError: If a file is not a JSON object, or asks for an absurd number of layers.
    """
    if Path(source).is_dir() and not (Path(source) / _SHORT[0]).is_file():
        raise unusable(_SHORT[0], name, FileNotFoundError())
    for file in (Path(source) / name for name in _SHORT):
        if file.is_file():
            with refusing(file.name, name):
                _check_options(json.loads(file.read_text(encoding="utf-8")))


def _check_options(options: object) -> None:
    """Raise an error if the content is not a JSON object, or has too many layers."""
    if not isinstance(options, dict):
        raise ValueError(f"it holds {str(options)[:80]!r} instead of a JSON object")
    for key, value in options.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if _LAYERS.match(key) and is_number and not 0 <= value <= MOST_LAYERS:
            raise ValueError(f"{key!r} is {value}, but must be between 0 and {MOST_LAYERS}")


def check_added_subwords(config: PreTrainedConfig, rows: int, name: str) -> None:
    """Check the ids that a configuration lists as `added_subwords`, if it does.

    Args:
        config: The configuration.
        rows: Number of embeddings.
        name: Name of the backbone, for messages.

    Raises:
        ValueError: If it is not a list of ids of subwords.
    """
    added = getattr(config, "added_subwords", [])
    if isinstance(added, list) and all(type(id_) is int and 0 <= id_ < rows for id_ in added):
        return
    with refusing("config.json", name):
        raise ValueError(
            f"`added_subwords` is {str(added)[:80]}, but must be a list of ids from 0 to {rows - 1}"
        )


def check_tokenizer(tokenizer: PreTrainedTokenizerBase) -> int:
    """Try out a tokenizer on two words.

    Returns:
        How many embeddings it needs: its highest id plus 1.

    Raises:
        ValueError: If its vocabulary is empty or lacks the subwords it uses.
        Exception: Anything that the library raises.
    """
    needed = _embeddings_needed(tokenizer)
    if not needed:
        raise ValueError("its vocabulary is empty")
    used = set(tokenizer("a b")["input_ids"])
    if unknown := [one for one in used if tokenizer.convert_ids_to_tokens(one) is None]:
        raise ValueError(f"it uses the subword {min(unknown)}, which is not in its vocabulary")
    if not isinstance(tokenizer.model_max_length, int | float):
        raise ValueError(f"`model_max_length` is {tokenizer.model_max_length!r}, not a number")
    return needed


def _embeddings_needed(tokenizer: PreTrainedTokenizerBase) -> int:
    """Find the highest id and add 1."""
    if tokenizer.is_fast and isinstance(tokenizer.backend_tokenizer.model, Unigram):
        # Its ids are the places in a list. `get_vocab` takes 0.25 s for 250,000 subwords.
        backend: Tokenizer = tokenizer.backend_tokenizer
        added = (one + 1 for one in backend.get_added_tokens_decoder())
        return max([backend.get_vocab_size(with_added_tokens=False), *added])
    return max(tokenizer.get_vocab().values(), default=-1) + 1


@contextmanager
def refusing(file: str, name: str) -> Iterator[None]:
    """Turn any exception of a library about a file into a `ValueError` of one sentence.

    Libraries raise all kinds of exceptions here, and ``tokenizers`` one that is not even an
    `Exception`.

    Raises:
        ValueError: In place of any other exception, except when memory runs out.
    """
    try:
        yield
    except (MemoryError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except UnknownVersionError as error:
        raise ValueError(
            f"The `{file}` of the backbone {name!r} can't be used: {error}. Update lowner_pl."
        ) from error
    except BaseException as error:
        raise unusable(file, name, error) from error


def unusable(file: str, name: str, error: BaseException) -> ValueError:
    """Create the error that names a backbone's file and what is wrong with it."""
    return ValueError(
        f"The `{file}` of the backbone {name!r} can't be used: {one_line(error)}. Copy or "
        "download the folder again."
    )


def one_line(error: BaseException) -> str:
    """Shorten an error to one line of at most 200 characters; add its type if the text is vague."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, FileNotFoundError):
        return "it is missing"
    if isinstance(error, SafetensorError):
        return "it is cut off, or no safetensors file"
    text = " ".join(str(error).split())[:200].rstrip(".")
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON ({text})"
    if isinstance(error, ValueError | RuntimeError) and text:
        return text
    return f"{type(error).__name__} {text}".strip()
