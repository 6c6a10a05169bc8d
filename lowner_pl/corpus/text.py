"""Files of bytes and of raw text."""

import os
import re
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from lowner_pl.corpus.sentence import Sentence

# How files begin that are no text in UTF-8, and what to do.
_STARTS = {
    b"\xff\xfe": "The file is in UTF-16: set `encoding: utf-16`, or convert it to UTF-8.",
    b"\xfe\xff": "The file is in UTF-16: set `encoding: utf-16`, or convert it to UTF-8.",
    b"\x1f\x8b": "The file is packed (gzip): unpack it.",
    b"PK": "The file is packed (zip, or a document such as .xlsx): unpack or convert it.",
    b"PAR1": "The file is Parquet: convert it to CoNLL.",
}
# The characters with Unicode's property White_Space that end no line. Zero-width ones are letters.
_WHITE_SPACE = re.compile(r"[\t\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_copies: dict[tuple[int, int, str], IO[bytes]] = {}


def read_bytes(path: str | Path) -> bytes:
    """Return the content of a file.

    Raises:
        FileNotFoundError: If there is no such file.
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
    """Return a path that can be read again and again: for a pipe that of a copy.

    A pipe is read once in a process, whole, into a temporary file that goes with the process.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If the path is a folder.
    """
    found = _existing(path)
    if not is_pipe(found):
        return found
    state = found.stat()
    key = (state.st_dev, state.st_ino, str(path))
    if key not in _copies:
        copy = NamedTemporaryFile(prefix="lowner_pl-")  # noqa: SIM115 - it stays to be read again
        # Standard input may be a socket, which cannot be opened by a path.
        with os.fdopen(os.dup(0), "rb") if is_stdin(path) else found.open("rb") as pipe:
            shutil.copyfileobj(pipe, copy)
        copy.flush()
        _copies[key] = copy
    return Path(_copies[key].name)


def lines_of(path: str | Path, encoding: str = "utf-8") -> Generator[str]:
    """Yield the lines of a file as they are read, as `decode` would give them, without line ends.

    Args:
        path: The file.
        encoding: Name of the character encoding.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If the path is a folder.
        ValueError: If the bytes are not in that encoding, naming the line.
    """
    copy = readable_again(path)
    try:
        with copy.open(encoding=encoding, newline="\n") as lines:
            for number, line in enumerate(lines):
                text = line if number else line.removeprefix("\ufeff")
                yield text[:-1].rstrip("\r") if text.endswith("\n") else text
    except (UnicodeDecodeError, LookupError):
        decode(copy.read_bytes(), str(path), encoding)  # says what and where
        raise


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
        remedy = next(
            (remedy for start, remedy in _STARTS.items() if data.startswith(start)),
            "Convert the file, or give its `encoding`.",
        )
        raise ValueError(
            f"{file}:{line}: Text must be {encoding}, was: byte 0x{data[error.start]:02x}. {remedy}"
        ) from None
    except LookupError:
        raise ValueError(f"An encoding must be one that Python knows, was: {encoding!r}.") from None
    text = text.removeprefix("\ufeff")
    while "\r\n" in text:
        text = text.replace("\r\n", "\n")
    return text


class TextFile:
    """The sentences of a raw text, read anew each time they are gone through.

    There is one a line, its words separated by white space as Unicode has it, such as blanks, tabs,
    no-break and ideographic spaces. All other characters are parts of words, zero-width spaces and
    control characters, too. One sentence is held at a time.

    Args:
        path: The file.
        language: Language of the sentences.
        encoding: Name of the character encoding.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If the path is a folder.
        ValueError: If it holds no word, or is not in that encoding.
    """

    def __init__(
        self, path: str | Path, *, language: str | None = None, encoding: str = "utf-8"
    ) -> None:
        self.path = path
        self.encoding = encoding
        self.language = language
        self._size = sum(1 for _ in self)
        if not self._size:
            raise ValueError(f"{path}: A text must hold sentences, was: empty. Check the file.")

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Sentence]:
        for number, text in enumerate(lines_of(self.path, self.encoding), 1):
            line = text.removeprefix("\ufeff")  # of a file that was appended to another
            if words := [word for word in _WHITE_SPACE.split(line) if word]:
                yield Sentence(tuple(words), None, self.language, (str(self.path), number))


def read_text(path: str | Path, *, language: str | None = None) -> list[Sentence]:
    """Return the sentences of a raw text; see `TextFile`."""
    return list(TextFile(path, language=language))


def _existing(path: str | Path) -> Path:
    """Return the path of a file that is there."""
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(
            f"A corpus file must be a file, was: the folder '{path}'. Name a file in it."
        )
    if not path.exists():
        raise FileNotFoundError(f"A corpus file must exist, was: '{path}'. Check the path.")
    return path
