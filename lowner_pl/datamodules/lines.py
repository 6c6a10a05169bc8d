"""Lines of raw text in memory-mapped tables on disk, and which of them are held out."""

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from torch.utils.data import Dataset

from lowner_pl.corpus import Sentence
from lowner_pl.runs.files import Partial, reason_of

if TYPE_CHECKING:
    from datasets import Dataset as Table

_ROWS = 10_000  # written at once
_VERSION = 2  # of the tables; those of other versions aren't used


def line_table(path: Path, *, folder: Path, most_characters: int) -> "Table":
    """Open the lines of a text file as a memory-mapped table of `datasets`.

    The table has the columns ``text`` (stripped, without empty lines) and ``key``, a hash of the
    text that ignores differences in white space and Unicode normalisation. It is written once and
    kept in ``folder``; when the text file changes, a new one is written.

    Args:
        path: The file, in UTF-8.
        folder: Folder of the tables.
        most_characters: Maximum number of characters per line.

    Raises:
        FileNotFoundError: If the file doesn't exist.
        ValueError: If the file isn't UTF-8, or a line is too long.
        OSError: If the table can't be written.
    """
    import datasets

    if not path.is_file():
        raise FileNotFoundError(f"'{path}' is not a file. Check the path.")
    state = path.stat()
    source = repr(
        (_VERSION, str(path.resolve()), state.st_size, state.st_mtime_ns, most_characters)
    )
    file = folder / f"{path.stem}-{hashlib.blake2b(source.encode(), digest_size=12).hexdigest()}"
    if not file.with_suffix(".arrow").is_file():
        try:
            partial = Partial(file.with_suffix(".arrow"))
        except OSError as error:
            raise OSError(
                f"Tables of text can't be written to '{folder}' ({reason_of(error)}). Set "
                "`cache_folder` to another folder."
            ) from error
        with partial:
            _write(partial.path, _lines(path, most_characters))
    return datasets.Dataset.from_file(str(file.with_suffix(".arrow")))


def keys_of(table: "Table") -> npt.NDArray[np.uint64]:
    """Return the keys of a table's lines."""
    return np.asarray(table.data.column("key"), dtype=np.uint64)


def _write(file: Path, lines: Iterator[str]) -> None:
    import pyarrow as pa

    schema = pa.schema([("text", pa.string()), ("key", pa.uint64())])
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        texts: list[str] = []
        for line in lines:
            texts.append(line)
            if len(texts) == _ROWS:
                writer.write_batch(pa.record_batch([texts, _keys(texts)], schema=schema))
                texts = []
        if texts:
            writer.write_batch(pa.record_batch([texts, _keys(texts)], schema=schema))


def _keys(texts: Sequence[str]) -> list[int]:
    """Hash texts to 64 bits, so that texts a tokenizer can't tell apart get the same key."""
    normalised = (" ".join(unicodedata.normalize("NFKC", text).split()) for text in texts)
    return [
        int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
        for text in normalised
    ]


def _lines(path: Path, most_characters: int) -> Iterator[str]:
    """Yield the lines of a file, stripped and without empty ones."""
    with path.open("rb") as file:
        for number, data in enumerate(file, 1):
            try:
                line = data.decode("utf-8").removeprefix("\ufeff").strip()
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{path}, line {number}: The byte 0x{data[error.start]:02x} isn't valid UTF-8. "
                    "Convert the file to UTF-8."
                ) from None
            if len(line) > most_characters:
                raise ValueError(
                    f"{path}, line {number}: The line has {len(line):,} characters, but at most "
                    f"{most_characters:,} are allowed. Put one sentence on each line, or raise "
                    "`most_characters`."
                )
            if line:
                yield line


def held_out(keys: npt.NDArray[np.uint64], size: int, seed: int) -> npt.NDArray[np.bool_]:
    """Choose the lines to hold out: ``True`` for ``size`` distinct lines and all their copies.

    Lines are chosen by their text, so that no copy stays in the training data.

    Args:
        keys: The key of each line, equal for copies.
        size: Number of distinct lines to hold out, at most the number of distinct keys.
        seed: Seed of the choice.
    """
    salt = np.uint64(int(np.random.default_rng(seed).integers(2**63)))
    mixed = _mixed(keys ^ salt)
    limit = np.sort(np.unique(mixed))[size - 1]
    chosen: npt.NDArray[np.bool_] = mixed <= limit
    return chosen


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Scramble numbers one to one, with the finaliser of SplitMix64."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


class ChosenLines(Dataset[Sentence]):
    """Chosen lines of several tables, language by language.

    Args:
        tables: One table per language.
        chosen: The row numbers of the chosen lines, one array per table.

    Attributes:
        sizes: Number of chosen lines per language.
        bounds: Position of the first line of each language, and the total number of lines.
    """

    def __init__(
        self, tables: Mapping[str, "Table"], chosen: Sequence[npt.NDArray[np.intp]]
    ) -> None:
        self._tables = list(tables.items())
        self._chosen = list(chosen)
        self.sizes = [len(part) for part in chosen]
        self.bounds = [0, *accumulate(self.sizes)]

    def sha256(self) -> str:
        """Hash the languages and their lines, but for white space and Unicode normalisation."""
        digest = hashlib.sha256()
        for (language, table), rows in zip(self._tables, self._chosen, strict=True):
            digest.update(f"{language} {len(rows)}\n".encode())
            digest.update(keys_of(table)[rows].astype("<u8").tobytes())
        return digest.hexdigest()

    def __len__(self) -> int:
        return self.bounds[-1]

    def __getitem__(self, index: int) -> Sentence:
        part = int(np.searchsorted(self.bounds, index, side="right")) - 1
        language, table = self._tables[part]
        row = int(self._chosen[part][index - self.bounds[part]])
        return Sentence(tuple(table[row]["text"].split()), language=language)
