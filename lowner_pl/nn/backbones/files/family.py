"""Families of models: which class loads them, and what to say if a backbone is none of them."""

from pathlib import Path
from typing import NamedTuple


class Family(NamedTuple):
    """A family of models: the class that loads them, and their names in messages."""

    loader: str
    name: str
    examples: str
    is_embedded: bool


MASKED = Family(
    "AutoModelForMaskedLM", "a masked language model", "XLM-R, BERT or ModernBERT", is_embedded=True
)
SEQUENCES = Family(
    "AutoModelForSeq2SeqLM", "a sequence-to-sequence model", "mBART or mT5", is_embedded=False
)


def check_reachable(source: str, name: str, family: Family) -> None:
    """Ask the hub once for a model that is not cached; loading would retry for a minute.

    Args:
        source: A Hugging Face hub id or a folder.
        name: What the user gave, for the message.
        family: The family that it must be of.

    Raises:
        FileNotFoundError: If it is not a folder and the hub does not provide it.
    """
    from huggingface_hub import HfApi, try_to_load_from_cache

    if Path(source).exists():
        return
    try:
        if not isinstance(try_to_load_from_cache(source, "config.json"), str):
            HfApi().model_info(source, timeout=10)
    except Exception as error:  # network, hub, or a name that is no valid id
        raise FileNotFoundError(not_found(name, family)) from error


def not_found(name: str, family: Family, error: OSError | None = None) -> str:
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
