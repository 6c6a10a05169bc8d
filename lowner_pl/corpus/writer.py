"""Writing CoNLL files that read back equal."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from lowner_pl.corpus.conll import DOCUMENT_START
from lowner_pl.corpus.entity import is_iob2
from lowner_pl.corpus.sentence import Sentence

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
        sentences: The sentences, all with tags or all without.
        predicted: One sequence of tags per sentence, for one more column.

    Raises:
        ValueError: If a sentence could not be read back: some words cannot stand in such a file.
    """
    text = "".join(_lines(list(sentences), predicted))
    if text.startswith("\ufeff"):
        # A byte order mark, so that a reader takes it away and not the first character.
        text = f"\ufeff{text}"
    if not isinstance(target, str | Path):
        target.write(text)
        return
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8", newline="\n")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _lines(
    sentences: Sequence[Sentence], predicted: Sequence[Sequence[str]] | None
) -> Iterator[str]:
    """Yield the lines of a file."""
    if predicted is not None and len(predicted) != len(sentences):
        raise ValueError(
            f"Predictions must be one per sentence, was: {len(predicted)} for {len(sentences)} "
            "sentences."
        )
    labelled = {sentence.tags is not None for sentence in sentences}
    if len(labelled) > 1:
        raise ValueError("The sentences of a file must all have tags or all have none, was: both.")
    alone = labelled == {False} and predicted is None
    for number, sentence in enumerate(sentences):
        columns: list[Sequence[str]] = [[_checked(word, alone) for word in sentence.words]]
        if sentence.tags is not None:
            columns.append(sentence.tags)
        if predicted is not None:
            columns.append(_checked_tags(predicted[number], sentence))
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
        return word
    raise ValueError(f"A word in a CoNLL file must {condition}, was: {word!r}. Replace the word.")


def _checked_tags(tags: Sequence[str], sentence: Sentence) -> Sequence[str]:
    """Return predicted tags that fit their sentence."""
    if len(tags) != len(sentence.words) or not all(map(is_iob2, tags)):
        raise ValueError(
            f"Predicted tags must be IOB2, one for each of the {len(sentence.words)} words, was: "
            f"{tuple(tags)!r}."
        )
    return tags
