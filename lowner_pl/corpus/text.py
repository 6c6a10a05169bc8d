"""Files of bytes and of raw text."""

import re
from pathlib import Path

from lowner_pl.corpus.sentence import Sentence


def read_bytes(path: str | Path) -> bytes:
    """Return the content of a file.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If the path is a folder.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(
            f"A corpus file must be a file, was: the folder '{path}'. Name a file in it."
        )
    if not path.exists():
        raise FileNotFoundError(f"A corpus file must exist, was: '{path}'. Check the path.")
    return path.read_bytes()


def decode(data: bytes, file: str, encoding: str = "utf-8") -> str:
    """Return the text of a file with Unix line ends and without byte order mark.

    Args:
        data: The content of the file.
        file: Its name, for messages.
        encoding: Name of the character encoding.

    Raises:
        ValueError: If the bytes are not in that encoding, naming the line.
    """
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{file}:{line}: Text must be {encoding}, was: byte 0x{data[error.start]:02x}. "
            "Convert the file, or give its `encoding`."
        ) from None
    except LookupError:
        raise ValueError(f"An encoding must be one that Python knows, was: {encoding!r}.") from None
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def read_text(path: str | Path, *, language: str | None = None) -> list[Sentence]:
    """Return the sentences of a raw text: one a line, words separated by ASCII blanks.

    Args:
        path: The file, in UTF-8.
        language: Language of the sentences.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If the path is a folder.
        ValueError: If it holds no word, or is not UTF-8.
    """
    file = str(path)
    sentences = [
        Sentence(tuple(words), None, language, (file, number))
        for number, line in enumerate(decode(read_bytes(path), file).split("\n"), 1)
        if (words := [word for word in re.split(r"[ \t\r]+", line) if word])
    ]
    if not sentences:
        raise ValueError(f"{file}: A text must hold sentences, was: empty.")
    return sentences
