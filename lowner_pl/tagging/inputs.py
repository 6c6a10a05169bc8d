"""The texts to tag: strings, and files that are read one record at a time."""

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, get_args

Kind = Literal["txt", "jsonl", "csv", "tsv", "parquet"]
KINDS: tuple[Kind, ...] = get_args(Kind)
STDIN = "-"
_OTHERS = {
    ".conll": "Its words are tagged by `predict --data.predict_path`.",
    ".json": "Write one object per line, and name it .jsonl.",
    ".xlsx": "Save it as .csv.",
    ".pdf": "Save its text as .txt.",
    ".docx": "Save its text as .txt.",
}
_STARTS = {
    b"\xff\xfe": "It may be UTF-16: add --encoding utf-16.",
    b"\xfe\xff": "It may be UTF-16: add --encoding utf-16.",
    b"\x1f\x8b": "It is compressed with gzip: unpack it.",
    b"PK": "It is a zip archive or an office document: save its text as .txt.",
    b"PAR1": "It is Parquet: name it .parquet.",
    b"%PDF": "It is a PDF: save its text as .txt.",
}
_ENCODED = "Convert the file, or give its encoding, such as --encoding latin-1."


@dataclass(frozen=True, slots=True)
class Document:
    """A text with what stood beside it.

    Args:
        text: The text.
        record: The fields of its record, the text included.
        done: Share of its input that has been read, from 0 to 1.
        line: Number of its line in its input, or of its row in a Parquet file, counting from 1.
    """

    text: str
    record: dict[str, Any] = field(default_factory=dict)
    done: float = 1.0
    line: int = 1


@dataclass(frozen=True, slots=True)
class Source:
    """One input: a string, a file or standard input.

    Args:
        name: The string, the path, or ``-``.
        kind: Format of a file or of standard input; ``None`` for a string.
        column: The column or field of the text.
        encoding: Character encoding of a file.
    """

    name: str
    kind: Kind | None
    column: str = "text"
    encoding: str = "utf-8"

    def documents(self) -> Iterator[Document]:
        """Read the texts one by one.

        Raises:
            OSError: If the file can't be read.
            ValueError: If it is damaged, in another encoding, or lacks the column.
        """
        if self.kind is None:
            yield Document(self.name, {self.column: self.name})
        elif self.kind == "parquet":
            yield from _parquet(self)
        else:
            with _opened(self) as (stream, size):
                readers = {"txt": _plain, "jsonl": _jsonl, "csv": _table, "tsv": _table}
                yield from readers[self.kind](self, stream, size)

    @property
    def is_file(self) -> bool:
        """Whether the input is a file, which can be read again."""
        return self.kind is not None and self.name != STDIN and Path(self.name).is_file()

    def line(self, number: int) -> str:
        """Name a line for a message."""
        return f"{'standard input' if self.name == STDIN else self.name}, line {number}"


def sources(names: Sequence[str], *, kind: Kind | None, column: str, encoding: str) -> list[Source]:
    """Tell strings from files, and find the format of each file by its name.

    Args:
        names: What the user typed; nothing or ``-`` is standard input.
        kind: Format of all files, whatever their names.
        column: The column or field of the text.
        encoding: Character encoding of the files.

    Raises:
        FileNotFoundError: If something looks like the name of a file that does not exist.
        IsADirectoryError: If it is a folder.
        ValueError: If a file is of a format that can't be read, or there is no such encoding.
    """
    try:
        "".encode(encoding)
    except LookupError:
        raise ValueError(
            f"There is no encoding {encoding[:80]!r}. Use a name that Python knows, such as "
            "latin-1."
        ) from None
    found = [Source(n, _kind_of(n, kind), column, encoding) for n in names or [STDIN]]
    if sum(source.name == STDIN for source in found) > 1:
        raise ValueError("Standard input can be read only once. Name `-` once.")
    if any(source.kind == "parquet" and source.name == STDIN for source in found):
        raise ValueError("Parquet can't be read from standard input. Name the file.")
    return found


def _kind_of(name: str, kind: Kind | None) -> Kind | None:
    """Find the format of an input; ``None`` for a string."""
    if name == STDIN:
        return kind or "txt"
    suffix = Path(name).suffix.lower()
    try:
        exists, is_folder = Path(name).exists(), Path(name).is_dir()
    except (OSError, ValueError):  # longer than a path can be, or with a NUL
        return None
    if is_folder:
        raise IsADirectoryError(f"'{name[:200]}' is a folder. Name the files in it.")
    is_name = suffix.removeprefix(".") in KINDS or suffix in _OTHERS
    if not exists:
        if is_name and not any(map(str.isspace, name)):
            raise FileNotFoundError(f"There is no file '{name[:200]}'. Check the path.")
        return None
    if kind is None and suffix in _OTHERS:
        raise ValueError(f"'{name[:200]}' can't be read as text. {_OTHERS[suffix]}")
    known = {f".{one}": one for one in KINDS}
    return kind or known.get(suffix, "txt")


class _opened:  # noqa: N801 - used like a function
    """A file or standard input as a binary stream, with its size or 0 if unknown."""

    def __init__(self, source: Source) -> None:
        self._is_stdin = source.name == STDIN
        self._path = Path(source.name)

    def __enter__(self) -> tuple[IO[bytes], int]:
        if self._is_stdin:
            return sys.stdin.buffer, 0
        self._stream = self._path.open("rb")
        return self._stream, self._path.stat().st_size

    def __exit__(self, *_: object) -> None:
        if not self._is_stdin:
            self._stream.close()


