"""Lines of raw text on disk, and the order in which languages are drawn from them."""

import hashlib
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DistributedSampler

from lowner_pl.runs.files import Partial, reason_of
from lowner_pl.runs.seeds import derived_seed

_ROWS = 10_000  # written at once
_VERSION = 2  # of the tables: those of another are not used


def line_table(path: Path, *, folder: Path, most_characters: int) -> Any:
    """Return the lines of a text file as a memory-mapped table of `datasets`.

    The table has the columns ``text`` (blanks at the ends taken off, empty lines left out) and
    ``key``, a hash of the text that is equal for lines that differ in blanks or in the form of
    their Unicode alone. It is written once, beside other tables in ``folder``, and is no longer
    used when the file changes.

    Args:
        path: The file, in UTF-8.
        folder: Where tables are kept.
        most_characters: Characters that a line may have.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not UTF-8, or a line is too long.
        OSError: If the table cannot be written.
    """
    import datasets

    if not path.is_file():
        raise FileNotFoundError(f"A text must be a file, was: '{path}'. Check the path.")
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
                f"The folder of the tables must be writable, was: '{folder}' ({reason_of(error)}). "
                "Give another `cache_folder`."
            ) from error
        with partial:
            _write(partial.path, _lines(path, most_characters))
    return datasets.Dataset.from_file(str(file.with_suffix(".arrow")))


def _write(file: Path, lines: Iterator[str]) -> None:
    """Write the table."""
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
    """Return a number for each text, the same for texts that a tokenizer reads as equal."""
    read = (" ".join(unicodedata.normalize("NFKC", text).split()) for text in texts)
    return [
        int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
        for text in read
    ]


def _lines(path: Path, most_characters: int) -> Iterator[str]:
    """Yield the lines that hold something."""
    with path.open("rb") as file:
        for number, data in enumerate(file, 1):
            try:
                line = data.decode("utf-8").removeprefix("\ufeff").strip()
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{path}:{number}: Text must be UTF-8, was: byte 0x{data[error.start]:02x}. "
                    "Convert the file."
                ) from None
            if len(line) > most_characters:
                raise ValueError(
                    f"{path}:{number}: A line must have at most {most_characters:,} characters, "
                    f"was: {len(line):,}. Put a sentence a line, or raise `most_characters`."
                )
            if line:
                yield line


def held_out(keys: np.ndarray[Any, Any], size: int, seed: int) -> np.ndarray[Any, Any]:
    """Return which lines are held out: ``True`` for ``size`` different ones and their copies.

    A line is chosen by its text, so that no copy of it stays in the training data.

    Args:
        keys: A number for each line, the same for equal lines.
        size: Different lines to hold out, at most as many as there are.
        seed: Of the choice.
    """
    salt = np.uint64(int(np.random.default_rng(seed).integers(2**63)))
    mixed = _mixed(keys ^ salt)
    limit = np.sort(np.unique(mixed))[size - 1]
    chosen: np.ndarray[Any, Any] = mixed <= limit
    return chosen


def _mixed(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the numbers scrambled one to one (the finaliser of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    scrambled: np.ndarray[Any, Any] = values ^ (values >> np.uint64(31))
    return scrambled


def language_counts(sizes: Sequence[int], *, total: int, exponent: float) -> list[int]:
    r"""Return how many of ``total`` lines each language gives, in proportion to :math:`n^\alpha`.

    With :math:`n_l` lines, language :math:`l` has the share
    :math:`n_l^\alpha / \sum_k n_k^\alpha`
    (`Conneau and Lample, 2019 <https://arxiv.org/abs/1901.07291>`_, section 3.1), rounded so
    that the counts add up to ``total``.

    Args:
        sizes: Lines that each language has, at least 1.
        total: Lines to draw.
        exponent: The exponent :math:`\alpha`: 1 draws as many as there are, 0 equally many.
    """
    weights = np.asarray(sizes, dtype=float) ** exponent
    ends = np.rint(np.cumsum(weights) / weights.sum() * total).astype(int)
    return [int(count) for count in np.diff(ends, prepend=0)]


class LanguageSampler(DistributedSampler[int]):
    """Draws the lines of an epoch, a function of the seed and the epoch alone.

    Each language goes through all of its lines before one comes again, whatever the epochs'
    bounds.

    Args:
        data: All lines, language after language.
        sizes: Lines of each language.
        counts: Lines of each language in an epoch.
        seed: Of the order.
        world_size: Number of devices; each gets its share of the lines.
        rank: Number of this device, from 0.
    """

    def __init__(
        self,
        data: Any,
        *,
        sizes: Sequence[int],
        counts: Sequence[int],
        seed: int,
        world_size: int = 1,
        rank: int = 0,
    ) -> None:
        super().__init__(data, num_replicas=world_size, rank=rank, seed=seed)
        self.sizes, self.counts = list(sizes), list(counts)
        self.num_samples = sum(counts) // world_size  # what does not fill all devices waits

    def __iter__(self) -> Iterator[int]:
        """Yield the positions of this device's lines."""
        drawn = torch.cat([self._drawn(language) for language in range(len(self.sizes))])
        order = torch.randperm(len(drawn), generator=self._generator(-1, self.epoch))
        mine = drawn[order][self.rank :: self.num_replicas][: self.num_samples]
        return iter(mine.tolist())

    def __len__(self) -> int:
        return self.num_samples

    def _drawn(self, language: int) -> torch.Tensor:
        """Return the positions of one language's lines in this epoch."""
        size, count = self.sizes[language], self.counts[language]
        first, last = self.epoch * count, (self.epoch + 1) * count
        rounds = range(first // size, -(-last // size)) if count else range(0)
        orders = [
            torch.randperm(size, generator=self._generator(language, round_)) for round_ in rounds
        ]
        if not orders:
            return torch.empty(0, dtype=torch.long)
        start = first - rounds[0] * size
        return sum(self.sizes[:language]) + torch.cat(orders)[start : start + count]

    def _generator(self, *key: int) -> torch.Generator:
        """Return a generator of its own for each use."""
        return torch.Generator().manual_seed(derived_seed(self.seed, *key))
