"""Files to predict: which are raw text, and which are CoNLL files."""

from pathlib import Path

from lightning.pytorch.utilities import rank_zero_info, rank_zero_warn

from lowner_pl.corpus import content_of, is_conll_name


def is_text(path: str | Path, encoding: str = "utf-8") -> bool:
    """Tell whether a file to predict is raw text; otherwise it is a CoNLL file.

    A name such as ``x.conll`` says so, of any other file the lines do. Only words alone in their
    lines, with blank lines between them, are ambiguous: they are text in ``x.txt``, with a warning,
    and CoNLL under other names.

    Args:
        path: The file.
        encoding: Name of the character encoding.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If the path is a folder.
        ValueError: If it is something else, such as JSON.
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
            rank_zero_info(f"{path} is read as CoNLL, a word a line: its lines have columns.")
        return False
    if found.words_alone and is_txt:
        rank_zero_warn(
            f"{path} has one word in each line and blank lines between them. Each line is tagged "
            "as a sentence; if the blank lines end the sentences, name the file '.conll'."
        )
    return is_txt or not found.words_alone
