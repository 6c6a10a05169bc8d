"""Writing CoNLL files so that reading them gives equal sentences."""

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence, Sized
from pathlib import Path
from typing import Self, TextIO

from lowner_pl.corpus.conll.columns import DOCUMENT_START, MARKED
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
    """Write each word as a line ``word<TAB>tag``, and a blank line after each sentence.

    Sentences without tags are written without the tag column. A file appears only once it is
    complete; after an error there is no file.

    Args:
        target: Path, or an open text file. The folder of a path is created if needed.
        sentences: The sentences, all with tags or all without. They are written one by one.
        predicted: Tags for a further column, one sequence per sentence.

    Raises:
        ValueError: If a word could not be read back, such as one with a tab.
    """
    if predicted is not None and isinstance(sentences, Sized) and len(predicted) != len(sentences):
        raise ValueError(
            f"There are {len(predicted)} predictions for {len(sentences)} sentences. Each sentence "
            "needs one."
        )
    with ConllWriter(target) as writer:
        if predicted is None:
            for sentence in sentences:
                writer.write(sentence)
        else:
            for sentence, tags in zip(sentences, predicted, strict=True):
                writer.write(sentence, tags)


class ConllWriter:
    """A writer for one sentence at a time, used in a ``with`` block; see :func:`write_conll`.

    The file appears when the block ends. If the block ends in an error, there is no file.

    Args:
        target: Path, or an open text file. The folder of a path is created if needed.
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
            sentence: The sentence. Either all sentences of a file have tags, or none has.
            predicted: Tags for a further column.

        Raises:
            ValueError: If a word could not be read back, such as one with a tab.
        """
        text = "".join(_lines(sentence, predicted))
        if self._labelled is None and text.startswith("\ufeff"):
            # Readers drop a byte order mark at the start of a file, so write one in front of the
            # word's own.
            text = f"\ufeff{text}"
        labelled = sentence.tags is not None
        if self._labelled not in (None, labelled):
            raise ValueError(
                "Some sentences have tags and others have none. Write them to separate files."
            )
        self._labelled = labelled
        try:
            self._file.write(text)
        except OSError as error:
            if self._partial is None:
                raise
            raise unwritable(self._partial.target, error) from error

    def close(self) -> None:
        """Close the file, which then appears under its name."""
        if self._partial is not None:
            with self._partial:
                self._file.close()

    def discard(self) -> None:
        """Delete what was written."""
        if self._partial is not None:
            with contextlib.suppress(OSError):  # unwritten text may not fit on the disk
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
    """Check that a word can be read back, and protect its byte order mark if it begins with one.

    Args:
        word: The word.
        alone: Whether the word has its line to itself, without a tag.

    Raises:
        ValueError: If the word could not be read back.
    """
    if _SEPARATORS.search(word):
        problem = "contains a tab or a line end"
    elif _DOCUMENT_START.match(word):
        problem = "marks the start of a document"
    elif alone and not word:
        problem = "is empty and has no tag"
    elif alone and " " in word:
        problem = "contains a space and has no tag"
    else:
        return f"\ufeff{word}" if MARKED.match(word) else word
    raise ValueError(
        f"The word {word[:80]!r} can't be written to a CoNLL file: it {problem}. Replace the word."
    )


def _checked_tags(tags: Sequence[str], sentence: Sentence) -> Sequence[str]:
    """Check that there is one predicted IOB2 tag per word."""
    if len(tags) != len(sentence.words) or not all(map(is_iob2, tags)):
        raise ValueError(
            f"The predicted tags {str(tuple(tags))[:80]} are not one IOB2 tag for each of the "
            f"{len(sentence.words)} words."
        )
    return tags
