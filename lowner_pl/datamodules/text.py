"""Raw text in one or many languages, which may be larger than memory."""

import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from torch.utils.data import DataLoader, Subset

from lowner_pl.corpus import Sentence
from lowner_pl.datamodules.language_sampler import LanguageSampler, language_counts
from lowner_pl.datamodules.lines import ChosenLines, held_out, keys_of, line_table
from lowner_pl.datamodules.loaders import ResumableLoader
from lowner_pl.datamodules.sentences import SentenceDataModule
from lowner_pl.runs.ranges import check_range
from lowner_pl.runs.seeds import run_seed

if TYPE_CHECKING:
    from datasets import Dataset as Table

_LEAST_LINES = 10
"""Distinct lines that a language must have, so that a tenth is at least one line."""


class TextDataModule(SentenceDataModule):
    """Raw text: one UTF-8 file per language (``sw.txt``) with one sentence per line.

    The text stays on disk, memory-mapped. A batch is a list of lines in a mixture of languages. The
    lines of an epoch depend only on the seed and the epoch.

    Args:
        paths: Text files, or folders of ``.txt`` files, each named after its language.
        languages: Languages to read from the folders, by default all.
        exponent: Languages are drawn in proportion to their number of lines to this power, between
            0 (uniformly) and 1 (proportionally).
        dev_lines: Distinct lines of each language to hold out as development and test data, but
            at most a tenth of them. Copies of held-out lines, in any language's file, aren't used
            for training.
        epoch_lines: Lines per epoch, after which the model is validated and a checkpoint written;
            by default as many as there are training lines.
        most_characters: Maximum number of characters per line.
        batch_size: Lines per training batch and device.
        eval_batch_size: Lines per batch and device in validation and test.
        dev_seed: Seed of the choice of held-out lines, at least 0.
        seed: Seed of the order of the training lines; by default the run's seed.
        num_workers: Number of worker processes; 0 loads in the main process.
        cache_folder: Folder for the memory-mapped tables; by default in the cache of `datasets`.

    Raises:
        FileNotFoundError: If a path or a language's file doesn't exist.
        ValueError: If there is no text, or an option is outside its range.
    """

    def __init__(
        self,
        *,
        paths: list[str] | str,
        languages: list[str] | None = None,
        exponent: float = 0.5,
        dev_lines: int = 200,
        epoch_lines: int | None = None,
        most_characters: int = 10_000,
        batch_size: int = 32,
        eval_batch_size: int = 64,
        dev_seed: int = 0,
        seed: int | None = None,
        num_workers: int = 0,
        cache_folder: str | None = None,
    ) -> None:
        super().__init__(
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            seed=seed,
            num_workers=num_workers,
        )
        check_range("exponent", exponent, 0.0, 1.0)
        check_range("dev_lines", dev_lines, 1)
        if epoch_lines is not None:
            check_range("epoch_lines", epoch_lines, 1)
        check_range("most_characters", most_characters, 1)
        check_range("dev_seed", dev_seed, 0)
        files = _files([paths] if isinstance(paths, str) else paths, languages)
        self.files = {file.stem: file for file in files}
        self.exponent = exponent
        self.dev_lines = dev_lines
        self.epoch_lines = epoch_lines
        self.most_characters = most_characters
        self.dev_seed = dev_seed
        self.cache_folder = cache_folder
        self.language = files[0].stem if len(files) == 1 else None
        self.name = f"text-{_short_name(list(self.files))}"
        self._lines: dict[Literal["train", "dev"], ChosenLines] = {}

    @property
    def entity_types(self) -> tuple[str, ...]:
        """Empty: raw text has no tags."""
        return ()

    def setup(self, stage: str) -> None:
        """Open the text files and hold out lines.

        Raises:
            ValueError: If a file has too few distinct lines, isn't UTF-8, or has too long a line.
        """
        del stage
        if self._lines:
            return
        tables = {language: self._table(file) for language, file in self.files.items()}
        dev = [self._held_out(language, table) for language, table in tables.items()]
        held = np.concatenate(
            [keys_of(table)[rows] for table, rows in zip(tables.values(), dev, strict=True)]
        )
        train = [np.flatnonzero(~np.isin(keys_of(table), held)) for table in tables.values()]
        for language, rows in zip(tables, train, strict=True):
            if len(rows) == 0:
                raise ValueError(
                    f"{self.files[language]}: No line is left to train on, because all are held "
                    "out, here or in another language. Add text, or leave the language out."
                )
        self._lines = {"train": ChosenLines(tables, train), "dev": ChosenLines(tables, dev)}

    def sizes(self) -> tuple[int, int]:
        """Count the training lines and the held-out lines."""
        self.setup("fit")
        return len(self._lines["train"]), len(self._lines["dev"])

    @cached_property
    def _description(self) -> dict[str, object]:
        train = self._lines["train"]
        return {"train_sentences": len(train), "train_sha256": train.sha256()}

    def description(self) -> dict[str, object]:
        """Describe the training lines for the checkpoint: their number and a hash."""
        self.setup("fit")
        return {**super().description(), **self._description}

    def sentences(self, split: Literal["dev", "test"]) -> list[Sentence]:
        """Return the held-out lines, language by language."""
        del split
        return [sentence for part in self.test_sets() for sentence in part]

    def test_sets(self) -> list[list[Sentence]]:
        """Return the held-out lines, one list per language."""
        self.setup("validate")
        dev = self._lines["dev"]
        return [
            [dev[index] for index in range(first, last)] for first, last in pairwise(dev.bounds)
        ]

    def train_sets(self) -> dict[str, Subset[Sentence]]:
        """Return the training lines of each language, which are read from disk one by one."""
        self.setup("fit")
        train = self._lines["train"]
        parts = zip(self.files, pairwise(train.bounds), strict=True)
        return {language: Subset(train, range(*part)) for language, part in parts}

    def sample(self, lines: int, *, seed: int = 0) -> list[Sentence]:
        """Draw training lines in the mixture of languages used for training, to make a tokenizer.

        Args:
            lines: Number of lines.
            seed: Seed of the choice.
        """
        self.setup("fit")
        train = self._lines["train"]
        return [train[index] for index in self._sampler(lines, seed)]

    def train_dataloader(self) -> DataLoader[Sentence]:
        """Return the training batches."""
        train = self._lines["train"]
        seed = run_seed(self.seed)
        return ResumableLoader(
            train,
            batch_size=self.batch_size,
            sampler=self._sampler(self.epoch_lines or len(train), seed),
            num_workers=self.num_workers,
            collate_fn=list,
            persistent_workers=self.num_workers > 0,
        )

    def val_dataloader(self) -> list[DataLoader[list[Sentence]]]:
        """Return the held-out lines, one loader per language."""
        return [self._evaluation_loader(part) for part in self.test_sets()]

    def test_dataloader(self) -> list[DataLoader[list[Sentence]]]:
        """Return the held-out lines: raw text has no other test data."""
        return self.val_dataloader()

    def _sampler(self, lines: int, seed: int) -> LanguageSampler:
        """Create the sampler of an epoch of ``lines`` lines."""
        train = self._lines["train"]
        world_size, rank = self._world()
        counts = language_counts(train.sizes, total=lines, exponent=self.exponent)
        return LanguageSampler(
            sizes=train.sizes, counts=counts, seed=seed, world_size=world_size, rank=rank
        )

    def _table(self, file: Path) -> "Table":
        import datasets

        folder = self.cache_folder or Path(datasets.config.HF_DATASETS_CACHE) / "lowner_pl_text"
        return line_table(file, folder=Path(folder), most_characters=self.most_characters)

    def _held_out(self, language: str, table: "Table") -> npt.NDArray[np.intp]:
        """Choose the rows of a language's held-out lines; only the first of equal lines counts."""
        keys = keys_of(table)
        different, firsts = np.unique(keys, return_index=True)
        if len(different) < _LEAST_LINES:
            count = len(different)
            found = "is 1 different line" if count == 1 else f"are {count} different lines"
            raise ValueError(
                f"{self.files[language]}: There {found}, but at least {_LEAST_LINES} are needed, "
                "because a tenth is held out. Add text, one sentence on each line, or leave the "
                "language out."
            )
        held = held_out(keys, min(self.dev_lines, len(different) // 10), self.dev_seed)
        is_first = np.zeros(len(keys), dtype=bool)
        is_first[firsts] = True
        return np.flatnonzero(held & is_first)


def _short_name(languages: Sequence[str]) -> str:
    """Name a set of languages briefly, for run folders."""
    if len(languages) <= 4:
        return "+".join(languages)
    digest = hashlib.blake2b("\n".join(languages).encode(), digest_size=3).hexdigest()
    return f"{len(languages)}-{digest}"


def _files(paths: Sequence[str], languages: Sequence[str] | None) -> list[Path]:
    """Find the text files, ordered by language.

    Raises:
        FileNotFoundError: If a path or a language's file doesn't exist.
        ValueError: If there are no files, or two are of the same language.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        if not path.exists():
            raise FileNotFoundError(f"'{path}' is neither a file nor a folder. Check the path.")
        files += path.glob("*.txt") if path.is_dir() else [path]
    if not files:
        raise ValueError(
            f"There are no text files in {_listed(map(repr, paths)) or 'an empty list'}. Put "
            "one file per language there, such as 'sw.txt'."
        )
    known = sorted(file.stem for file in files)
    if twice := sorted({language for language in known if known.count(language) > 1}):
        raise ValueError(
            f"There are several text files for {_listed(twice)}. Join them: each language must "
            "have one text file."
        )
    if missing := sorted(set(languages or ()) - set(known)):
        raise FileNotFoundError(
            f"There is no text file for {_listed(missing)}. The languages there are "
            f"{_listed(known)}."
        )
    return sorted(
        (file for file in files if languages is None or file.stem in languages),
        key=lambda file: file.stem,
    )


def _listed(names: Iterable[str]) -> str:
    """List names, the first ones if there are many."""
    first, more = [*names], 0
    while len(", ".join(first)) > 80 and len(first) > 1:
        first, more = first[:-1], more + 1
    return ", ".join(first)[:80] + (f" and {more} more" if more else "")
