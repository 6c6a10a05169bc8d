"""How a CoNLL file is laid out: its columns, comments, tag scheme and encoding."""

from dataclasses import dataclass

from lowner_pl.corpus.conll.schemes import Scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class ConllFormat:
    r"""The layout of a CoNLL file. Anything left at its default is found from the file itself.

    Columns are separated by tabs if the first line with a word contains a tab, otherwise by spaces.
    Only ASCII tabs and spaces separate columns, and only line feeds end a line: ``\xa0`` and
    ``\u2028`` are characters of words.

    These lines are not read as words. A line that begins with ``-DOCSTART-`` is dropped and ends
    the sentence. Column names in the first line, byte order marks, and CoNLL-U lines for multiword
    tokens (``1-2``) or empty nodes (``1.1``) are skipped with a warning; the CoNLL-U lines only if
    the word column comes after their numbers.

    Args:
        word_column: Column of the word, counting from 0.
        tag_column: Column of the tag, counting from 0, or from the end if negative. A negative
            number gives a warning if another column holds tags too.
        comments: Whether lines that begin with ``#`` are comments. Since ``#`` is also a word,
            ``None`` assumes comments only if the first line of the file is one: a comment of
            CoNLL-U (``# sent_id = …``), or a line with another number of columns than the words
            or without a tag. Even then, a line that begins with ``#`` and has all columns and a
            tag is a word. With ``True``, a line with a tab is still a word as long as the words
            are in column 0.
        scheme: Tag scheme, or ``None`` to find it from all tags of the file.
        labelled: Whether to read tags. If not, the sentences have none.
        encoding: Name of the character encoding.
        unsplit: Whether to accept a long text without blank lines as one sentence.
    """

    word_column: int = 0
    tag_column: int = -1
    comments: bool | None = None
    scheme: Scheme | None = None
    labelled: bool = True
    encoding: str = "utf-8"
    unsplit: bool = False
