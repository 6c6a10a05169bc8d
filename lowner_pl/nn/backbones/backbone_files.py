"""Files of a backbone that are there but wrong: a configuration or a tokenizer that is none."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerBase

MOST_LAYERS = 1000
_SHORT = ("config.json", "tokenizer_config.json", "special_tokens_map.json")
_LAYERS = re.compile(r"^(num_.*|n_|.*_)?layers?$")


def check_json(source: str, name: str) -> None:
    """Look at the short JSON files of a folder before anything is made of them.

    Args:
        source: The folder; what is none, such as an id of the hub, passes.
        name: The backbone, for messages.

    Raises:
        ValueError: If one is not a JSON object, or asks for layers without end.
    """
    for file in (Path(source) / name for name in _SHORT):
        if file.is_file():
            with refusing(file.name, name):
                _check_options(json.loads(file.read_text(encoding="utf-8")))


def _check_options(options: Any) -> None:
    """Refuse what is not a JSON object, and layers without end."""
    if not isinstance(options, dict):
        raise ValueError(f"it holds {str(options)[:80]!r}, not options in braces")
    for key, value in options.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if _LAYERS.match(key) and is_number and not 0 <= value <= MOST_LAYERS:
            raise ValueError(f"{key!r} is {value}, not a number from 0 to {MOST_LAYERS}")


def check_tokenizer(tokenizer: PreTrainedTokenizerBase) -> None:
    """Try a tokenizer on a word.

    Raises:
        ValueError: If it spells it with subwords that are not in its vocabulary, or has none.
        Exception: Whatever the library raises.
    """
    known = set(tokenizer.get_vocab().values())
    if not known:
        raise ValueError("its vocabulary is empty")
    if odd := set(tokenizer("a b")["input_ids"]) - known:
        raise ValueError(f"it spells with subword {min(odd)}, which is not in its vocabulary")
    if not isinstance(tokenizer.model_max_length, int | float):
        raise ValueError(f"`model_max_length` is {tokenizer.model_max_length!r}, not a number")


@contextmanager
def refusing(file: str, name: str) -> Iterator[None]:
    """Turn whatever a library raises over a file into one sentence.

    Libraries raise all kinds of exceptions here, and ``tokenizers`` one that is not even an
    `Exception`.

    Raises:
        ValueError: In place of any other exception, but for memory that ran out.
    """
    try:
        yield
    except (MemoryError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        raise unusable(file, name, error) from error


def unusable(file: str, name: str, error: BaseException) -> ValueError:
    """Make the error that says what is wrong with a file of a backbone."""
    return ValueError(
        f"The `{file}` of the backbone {name!r} can't be used: {one_line(error)}. Copy or "
        "download the folder again."
    )


def one_line(error: BaseException) -> str:
    """Return an error in one line of at most 200 characters, with its type if it says little."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    text = " ".join(str(error).split())[:200].rstrip(".")
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON ({text})"
    if isinstance(error, ValueError | RuntimeError) and text:
        return text
    return f"{type(error).__name__} {text}".strip()
