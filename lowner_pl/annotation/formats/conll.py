"""CoNLL files as documents, and documents as CoNLL files."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from lowner_pl.annotation.alignment import OnMisaligned, sentences_of
from lowner_pl.annotation.documents import Document
from lowner_pl.annotation.formats.json_formats.fields import note_all_left_out
from lowner_pl.annotation.joining import document_of
from lowner_pl.annotation.notes import Notes, counted
from lowner_pl.corpus.conll.conll_format import ConllFormat
from lowner_pl.corpus.conll.reading import parse_conll
from lowner_pl.corpus.conll.writer import write_conll
from lowner_pl.corpus.sentence import Sentence
from lowner_pl.corpus.text import read_bytes
from lowner_pl.tagging.splitting.splitter import Splitter


def read(path: Path, form: ConllFormat | None = None) -> Iterator[Document]:
    """Read each sentence of a CoNLL file as a document."""
    return map(document_of, parse_conll(read_bytes(path), str(path), form or ConllFormat()))


def write(path: Path, sentences: Sequence[Sentence]) -> None:
    """Write a CoNLL file, and check that it reads back as the same sentences.

    Raises:
        ValueError: If it does not, for a word or an entity type that looks like something else.
    """
    with path.open("w", encoding="utf-8", newline="\n") as file:
        write_conll(file, sentences)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            back = parse_conll(read_bytes(path), "The file", ConllFormat())
            problem = "; ".join(str(one.message) for one in caught)
        except ValueError as error:
            back, problem = [], str(error)
    if back != sentences:
        raise ValueError(
            "The annotation can't be written to CoNLL so that it reads back the same. "
            f"{problem or 'A word looks like a comment.'} Rename the entity type or the word."
        )


def sentences(
    documents: Iterable[Document],
    splitter: Splitter,
    notes: Notes,
    *,
    on_misaligned: OnMisaligned = "error",
) -> list[Sentence]:
    """Make the sentences of a CoNLL file. Only what a person annotated becomes one.

    Raises:
        ValueError: If nothing is annotated; texts of a tool without any entity count as such.
    """
    found: list[Sentence] = []
    counts = dict.fromkeys(("annotated", "predicted", "open"), 0)
    spans, of_a_tool = 0, False
    for document in documents:
        counts[document.state] += 1
        of_a_tool |= document.annotator is not None
        if document.state == "annotated":
            spans += len(document.spans)
            note_all_left_out(document, notes, spans=True)
            found += sentences_of(document, splitter, on_misaligned, notes)
    if counts["open"]:
        notes.said.append(f"{counted(counts['open'], 'text')} left out, which nobody has annotated")
    if counts["predicted"]:
        notes.said.append(
            f"{counted(counts['predicted'], 'text')} left out: nobody has confirmed the suggestions"
        )
    if not spans and not notes.problems and (of_a_tool or not found):
        others = {"that nobody has annotated": counts["open"]}
        others["with suggestions that nobody has confirmed"] = counts["predicted"]
        rest = "".join(
            f", and {counted(count, 'text')} {what}" for what, count in others.items() if count
        )
        raise ValueError(
            f"There is no annotation: no entity in {counted(counts['annotated'], 'text')}{rest}. "
            "Annotate the texts and export them again."
        )
    return found
