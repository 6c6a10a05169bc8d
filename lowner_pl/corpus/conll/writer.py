"""Writing CoNLL files that read back equal."""

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence, Sized
from pathlib import Path
from typing import Self, TextIO

from lowner_pl.corpus.conll.lines import DOCUMENT_START, MARKED
from lowner_pl.corpus.entity import is_iob2
from lowner_pl.corpus.sentence import Sentence
from lowner_pl.runs.files import Partial, unwritable

_DOCUMENT_START = re.compile(rf"{DOCUMENT_START}(?: |$)")
_SEPARATORS = re.compile(r"[\t\n\r]")


def write_conll(
    target: str | Path | TextIO,
    sentences: Iterable[Sentence],
    *,
    predicted: Sequence[Sequence[str]] | None = None,
) -> None:
    """Write sentences as ``word<TAB>tag``, with a blank line after each.

    Sentences without tags are written without that column. A file appears whole or not at all.

    Args:
        target: Path, whose folder is made if it is missing, or open text file.
        sentences: The sentences, all with tags or all without; they are written as they come.
        predicted: One sequence of tags per sentence, for one more column.

    Raises:
        ValueError: If a sentence could not be read back: some words cannot stand in such a file.
    """
    if predicted is not None and isinstance(sentences, Sized) and len(predicted) != len(sentences):
        raise ValueError(
            f"Predictions must be one per sentence, was: {len(predicted)} for {len(sentences)} "
            "sentences."
        )
    with ConllWriter(target) as writer:
        if predicted is None:
            for sentence in sentences:
                writer.write(sentence)
        else:
            for sentence, tags in zip(sentences, predicted, strict=True):
                writer.write(sentence, tags)


class ConllWriter:
    """Writes sentences as they come; see `write_conll`. To be used in a ``with`` block.

    A file appears when the block ends, whole, and does not if it ends in an error.

    Args:
        target: Path, whose folder is made if it is missing, or open text file.
    """

    def __init__(self, target: str | Path | TextIO) -> None:
        self._partial: Partial | None = None
        self._labelled: bool | None = None
        if not isinstance(target, str | Path):
            self._file = target
            return
        self._partial = Partial(Path(target))
        self._file = self._partial.path.open("w", encoding="utf-8", newline="\n")

    def write(self, sentence: Sentence, predicted: Sequence[str] | None = None) -> None:
        """Write a sentence.

        Args:
            sentence: The sentence; all must have tags, or none.
            predicted: Tags for one more column.

        Raises:
            ValueError: If it could not be read back.
        """
        text = "".join(_lines(sentence, predicted))
        if self._labelled is None and text.startswith("\ufeff"):
            # A byte order mark, so that a reader takes it away and not the first character.
            text = f"\ufeff{text}"
        labelled = sentence.tags is not None
        if self._labelled not in (None, labelled):
            raise ValueError(
                "The sentences of a file must all have tags or all have none, was: both."
            )
        self._labelled = labelled
        try:
            self._file.write(text)
        except OSError as error:
            if self._partial is None:
                raise
            raise unwritable(self._partial.target, error) from error

    def close(self) -> None:
        """End the file and let it appear."""
        if self._partial is not None:
            with self._partial:
                self._file.close()

    def discard(self) -> None:
        """Drop what was written."""
        if self._partial is not None:
            with contextlib.suppress(OSError):  # what it still holds may not fit on the disk
                self._file.close()
            self._partial.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


def _lines(sentence: Sentence, predicted: Sequence[str] | None) -> Iterator[str]:
    """Yield the lines of a sentence."""
    alone = sentence.tags is None and predicted is None
    columns: list[Sequence[str]] = [[_checked(word, alone) for word in sentence.words]]
    if sentence.tags is not None:
        columns.append(sentence.tags)
    if predicted is not None:
        columns.append(_checked_tags(predicted, sentence))
    yield from ("\t".join(row) + "\n" for row in zip(*columns, strict=True))
    yield "\n"


def _checked(word: str, alone: bool) -> str:
    """Return a word that reads back as itself, also where it is alone in its line."""
    if _SEPARATORS.search(word):
        condition = "have no tab and no line end"
    elif _DOCUMENT_START.match(word):
        condition = f"be no document boundary ({DOCUMENT_START})"
    elif alone and (" " in word or not word):
        condition = "be neither empty nor hold blanks in a file without tags"
    else:
        return f"\ufeff{word}" if MARKED.match(word) else word
    raise ValueError(f"A word in a CoNLL file must {condition}, was: {word!r}. Replace the word.")


def _checked_tags(tags: Sequence[str], sentence: Sentence) -> Sequence[str]:
    """Return predicted tags that fit their sentence."""
    if len(tags) != len(sentence.words) or not all(map(is_iob2, tags)):
        raise ValueError(
            f"Predicted tags must be IOB2, one for each of the {len(sentence.words)} words, was: "
            f"{tuple(tags)!r}."
        )
    return tags
