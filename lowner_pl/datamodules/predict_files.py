"""Files to predict: raw text, or CoNLL."""

from dataclasses import replace
from pathlib import Path

from lightning.pytorch.utilities import rank_zero_info, rank_zero_warn

from lowner_pl.corpus import (
    ConllFile,
    ConllFormat,
    Sentences,
    TextFile,
    content_of,
    is_conll_name,
    is_pipe,
)


def check_pipe(path: str | Path, *, devices: int) -> None:
    """Make sure that a pipe is read by a single process.

    Raises:
        ValueError: If the path is a pipe and there are several devices.
    """
    if is_pipe(path) and devices > 1:
        raise ValueError(
            f"'{path}' is a pipe, which only one process can read, but there are {devices} "
            "devices. Write it to a file, or predict on one device."
        )


def open_untagged(path: str | Path, file_format: ConllFormat, *, language: str | None) -> Sentences:
    """Open raw text, or a CoNLL file whose tags, if any, are ignored.

    The file is read anew in each iteration; nothing is kept in memory.

    Args:
        path: The file.
        file_format: Format if it is CoNLL; its encoding applies to both.
        language: Language of the sentences.
    """
    if is_text(path, file_format.encoding):
        return TextFile(path, language=language, encoding=file_format.encoding)
    return ConllFile(path, replace(file_format, labelled=False), language=language)


def is_text(path: str | Path, encoding: str = "utf-8") -> bool:
    """Tell whether a file to predict is raw text; otherwise it is CoNLL.

    A name such as ``x.conll`` decides; for other names the lines do. Lines of single words with
    blank lines between them are ambiguous: in ``x.txt`` they count as text, with a warning, under
    other names as CoNLL.

    Args:
        path: The file.
        encoding: Its character encoding.

    Raises:
        FileNotFoundError: If the file doesn't exist.
        IsADirectoryError: If the path is a folder.
        ValueError: If the file is neither, such as JSON.
    """
    if is_conll_name(path):
        return False
    found = content_of(path, encoding)
    if found.other is not None:
        name, remedy = found.other
        raise ValueError(f"{path} is {name}, neither raw text nor CoNLL. {remedy}")
    is_txt = Path(path).suffix.lower() == ".txt"
    if found.kind == "conll":
        if is_txt:
            rank_zero_info(f"{path} is read as CoNLL, one word per line: its lines have columns.")
        return False
    if found.words_alone and is_txt:
        rank_zero_warn(
            f"{path} has one word per line and blank lines in between. Each line is tagged as a "
            "sentence; if the blank lines separate sentences, rename the file to '.conll'."
        )
    return is_txt or not found.words_alone
