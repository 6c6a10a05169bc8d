"""The sentences that have been annotated already."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lowner_pl.corpus import Sentence, read_conll
from lowner_pl.tagging.run_data import data_of
from lowner_pl.tagging.run_files import RunFiles

if TYPE_CHECKING:
    from lowner_pl.datamodules import NERDataModule


class Annotated(NamedTuple):
    """Annotated sentences.

    Attributes:
        sentences: The sentences that a tagger learns from: training and dev data.
        others: All labelled sentences of the corpus, which are no suggestions either: also test
            data, and training data that were left out for their number. Empty for files.
        source: Where they are from, for people.
    """

    sentences: list[Sentence]
    others: list[Sentence]
    source: str


def annotated_in(files: Sequence[str | Path], *, language: str | None) -> Annotated:
    """Read annotated sentences from CoNLL files.

    Args:
        files: The files.
        language: Language of the sentences.

    Raises:
        OSError: If a file can't be read.
        ValueError: If it is malformed; the message names the line.
    """
    found = [sentence for file in files for sentence in read_conll(file, language=language)]
    return Annotated(found, [], ", ".join(map(str, files)))


def annotated_of(run: RunFiles, data: "NERDataModule | None" = None) -> Annotated:
    """Read the data that a run was trained and tested on.

    For a meta-learned tagger, these are the sentences of its source. A checkpoint without its run
    folder has none.

    Args:
        run: The files of the run.
        data: Its data module, if it has been made already; what has been read isn't read again.

    Raises:
        FileNotFoundError: If a file of the data is missing.
        ValueError: If the data can't be read.
    """
    config = run.config()
    if "data" not in config:
        return Annotated([], [], "none: the checkpoint lies in no run folder")
    try:
        data = data or data_of(config["data"])
        train_and_dev = [*data.sentences("train"), *data.sentences("dev")]
        others = data.whole()
    except (OSError, ValueError) as error:
        kind = FileNotFoundError if isinstance(error, OSError) else ValueError
        reason = " ".join(str(error).split())
        raise kind(
            f"The data of the run '{run.folder}' can't be read, which are annotated and so no "
            f"suggestions: {reason} Name files with annotated sentences by --annotated."
        ) from error
    return Annotated(train_and_dev, others, data.name)
