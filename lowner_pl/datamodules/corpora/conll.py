"""A user's own CoNLL files."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from lowner_pl.corpus import (
    ConllFile,
    ConllFormat,
    Scheme,
    Sentence,
    Sentences,
    parse_conll,
    read_bytes,
)
from lowner_pl.datamodules.base import NERDataModule, Split
from lowner_pl.datamodules.mapping import types_in
from lowner_pl.datamodules.names import corpus_name


class ConllDataModule(NERDataModule):
    """Your own CoNLL files; the entity types are those of the training data.

    Without training data they are those of the test data until a checkpoint brings its own.

    Args:
        train_path: File of training sentences. Without it the data can only be tested on.
        dev_path: File of development sentences; without it they are split off the training data.
        test_path: File of test sentences.
        language: ISO 639-1 code. Words that all have it for a prefix (``sw:``) lose the prefix.
        name: Name in run folders; without it that of the file, or of the folder of a ``train.*``.
            The language is put behind it unless the name ends with it: ``mine-sw``.
        word_column: Column of the words, from 0.
        tag_column: Column of the tags, from 0, or from the end for negative numbers, which warn
            where another column holds tags too.
        comments: Whether lines that begin with ``#`` are comments; without it only where the first
            line is one: of CoNLL-U, or with other columns than a word or no tag.
        scheme: Tag scheme; without it the tags of a file decide.
        encoding: Character encoding of the files.
        options: See :class:`NERDataModule`.

    Raises:
        ValueError: If neither training nor test data are given, or ``name`` or ``language`` cannot
            be part of a folder's name.
    """

    def __init__(
        self,
        train_path: str | Path | None = None,
        dev_path: str | Path | None = None,
        test_path: str | Path | None = None,
        *,
        language: str | None = None,
        name: str | None = None,
        word_column: int = 0,
        tag_column: int = -1,
        comments: bool | None = None,
        scheme: Scheme | None = None,
        encoding: str = "utf-8",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        main = train_path if train_path is not None else test_path
        if main is None:
            raise ValueError("A corpus needs `train_path` or `test_path`, was: neither.")
        self._paths: dict[Split, str | Path | None] = {
            "train": train_path,
            "dev": dev_path,
            "test": test_path,
        }
        path = Path(main).resolve()
        found = path.parent.name if path.stem in ("train", "test") else path.stem
        self.name = corpus_name(name, found, language)
        self.language = language
        self.form = ConllFormat(
            word_column=word_column,
            tag_column=tag_column,
            comments=comments,
            scheme=scheme,
            encoding=encoding,
        )

    def read(self, split: Split) -> list[Sentence] | None:
        """Return the sentences of a split's file."""
        path = self._paths[split]
        if path is None:
            return None
        return parse_conll(read_bytes(path), str(path), self.form, language=self.language)

    @property
    def has_training_data(self) -> bool:
        """Whether there is a file of training sentences."""
        return self._paths["train"] is not None

    def types(self) -> tuple[str, ...]:
        """Return the entity types as found in the data, which are not kept to predict a file."""
        path = self._paths["train"] or self._paths["test"]
        if self.predict_path is None or path is None:
            return super().types()
        return types_in(self.read_file(path, labelled=True))

    def read_file(self, path: str | Path, *, labelled: bool) -> Sentences:
        """Return the sentences of a file, spelt as the others are."""
        return ConllFile(path, replace(self.form, labelled=labelled), language=self.language)

    def _advice(self) -> str:
        return "Give `train_path`, and `test_path` to test."
