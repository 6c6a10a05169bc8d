"""Reading CoNLL files: a word and its tag on each line, a blank line after each sentence."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from pathlib import Path

from lowner_pl.corpus.conll.checking.checked_file import CheckedFile
from lowner_pl.corpus.conll.checking.survey import survey
from lowner_pl.corpus.conll.columns import Notes
from lowner_pl.corpus.conll.conll_format import ConllFormat
from lowner_pl.corpus.conll.lines import Block, blocks
from lowner_pl.corpus.conll.schemes import Scheme
from lowner_pl.corpus.sentence import Sentence
from lowner_pl.corpus.text import decode, lines_of, read_bytes


def read_conll(
    path: str | Path,
    *,
    language: str | None = None,
    word_column: int = 0,
    tag_column: int = -1,
    comments: bool | None = None,
    scheme: Scheme | None = None,
    labelled: bool = True,
    encoding: str = "utf-8",
) -> list[Sentence]:
    """Read the sentences of a file, with their tags converted to IOB2.

    Args:
        path: The file.
        language: Language of the sentences. If every word of the file begins with this language
            code and a colon, as in WikiANN (``sw:Nairobi``), the prefix is removed.
        word_column: See :class:`ConllFormat`, also for the other options.
        tag_column: See :class:`ConllFormat`.
        comments: See :class:`ConllFormat`.
        scheme: See :class:`ConllFormat`.
        labelled: See :class:`ConllFormat`.
        encoding: See :class:`ConllFormat`.

    Raises:
        FileNotFoundError: If the file does not exist.
        IsADirectoryError: If the path is a folder.
        ValueError: If the file is malformed; the message names the line.
    """
    form = ConllFormat(
        word_column=word_column,
        tag_column=tag_column,
        comments=comments,
        scheme=scheme,
        labelled=labelled,
        encoding=encoding,
    )
    return parse_conll(read_bytes(path), str(path), form, language=language)


def parse_conll(
    data: bytes, file: str, form: ConllFormat, *, language: str | None = None
) -> list[Sentence]:
    """Read the sentences of a file that is already in memory; see :func:`read_conll`.

    Args:
        data: Content of the file.
        file: Name of the file for messages.
        form: Layout of the file.
        language: Language of the sentences.
    """
    return [sentence for sentence, _ in parse_with_lines(data, file, form, language=language)]


def parse_with_lines(
    data: bytes, file: str, form: ConllFormat, *, language: str | None = None
) -> Iterator[tuple[Sentence, Block]]:
    """Read the sentences of a file in memory, each with its words and tags as they stand there.

    Args:
        data: Content of the file.
        file: Name of the file for messages.
        form: Layout of the file.
        language: Language of the sentences.

    Raises:
        ValueError: Before the first sentence, if the file is malformed; the message names the line.
    """
    lines = decode(data, file, form.encoding).split("\n")
    if not lines[-1]:
        lines.pop()  # the text after the last line feed is not a line
    raw: list[Block] = []

    def sentences(notes: Notes | None) -> Iterable[Block]:
        if not raw:
            raw.extend(blocks(lines, form, notes))
        return raw

    made = survey(CheckedFile(sentences, lambda: lines, file, form), language)
    return ((made.sentence(block), block) for block in raw)


class ConllFile:
    """The sentences of a file, read from disk again in every iteration.

    Only one sentence is in memory at a time, so the file may be larger than memory. The sentences
    equal those of :func:`read_conll`: creating the object reads the whole file once, to check it
    and to find its tag scheme.

    Args:
        path: The file.
        form: Layout of the file.
        language: Language of the sentences; see :func:`read_conll`.

    Raises:
        FileNotFoundError: If the file does not exist.
        IsADirectoryError: If the path is a folder.
        ValueError: If the file is malformed; the message names the line.
    """

    def __init__(
        self, path: str | Path, form: ConllFormat | None = None, *, language: str | None = None
    ) -> None:
        self.path = path
        self.form = ConllFormat() if form is None else form
        checked = CheckedFile(self._blocks, self._lines, str(path), self.form)
        self._made = survey(checked, language)

    def __len__(self) -> int:
        return self._made.size

    def __iter__(self) -> Iterator[Sentence]:
        return map(self._made.sentence, self._blocks())

    def _lines(self) -> Generator[str]:
        return lines_of(self.path, self.form.encoding)

    def _blocks(self, notes: Notes | None = None) -> Iterator[Block]:
        with closing(self._lines()) as lines:
            yield from blocks(lines, self.form, notes)
