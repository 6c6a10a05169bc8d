"""The data of a run, made from its configuration without its model."""

from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from lowner_pl.tagging.run_files import RunFiles

if TYPE_CHECKING:
    from lowner_pl.datamodules import NERDataModule


def data_of(settings: Mapping[str, Any]) -> "NERDataModule":
    """Make the data module that the entry ``data`` of a configuration names.

    Args:
        settings: The entry: ``class_path`` and ``init_args``.

    Raises:
        ValueError: If it is the data module of raw text, which has no tags.
    """
    from jsonargparse import ArgumentParser

    from lowner_pl.datamodules import NERDataModule, SentenceDataModule

    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(SentenceDataModule, "data")
    parsed = parser.parse_object({"data": deepcopy(settings)})  # the parser changes its input
    made = parser.instantiate_classes(parsed).data
    if not isinstance(made, NERDataModule):
        raise ValueError(
            f"The data are those of {type(made).__name__}, which has no tags. Use the run or the "
            "configuration of a tagger."
        )
    return made


def data_of_run(run: RunFiles) -> "NERDataModule | None":
    """Make the data module of a run; ``None`` for a checkpoint without its run folder.

    Args:
        run: The files of the run.

    Raises:
        ValueError: If the configuration of the run is damaged, or the data have no tags.
    """
    config = run.config()
    return data_of(config["data"]) if "data" in config else None
