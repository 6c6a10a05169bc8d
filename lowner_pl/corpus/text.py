"""Reading files: bytes, character encodings, pipes, and raw text."""

import os
import re
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from lowner_pl.corpus.sentence import Sentence

# First bytes of files that are not UTF-8 text, and what to do about them.
_STARTS = {
    b"\xff\xfe": "The file is in UTF-16: set `encoding: utf-16`, or convert it to UTF-8.",
    b"\xfe\xff": "The file is in UTF-16: set `encoding: utf-16`, or convert it to UTF-8.",
    b"\x1f\x8b": "The file is compressed with gzip: unpack it.",
    b"PK": "The file is a zip archive or a document such as .xlsx: unpack or convert it.",
    b"PAR1": "The file is Parquet: convert it to CoNLL.",
}
# Unicode's White_Space characters that do not end a line. Zero-width spaces are not among them.
_WHITE_SPACE = re.compile(r"[\t\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_copies: dict[tuple[int, int, str], IO[bytes]] = {}


def place(file: str, line: int) -> str:
    """Name a line of a file for a message."""
    return f"{file}, line {line}"


def read_bytes(path: str | Path) -> bytes:
    """Read the content of a file.

    Raises:
        FileNotFoundError: If the file does not exist.
        IsADirectoryError: If the path is a folder.
    """
    return readable_again(path).read_bytes()


def is_stdin(path: str | Path) -> bool:
    """Tell whether a path is one of the names of standard input."""
    return str(path) in ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")


def is_pipe(path: str | Path) -> bool:
    """Tell whether a path can be read only once: a pipe, a terminal or another device."""
    return Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir()


def readable_again(path: str | Path) -> Path:
    """Return a path that can be read several times: the path itself, or a copy of a pipe.

    A pipe is read once per process, to its end, into a temporary file. The file is deleted when
    the process ends.

    Raises:
        FileNotFoundError: If the file does not exist.
        IsADirectoryError: If the path is a folder.
    """
    found = _existing(path)
    if not is_pipe(found):
        return found
    state = found.stat()
    key = (state.st_dev, state.st_ino, str(path))
    if key not in _copies:
        copy = NamedTemporaryFile(prefix="lowner_pl-")  # noqa: SIM115 - it is read again later
        # Standard input may be a socket, which cannot be opened by its path.
        with os.fdopen(os.dup(0), "rb") if is_stdin(path) else found.open("rb") as pipe:
            shutil.copyfileobj(pipe, copy)
        copy.flush()
        _copies[key] = copy
    return Path(_copies[key].name)


def lines_of(path: str | Path, encoding: str = "utf-8") -> Generator[str]:
    """Yield the lines of a file one by one, without line ends, as :func:`decode` reads them.

    Args:
        path: The file.
        encoding: Name of the character encoding.

    Raises:
        FileNotFoundError: If the file does not exist.
        IsADirectoryError: If the path is a folder.
        ValueError: If the bytes are not in that encoding; the message names the line.
    """
    copy = readable_again(path)
    try:
        with copy.open(encoding=encoding, newline="\n") as lines:
            for number, line in enumerate(lines):
                text = line if number else line.removeprefix("\ufeff")
                yield text[:-1].rstrip("\r") if text.endswith("\n") else text
    except (UnicodeDecodeError, LookupError):
        decode(copy.read_bytes(), str(path), encoding)  # raises an error that names the line
        raise


def decode(data: bytes, file: str, encoding: str = "utf-8") -> str:
    """Decode the content of a file, with Unix line ends and without byte order mark.

    Args:
        data: Content of the file.
        file: Name of the file for messages.
        encoding: Name of the character encoding.

    Raises:
        ValueError: If the bytes are not in that encoding; the message names the line.
    """
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        remedy = next(
            (remedy for start, remedy in _STARTS.items() if data.startswith(start)),
            "Convert the file, or set its `encoding`.",
        )
        raise ValueError(
            f"{place(file, line)}: The byte 0x{data[error.start]:02x} is not valid {encoding}. "
            f"{remedy}"
        ) from None
    except LookupError:
        raise ValueError(
            f"There is no encoding {encoding!r}. Use a name that Python knows, such as 'latin-1'."
        ) from None
    text = text.removeprefix("\ufeff")
    while "\r\n" in text:
        text = text.replace("\r\n", "\n")
    return text


class TextFile:
    """The sentences of a raw text, read from disk again in every iteration.

    Each line is a sentence, and white space in the sense of Unicode separates its words: spaces,
    tabs, no-break spaces, ideographic spaces and so on. All other characters belong to words,
    including zero-width spaces and control characters. Only one sentence is in memory at a time.

    Args:
        path: The file.
        language: Language of the sentences.
        encoding: Name of the character encoding.

    Raises:
        FileNotFoundError: If the file does not exist.
        IsADirectoryError: If the path is a folder.
        ValueError: If the file has no words or is not in that encoding.
    """

    def __init__(
        self, path: str | Path, *, language: str | None = None, encoding: str = "utf-8"
    ) -> None:
        self.path = path
        self.encoding = encoding
        self.language = language
        self._size = sum(1 for _ in self)
        if not self._size:
            raise ValueError(f"{path} contains no words. Check that it is the right file.")

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Sentence]:
        for number, text in enumerate(lines_of(self.path, self.encoding), 1):
            line = text.removeprefix("\ufeff")  # where one file was appended to another
            if words := [word for word in _WHITE_SPACE.split(line) if word]:
                yield Sentence(tuple(words), None, self.language, (str(self.path), number))


def read_text(path: str | Path, *, language: str | None = None) -> list[Sentence]:
    """Read the sentences of a raw text; see :class:`TextFile`."""
    return list(TextFile(path, language=language))


def _existing(path: str | Path) -> Path:
    """Check that a file exists, and return its path."""
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"'{path}' is a folder. Name a file in it.")
    if not path.exists():
        raise FileNotFoundError(f"'{path}' does not exist. Check the path.")
    return path