def _lines(source: Source, stream: IO[bytes], size: int) -> Iterator[tuple[int, str, float]]:
    """Yield the number of each line, the line without its end, and the share that has been read."""
    read = 0
    for number, data in enumerate(_encoded_lines(source, stream), 1):
        read += len(data)
        try:
            text = data.decode(source.encoding)
        except UnicodeDecodeError as error:
            advice = next((a for start, a in _STARTS.items() if data.startswith(start)), _ENCODED)
            raise ValueError(
                f"{source.line(number)}: The byte 0x{data[error.start]:02x} is not valid "
                f"{source.encoding}. {advice if number == 1 else _ENCODED}"
            ) from None
        if number == 1:
            text = text.removeprefix("\ufeff")
        yield number, text.removesuffix("\n").removesuffix("\r"), read / size if size else 0.0


def _encoded_lines(source: Source, stream: IO[bytes]) -> Iterable[bytes]:
    """Yield the lines of a stream in its encoding, which may take several bytes per character."""
    if "\n".encode(source.encoding) == b"\n":
        return stream
    return _encoded_again(source, io.TextIOWrapper(stream, source.encoding, newline="\n"))


def _encoded_again(source: Source, lines: io.TextIOWrapper) -> Iterator[bytes]:
    """Encode the lines of a text stream again."""
    number = 1
    try:
        for line in lines:
            yield line.encode(source.encoding)
            number += 1
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{source.line(number)}: The text is not valid {source.encoding} "
            f"({error.reason}). {_ENCODED}"
        ) from None
    finally:
        lines.detach()  # whoever opened the stream closes it


def _plain(source: Source, stream: IO[bytes], size: int) -> Iterator[Document]:
    """Read each line as a text."""
    for number, line, done in _lines(source, stream, size):
        yield Document(line, {source.column: line}, done, number)


def _jsonl(source: Source, stream: IO[bytes], size: int) -> Iterator[Document]:
    """Read an object per line. Blank lines are skipped."""
    for number, line, done in _lines(source, stream, size):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", None) or "it is nested too deeply"
            column = f" in column {error.colno}" if hasattr(error, "colno") else ""
            raise ValueError(
                f"{source.line(number)}: It is no JSON ({reason}{column}). Each line must be an "
                f'object such as {{"{source.column}": "…"}}.'
            ) from None
        yield Document(_text_in(record, source, number), record, done, number)


def _text_in(record: object, source: Source, number: int) -> str:
    """Return the text of a record."""
    if not isinstance(record, dict):
        raise ValueError(
            f"{source.line(number)}: It is {_json_name(record)}, but each line must be an object "
            f'such as {{"{source.column}": "…"}}.'
        )
    text = record.get(source.column)
    if source.column not in record:
        fields = ", ".join(map(repr, record))[:200] or "none"
        raise ValueError(
            f"{source.line(number)}: There is no field {source.column!r}, only {fields}. Name the "
            "field of the text with --column."
        )
    if not isinstance(text, str):
        raise ValueError(
            f"{source.line(number)}: The field {source.column!r} is {_json_name(text)}, but it "
            "must be a string."
        )
    return text


def _json_name(value: object) -> str:
    """Name the kind of a JSON value."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a truth value"}
    return "null" if value is None else names.get(type(value), "a number")


def _table(source: Source, stream: IO[bytes], size: int) -> Iterator[Document]:
    """Read a row per text, below a row of names."""
    csv.field_size_limit(sys.maxsize)  # a text may be long
    done = 0.0

    def lines() -> Iterator[str]:
        nonlocal done
        for _, line, done in _lines(source, stream, size):  # noqa: B007
            yield f"{line}\n"

    rows = csv.DictReader(lines(), delimiter="\t" if source.kind == "tsv" else ",")
    _check_column(source, rows.fieldnames or [])
    for row in rows:
        text = row[source.column]
        if text is None or None in row:
            raise ValueError(
                f"{source.line(rows.line_num)}: The row has not as many cells as the first row. "
                "Quote cells with commas or line ends."
            )
        yield Document(text, dict(row), done, rows.line_num)


def _check_column(source: Source, names: Sequence[str]) -> None:
    """Check that a table has the column of the text."""
    if source.column not in names:
        shown = ", ".join(map(repr, names))[:200] or "none"
        raise ValueError(
            f"{source.name}: There is no column {source.column!r}, only {shown}. Name the column "
            "of the text with --column."
        )


def _parquet(source: Source) -> Iterator[Document]:
    """Read a Parquet file, a few rows at a time."""
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(source.name) as table:
            _check_column(source, table.schema_arrow.names)
            rows, number = table.metadata.num_rows, 0
            for batch in table.iter_batches(batch_size=256):
                for number, record in enumerate(batch.to_pylist(), number + 1):  # noqa: B020
                    text = record[source.column]
                    if not isinstance(text, str):
                        raise ValueError(
                            f"{source.name}, row {number}: The column {source.column!r} is "
                            f"{type(text).__name__}, but it must be a string."
                        )
                    yield Document(text, record, number / rows, number)
    except pyarrow.ArrowInvalid as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"'{source.name}' is no Parquet file, or damaged: {reason}") from error
