"""Raw text in one or many languages, larger than memory if need be."""

import hashlib
from collections.abc import Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from torch.utils.data import DataLoader, Dataset

from lowner_pl.corpus import Sentence
from lowner_pl.datamodules.lines import LanguageSampler, held_out, language_counts, line_table
from lowner_pl.datamodules.resumable_loader import ResumableLoader
from lowner_pl.datamodules.sentences import SentenceDataModule
from lowner_pl.runs.seeds import run_seed


class TextDataModule(SentenceDataModule):
    """Raw text, one UTF-8 file per language (``sw.txt``) with a sentence a line.

    The text stays on disk, memory-mapped; a batch is a list of lines, in a mixture of languages.
    What an epoch holds is a function of the seed and the epoch.

    Args:
        paths: Files, or folders of ``.txt`` files; a file is named after its language.
        languages: Languages to read from the folders; all without.
        exponent: Languages are drawn in proportion to their lines to this power, from 0 (equally)
            to 1 (as they are).
        dev_lines: Different lines of each language held out as development and test data; a tenth
            of its lines where that is less. No copy of them, in whatever language's file, is
            trained on.
        epoch_lines: Lines drawn in an epoch, after which scores are taken and checkpoints written;
            as many as there are without.
        most_characters: Characters that a line may have.
        batch_size: Lines in a training batch, per device.
        eval_batch_size: Lines in a batch everywhere else.
        dev_seed: Of the choice of the held-out lines.
        seed: Of the order of the training lines; the run's seed without.
        num_workers: Processes that load batches.
        cache_folder: Where the memory-mapped tables are kept; the cache of `datasets` without.

    Raises:
        FileNotFoundError: If a path or a language's file does not exist.
        ValueError: If there is no text, or an option is out of its range.
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
        if not 0.0 <= exponent <= 1.0:
            raise ValueError(f"`exponent` must be from 0 to 1, was: {exponent}.")
        numbers = {
            "dev_lines": dev_lines,
            "epoch_lines": epoch_lines,
            "most_characters": most_characters,
        }
        for option, number in numbers.items():
            if number is not None and number < 1:
                raise ValueError(f"`{option}` must be at least 1, was: {number}.")
        if dev_seed < 0:
            raise ValueError(f"`dev_seed` must be at least 0, was: {dev_seed}.")
        files = _files([paths] if isinstance(paths, str) else paths, languages)
        self.files = {file.stem: file for file in files}
        self.exponent = exponent
        self.dev_lines = dev_lines
        self.epoch_lines = epoch_lines
        self.most_characters = most_characters
        self.dev_seed = dev_seed
        self.cache_folder = cache_folder
        self.language = files[0].stem if len(files) == 1 else None
        self.name = f"text-{_short(list(self.files))}"
        self._lines: dict[Literal["train", "dev"], _Lines] = {}

    @property
    def entity_types(self) -> tuple[str, ...]:
        """None: raw text has no tags."""
        return ()

    def setup(self, stage: str) -> None:
        """Open the text and hold out lines.

        Raises:
            ValueError: If a file is empty or too small, is not UTF-8, or has too long a line.
        """
        del stage
        if self._lines:
            return
        tables = {language: self._table(file) for language, file in self.files.items()}
        dev = [self._held_out(language, table) for language, table in tables.items()]
        held = np.concatenate(
            [_keys(table)[rows] for table, rows in zip(tables.values(), dev, strict=True)]
        )
        train = [np.flatnonzero(~np.isin(_keys(table), held)) for table in tables.values()]
        for language, rows in zip(tables, train, strict=True):
            if len(rows) == 0:
                raise ValueError(
                    f"{self.files[language]}: A language must have lines to train on, was: all "
                    "held out, of this or other languages. Add text, or leave the language out."
                )
        self._lines = {"train": _Lines(tables, train), "dev": _Lines(tables, dev)}

    def sizes(self) -> tuple[int, int]:
        """Return the number of lines to train on, and of those held out."""
        self.setup("fit")
        return len(self._lines["train"]), len(self._lines["dev"])

    def sentences(self, split: Literal["dev", "test"]) -> list[Sentence]:
        """Return the held-out lines, language after language."""
        del split
        return [sentence for part in self.test_sets() for sentence in part]

    def test_sets(self) -> list[list[Sentence]]:
        """Return the held-out lines, one list per language."""
        self.setup("validate")
        dev = self._lines["dev"]
        return [
            [dev[index] for index in range(first, last)] for first, last in pairwise(dev.bounds)
        ]

    def sample(self, lines: int, *, seed: int = 0) -> list[Sentence]:
        """Return training lines in the mixture of languages of the training, to make a tokenizer.

        Args:
            lines: How many.
            seed: Of the choice.
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
        """Return what draws the lines of an epoch."""
        train = self._lines["train"]
        world_size, rank = self._world()
        counts = language_counts(train.sizes, total=lines, exponent=self.exponent)
        return LanguageSampler(
            train, sizes=train.sizes, counts=counts, seed=seed, world_size=world_size, rank=rank
        )

    def _table(self, file: Path) -> Any:
        """Return the lines of a file."""
        import datasets

        folder = self.cache_folder or Path(datasets.config.HF_DATASETS_CACHE) / "lowner_pl_text"
        return line_table(file, folder=Path(folder), most_characters=self.most_characters)

    def _held_out(self, language: str, table: Any) -> np.ndarray[Any, Any]:
        """Return the positions of a language's held-out lines."""
        keys = _keys(table)
        if len(table) == 0:
            raise ValueError(f"{self.files[language]}: A text must hold lines, was: empty.")
        if (different := len(np.unique(keys))) < 10:
            raise ValueError(
                f"{self.files[language]}: A language must have at least 10 different lines, to "
                f"hold a tenth of them out, was: {different}. Add text, or leave the language out."
            )
        held = held_out(keys, min(self.dev_lines, different // 10), self.dev_seed)
        # Of equal held-out lines, the first stands for all.
        _, firsts = np.unique(keys, return_index=True)
        first = np.zeros(len(keys), dtype=bool)
        first[firsts] = True
        return np.flatnonzero(held & first)


class _Lines(Dataset[Sentence]):
    """Chosen lines of several tables, language after language."""

    def __init__(self, tables: dict[str, Any], chosen: Sequence[np.ndarray[Any, Any]]) -> None:
        self._tables = list(tables.items())
        self._chosen = list(chosen)
        self.sizes = [len(part) for part in chosen]
        self.bounds = [0, *accumulate(self.sizes)]

    def __len__(self) -> int:
        return self.bounds[-1]

    def __getitem__(self, index: int) -> Sentence:
        part = int(np.searchsorted(self.bounds, index, side="right")) - 1
        language, table = self._tables[part]
        row = int(self._chosen[part][index - self.bounds[part]])
        return Sentence(tuple(table[row]["text"].split()), language=language)


def _keys(table: Any) -> np.ndarray[Any, Any]:
    """Return the keys of a table's lines."""
    return np.asarray(table.data.column("key"), dtype=np.uint64)


def _short(languages: Sequence[str]) -> str:
    """Return a part of a run folder's name that tells some languages from others."""
    if len(languages) <= 4:
        return "+".join(languages)
    digest = hashlib.blake2b("\n".join(languages).encode(), digest_size=3).hexdigest()
    return f"{len(languages)}-{digest}"


def _files(paths: Sequence[str], languages: Sequence[str] | None) -> list[Path]:
    """Return the text files, in the order of their languages.

    Raises:
        FileNotFoundError: If one does not exist.
        ValueError: If there is none, or two are of one language.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        if not path.exists():
            raise FileNotFoundError(f"A text must be a file or folder, was: '{path}', no such.")
        files += path.glob("*.txt") if path.is_dir() else [path]
    if not files:
        raise ValueError(
            f"`paths` must hold text files, one per language, such as 'sw.txt', was: none in "
            f"{', '.join(map(repr, paths)) or 'no path'}."
        )
    known = [file.stem for file in files]
    if len(set(known)) < len(known):
        raise ValueError(f"Each language must have one text file, was: {sorted(known)}.")
    if missing := sorted(set(languages or ()) - set(known)):
        raise FileNotFoundError(
            f"Each of `languages` must have a text file, was: none for {', '.join(missing)}; "
            f"there are {', '.join(sorted(known))}."
        )
    return sorted(
        (file for file in files if languages is None or file.stem in languages),
        key=lambda file: file.stem,
    )
