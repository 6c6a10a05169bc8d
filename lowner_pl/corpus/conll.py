"""CoNLL files: one word a line with its tag in a column, a blank line after each sentence."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from lowner_pl.corpus.conll_lines import Block, ConllFormat, blocks
from lowner_pl.corpus.schemes import IOB2Converter, Scheme, misfit
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
    """Return the sentences of a file, their tags converted to IOB2.

    Args:
        path: The file.
        language: Language of the sentences. If every word of the file has this language for a
            prefix, as in WikiANN (``sw:Nairobi``), the prefix is removed.
        word_column: See :class:`ConllFormat`, as for the rest.
        tag_column: See :class:`ConllFormat`.
        comments: See :class:`ConllFormat`.
        scheme: See :class:`ConllFormat`.
        labelled: See :class:`ConllFormat`.
        encoding: See :class:`ConllFormat`.

    Raises:
        FileNotFoundError: If there is no such file.
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
    """Return the sentences of the bytes of a file; see :func:`read_conll`.

    Args:
        data: The bytes.
        file: Name of the file for messages.
        form: How the file spells its sentences.
        language: Language of the sentences.
    """
    raw = list(blocks(decode(data, file, form.encoding).split("\n"), file, form))
    made = _survey(raw, file, form, language)
    return [made.sentence(block) for block in raw]


class ConllFile:
    """The sentences of a file, read anew each time they are gone through.

    One is held at a time, so a file may be larger than memory. They are those of
    :func:`read_conll`: the file is read once to check it all and to find its tag scheme.

    Args:
        path: The file.
        form: How it spells its sentences.
        language: Language of the sentences; see :func:`read_conll`.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If the path is a folder.
        ValueError: If the file is malformed; the message names the line.
    """

    def __init__(
        self, path: str | Path, form: ConllFormat | None = None, *, language: str | None = None
    ) -> None:
        self.path = path
        self.form = ConllFormat() if form is None else form
        self._made = _survey(self._blocks(), str(path), self.form, language)

    def __len__(self) -> int:
        return self._made.size

    def __iter__(self) -> Iterator[Sentence]:
        return map(self._made.sentence, self._blocks())

    def _blocks(self) -> Iterator[Block]:
        """Return the sentences, raw."""
        return blocks(lines_of(self.path, self.form.encoding), str(self.path), self.form)


class _Survey(NamedTuple):
    """What only a whole file says of its sentences: how many there are, and how to make them."""

    size: int
    file: str
    language: str | None
    prefix: str
    convert: IOB2Converter | None

    def sentence(self, block: Block) -> Sentence:
        """Return a sentence: the prefix taken off its words, its tags in IOB2."""
        words = block.words
        if self.prefix:
            words = [word.removeprefix(self.prefix) for word in words]
        tags = self.convert(block.tags) if self.convert else None
        return Sentence(tuple(words), tags, self.language, (self.file, block.line))


def _survey(raw: Iterable[Block], file: str, form: ConllFormat, language: str | None) -> _Survey:
    """Go through a file once, which must hold sentences with tags of one scheme."""
    prefix = f"{language}:" if language else ""
    lines: dict[str, int] = {}  # of the first of each tag
    size = 0
    for block in raw:
        size += 1
        if prefix and not all(word.startswith(prefix) for word in block.words):
            prefix = ""
        if form.labelled and not lines.keys() >= set(block.tags):
            for line, tag in enumerate(block.tags, block.line):
                lines.setdefault(tag, line)
    if not size:
        raise ValueError(f"{file}: A corpus file must hold sentences, was: empty. Check the file.")
    convert = _converter(lines, file, form.scheme) if form.labelled else None
    return _Survey(size, file, language, prefix, convert)


def _converter(lines: dict[str, int], file: str, scheme: Scheme | None) -> IOB2Converter:
    """Return the converter for the tags of a file, once they are known to fit one scheme."""
    found = misfit(lines, scheme)
    if not found and not scheme and "O" not in lines and not any("-" in tag for tag in lines):
        # Most likely another column, such as parts of speech.
        found = next(iter(lines)), "A file of bare entity types must have words tagged 'O'"
    if found:
        tag, condition = found
        raise ValueError(
            f"{file}:{lines[tag]}: {condition}, was: {tag!r}. Correct the tag, or set `tag_column` "
            "or `scheme`."
        )
    return IOB2Converter(lines)
