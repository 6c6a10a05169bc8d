"""What a tagger is given besides a sentence: for meta-learning, the sentences to adapt to."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lowner_pl.corpus import Sentence
from lowner_pl.tagging.run_data import data_of
from lowner_pl.tagging.run_files import RunFiles

if TYPE_CHECKING:
    from lowner_pl.datamodules import EpisodicDataModule

Batches = Callable[[list[Sentence]], list[Any]]
"""Makes what a method tags: the sentences themselves, or episodes."""


def plain_batches(sentences: list[Sentence]) -> list[Any]:
    """Return the sentences themselves."""
    return sentences


def support_of(config: Mapping[str, Any], files: RunFiles) -> Batches:
    """Give sentences their support from the source of a meta-learned tagger, as `predict` does.

    Args:
        config: The configuration of the run.
        files: The files of the run.

    Raises:
        FileNotFoundError: If the source can't be read.
        ValueError: If there is no configuration.
    """
    return episodic_data(config, files).episodes_of


def episodic_data(config: Mapping[str, Any], files: RunFiles) -> "EpisodicDataModule":
    """Make the data module of a meta-learned tagger and read its source.

    Args:
        config: The configuration of the run.
        files: The files of the run.

    Raises:
        FileNotFoundError: If the source can't be read.
        ValueError: If there is no configuration.
    """
    from lowner_pl.datamodules import EpisodicDataModule

    if "data" not in config:
        raise ValueError(
            f"'{files.checkpoint}' is meta-learned: it adapts to the training sentences of its "
            "source, which the config.yaml of its run folder names. Give the run folder, or a "
            "checkpoint inside of it."
        )
    data = data_of(config["data"])
    if not isinstance(data, EpisodicDataModule):
        raise ValueError(
            f"The data of '{files.checkpoint}' are a {type(data).__name__}, but a meta-learned "
            "tagger needs those of an EpisodicDataModule. Restore the config.yaml of its run."
        )
    if files.folder is not None:  # where `fit` has put the vectors of the source
        data.log_root = Path(*files.folder.absolute().parts[:-3])
    data.sentences("train")
    return data
