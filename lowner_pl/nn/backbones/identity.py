"""Hashes that tell backbones and tokenizers apart."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from weakref import WeakKeyDictionary

from transformers import PreTrainedTokenizerBase

from lowner_pl.nn.backbones.loading import EMBEDDED

WEIGHTS = ("*.safetensors", "*.bin")  # the first pattern that matches is what gets loaded
_known: WeakKeyDictionary[PreTrainedTokenizerBase, tuple[int, str]] = WeakKeyDictionary()
OTHERS = ("*.q4", "*.json", "*.txt", "*.model")  # packed embeddings, configuration, tokenizer


def tokenizer_identity(tokenizer: PreTrainedTokenizerBase) -> str:
    """Describe a tokenizer by its size and a hash of its subwords, ids and merges.

    The hash leaves out what other versions of the library write differently. It is computed once
    for a tokenizer that several methods of this process share.
    """
    size, known = _known.get(tokenizer, (0, ""))
    if size != len(tokenizer):  # tokens may have been added
        known = _identity(tokenizer)
        _known[tokenizer] = len(tokenizer), known
    return known


def _identity(tokenizer: PreTrainedTokenizerBase) -> str:
    """Hash a tokenizer, which takes seconds if its vocabulary is large."""
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    parts = (tokenizer.get_vocab(), model.get("vocab"), model.get("merges"))
    digest = hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=8).hexdigest()
    return f"{len(tokenizer)} subwords, hash {digest}"


def weights_identity(name: str) -> str | None:
    """Hash the files of a backbone, without loading it: weights, configuration and tokenizer.

    Args:
        name: A Hugging Face hub id, a folder, or ``embedded``.

    Returns:
        The hash, or ``None`` if the backbone is not on this machine.
    """
    folder = _folder(name)
    if folder is None:
        return None
    weights = next((found for suffix in WEIGHTS if (found := [*folder.glob(suffix)])), [])
    digest = hashlib.blake2b(digest_size=16)
    for file in sorted([*weights, *(file for suffix in OTHERS for file in folder.glob(suffix))]):
        state = file.stat()
        content = _content_hash(file.resolve(), state.st_size, state.st_mtime_ns)
        digest.update(f"{file.name}\n{content}\n".encode())
    return digest.hexdigest()


@lru_cache(maxsize=64)
def _content_hash(file: Path, _size: int, _changed: int) -> str:
    """Hash a file again only if its size or its time has changed.

    A cell of a study makes two methods of one backbone, and each asks for the hash of its files
    (docs/benchmarks/startup.md).
    """
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, hashlib.blake2b).hexdigest()


def _folder(name: str) -> Path | None:
    """Find the folder of a backbone: its own, or the one in the cache of the hub's library."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    folder = EMBEDDED if name == "embedded" else Path(name)
    if folder.is_dir():
        return folder
    try:
        config = try_to_load_from_cache(name, "config.json")
    except HFValidationError:
        return None
    return Path(config).parent if isinstance(config, str) else None
