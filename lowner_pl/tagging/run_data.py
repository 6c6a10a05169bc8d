"""The data of a run, made from its configuration without its model."""

import traceback
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lowner_pl.tagging.run_files import RunFiles

if TYPE_CHECKING:
    from lowner_pl.datamodules import NERDataModule

_PACKAGE = Path(__file__).parents[1]


def data_of(settings: Mapping[str, Any]) -> "NERDataModule":
    """Make the data module that the entry ``data`` of a configuration names.

    Args:
        settings: The entry: ``class_path`` and ``init_args``.

    Raises:
        ValueError: If the data module refuses its options, or has no tags, as that of raw text.
    """
    from jsonargparse import ArgumentParser

    from lowner_pl.datamodules import NERDataModule, SentenceDataModule

    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(SentenceDataModule, "data")
    parsed = parser.parse_object({"data": deepcopy(settings)})  # the parser changes its input
    try:
        made = parser.instantiate_classes(parsed).data
    except ValueError as error:
        raise cause_of_ours(error) or error from None
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


def cause_of_ours(error: BaseException) -> BaseException | None:
    """Find the outermost error that our code or a file raised; jsonargparse wraps it in its own."""
    cause: BaseException | None = error
    while cause is not None:
        frames = traceback.extract_tb(cause.__traceback__)
        if isinstance(cause, OSError) and cause.filename:
            return cause
        if frames and Path(frames[-1].filename).is_relative_to(_PACKAGE):
            return cause
        cause = cause.__cause__
    return None
