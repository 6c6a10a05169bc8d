"""All formats: reading and writing documents by the name of a format."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple, assert_never, get_args

from lowner_pl.annotation.alignment import OnMisaligned, with_words
from lowner_pl.annotation.checking import checked, refuse
from lowner_pl.annotation.documents import Document
from lowner_pl.annotation.formats import conll
from lowner_pl.annotation.formats.brat.reading import read as read_brat
from lowner_pl.annotation.formats.brat.writing import write as write_brat
from lowner_pl.annotation.formats.bundles import bundles
from lowner_pl.annotation.formats.json_formats import (
    doccano,
    label_studio,
    label_studio_writing,
    prodigy,
)
from lowner_pl.annotation.formats.json_formats.fields import note_all_left_out
from lowner_pl.annotation.formats.webanno.reading import read as read_webanno
from lowner_pl.annotation.formats.webanno.writing import write as write_webanno
from lowner_pl.annotation.joining import joined_by_line
from lowner_pl.annotation.notes import Notes, counted
from lowner_pl.corpus.conll.conll_format import ConllFormat
from lowner_pl.runs.files import Partial
from lowner_pl.tagging.splitting.splitter import Split, Splitter

Format = Literal["conll", "doccano", "label_studio", "prodigy", "webanno", "brat"]
FORMATS: tuple[Format, ...] = get_args(Format)
WEBANNO_SUFFIX = ".tsv"


class Written(NamedTuple):
    """What was written.

    Attributes:
        texts: Number of documents, or of sentences in ``conll``.
        types: Number of spans of each type.
    """

    texts: int
    types: Counter[str]


def is_folder(path: Path, format: Format) -> bool:
    """Tell whether documents of a format are written to a folder of this name."""
    return format == "brat" or (format == "webanno" and path.suffix != WEBANNO_SUFFIX)


def read_documents(
    path: str | Path,
    format: Format,
    *,
    notes: Notes | None = None,
    column: str | None = None,
    layer: str | None = None,
    form: ConllFormat | None = None,
) -> Iterator[Document]:
    """Read the documents of a file or folder.

    Args:
        path: The file; a folder or an .ann file for ``brat``, also a folder for ``webanno``.
        format: Its format.
        notes: Collects what is left out.
        column: The field of the text in a JSON format, by default ``text``.
        layer: The layer of the entities in ``webanno``, by default that of named entities.
        form: Layout of a ``conll`` file.

    Raises:
        OSError: If a file can't be read.
        ValueError: If a file is not of this format, or damaged.
    """
    path, notes = Path(path), Notes() if notes is None else notes
    match format:
        case "conll":
            yield from conll.read(path, form)
        case "doccano":
            yield from doccano.read(path, notes, column=column)
        case "label_studio":
            yield from label_studio.read(path, notes, column=column)
        case "prodigy":
            yield from prodigy.read(path, notes, column=column)
        case "webanno":
            files = sorted(path.glob(f"**/*{WEBANNO_SUFFIX}")) if path.is_dir() else [path]
            for file in files:
                yield from read_webanno(file, notes, layer=layer)
        case "brat":
            yield from read_brat(path, notes)
        case _:
            assert_never(format)


def write_documents(
    path: str | Path,
    format: Format,
    documents: Iterable[Document],
    *,
    notes: Notes | None = None,
    on_misaligned: OnMisaligned = "error",
    split: Split = "unicode",
    language: str | None = None,
) -> Written:
    """Write documents to a file or folder, whole or not at all. What is there is replaced.

    Args:
        path: The file; a folder for ``brat``. For ``webanno``, a name that ends in .tsv is one
            file, any other a folder.
        format: The format.
        documents: The documents. Suggestions have the state ``predicted``: Label Studio gets
            predictions, Prodigy spans without an answer, doccano and brat spans like any other.
        notes: Collects what the format can't hold.
        on_misaligned: What to do with spans that the format can't hold; see
            :data:`lowner_pl.annotation.alignment.OnMisaligned`.
        split: How to split texts whose words are not known, for ``conll`` and ``webanno``.
        language: Language of such texts.

    Returns:
        How much was written.

    Raises:
        OSError: If a file can't be written.
        ValueError: If a span can't be written, with ``on_misaligned="error"``.
    """
    path, notes = Path(path), Notes() if notes is None else notes
    usable = list(
        checked(documents, notes, on_misaligned=on_misaligned, discontinuous=format == "brat")
    )
    if not usable:
        raise ValueError("There are no texts to write. Give at least one.")
    written = Written(len(usable), Counter(span.type for one in usable for span in one.spans))
    with Partial(path, folder=is_folder(path, format)) as partial:
        target = partial.path
        match format:
            case "conll":
                splitter = Splitter(split, language)
                found = conll.sentences(usable, splitter, notes, on_misaligned=on_misaligned)
                written = Written(len(found), Counter(e.type for s in found for e in s.entities))
                conll.write(target, found)
            case "doccano":
                _write_lines(target, doccano.write(_marked(usable, format, notes), notes))
            case "label_studio":
                _write_lines(target, label_studio_writing.write(usable, notes))
            case "prodigy":
                _write_lines(target, prodigy.write(usable, notes))
            case "webanno":
                splitter = Splitter(split, language)
                split_up = (with_words(document, splitter, notes) for document in usable)
                _write_webanno(partial.path, path, _marked(split_up, format, notes), notes)
            case "brat":
                name = path.name or "text"
                write_brat(target, _marked(usable, format, notes), notes, name=name)
            case _:
                assert_never(format)
        refuse(notes, on_misaligned)
    return written


def _write_webanno(target: Path, path: Path, documents: Iterable[Document], notes: Notes) -> None:
    """Write one file, or a folder of files."""
    given = list(documents)
    for document in given:
        note_all_left_out(document, notes, spans=True)
    if not target.is_dir():
        _write_lines(target, write_webanno(joined_by_line(given), notes))
        return
    for name, group in bundles(given, path.name or "text"):
        file = target / f"{name}{WEBANNO_SUFFIX}"
        _write_lines(file, write_webanno(joined_by_line(group), notes))


def _write_lines(target: Path, lines: Iterable[str]) -> None:
    """Write a file."""
    with target.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(lines)


def _marked(documents: Iterable[Document], format: Format, notes: Notes) -> Iterator[Document]:
    """Note how many documents hold suggestions, in a format that can't mark them as such."""
    count = 0
    for document in documents:
        count += document.state == "predicted"
        yield document
    if count:
        notes.said.append(
            f"{counted(count, 'text')} with suggestions of a tagger: {format} can't tell these "
            "from a person's annotation, so check them all"
        )
