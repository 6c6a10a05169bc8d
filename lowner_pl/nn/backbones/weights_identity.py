"""What tells backbones apart without loading them."""

import hashlib
from pathlib import Path

from lowner_pl.nn.backbones.loading import EMBEDDED

WEIGHTS = ("*.safetensors", "*.bin")  # the first of these that there are is what is loaded
TEXTS = ("*.json", "*.txt", "*.model")  # configuration and tokenizer


def weights_identity(name: str) -> str | None:
    """Return a hash of the files of a backbone: weights, configuration and tokenizer.

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
    for file in sorted([*weights, *(file for suffix in TEXTS for file in folder.glob(suffix))]):
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, hashlib.blake2b).hexdigest()
        digest.update(f"{file.name}\n{content}\n".encode())
    return digest.hexdigest()


def _folder(name: str) -> Path | None:
    """Return the folder of a backbone: its own, or that in which the hub's library keeps it."""
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
