"""Reading splits: from CoNLL files, or from the sentences of a data module."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Literal, Protocol

from lowner_pl.auditing.finding import Finding, Kind, Place, Severity
from lowner_pl.auditing.split import Entry, Role, Split
from lowner_pl.corpus import ConllFormat, Scheme, Sentence, detect_scheme, read_bytes
from lowner_pl.corpus.conll.lines import Block, blocks
from lowner_pl.corpus.conll.reading import parse_with_lines
from lowner_pl.corpus.conll.spellings import respelt
from lowner_pl.corpus.text import lines_of

LINES_EACH = 100
"""Lines that are read for each sentence if only some sentences are looked at."""


def read_split(
    path: str | Path, name: str, role: Role, form: ConllFormat, *, language: str | None = None
) -> tuple[Split, list[Finding]]:
    """Read a CoNLL file.

    Args:
        path: The file.
        name: Name of the split.
        role: What the split is used for.
        form: Layout of the file.
        language: Language of the sentences.

    Returns:
        The split, and what the reader warns about.

    Raises:
        FileNotFoundError: If the file does not exist.
        IsADirectoryError: If the path is a folder.
        ValueError: If the file is malformed; the message names the line.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pairs = list(parse_with_lines(read_bytes(path), str(path), form, language=language))
    found = [_warned(str(warning.message), str(path)) for warning in caught]
    return _split(name, role, pairs, form.scheme), found


class TaggedData(Protocol):
    """A data module of tagged sentences."""

    @property
    def test_names(self) -> list[str]:
        """Names of the test sets."""

    @property
    def dev_types(self) -> tuple[str, ...] | None:
        """The types that the development sentences are annotated with; ``None`` for all."""

    def sentences(self, split: Literal["train", "dev"], /) -> list[Sentence]:
        """Return the sentences of a split."""

    def read_tests(self) -> list[list[Sentence]] | None:
        """Read the test sets, or return ``None`` if there are none."""

    def test_sets(self) -> list[list[Sentence]]:
        """Return the sentences of each test set."""

    def format_of(self, file: str, /) -> ConllFormat | None:
        """Return the layout of a file that the sentences were read from, if it is known."""


def splits_of(data: TaggedData, *, most: int | None = None) -> list[Split]:
    """Make splits of the sentences of a data module: training, dev and test data.

    Args:
        data: The data module.
        most: Number of sentences of each split to take, by default all. Tags as written are then
            looked up in the first lines of each file only, a hundred for each sentence.
    """
    parts: list[tuple[str, Role, list[Sentence]]] = [
        ("train", "train", data.sentences("train")),
        ("dev", "dev", data.sentences("dev")),
    ]
    if data.read_tests() is not None:
        tests = data.test_sets()
        names = [f"test {name}" for name in data.test_names] if len(tests) > 1 else ["test"]
        parts += [(name, "test", test) for name, test in zip(names, tests, strict=True)]
    lines = None if most is None else LINES_EACH * most
    splits = [
        of_sentences(name, role, part[:most], data.format_of, most_lines=lines)
        for name, role, part in parts
    ]
    types = data.dev_types
    return [one._replace(types=types) if one.role == "dev" else one for one in splits]


def of_sentences(
    name: str,
    role: Role,
    sentences: Sequence[Sentence],
    form_of: Callable[[str], ConllFormat | None] = lambda _: None,
    *,
    most_lines: int | None = None,
) -> Split:
    """Make a split of sentences, and look up their tags as they stand in their files.

    Args:
        name: Name of the split.
        role: What the split is used for.
        sentences: The sentences. Their types may have been renamed.
        form_of: Returns the layout of a file, or ``None`` if it is unknown.
        most_lines: Lines of each file to read, by default all that are needed.
    """
    wanted: dict[str, set[int]] = {}
    for sentence in sentences:
        if sentence.place is not None:
            file, line = sentence.place
            wanted.setdefault(file, set()).add(line)
    found: dict[tuple[str, int], Block] = {}
    scheme: Scheme | None = None
    for file, lines in wanted.items():
        form = form_of(file)
        if form is not None and Path(file).is_file():
            scheme = form.scheme
            found |= {(file, block.line): block for block in _blocks(file, form, lines, most_lines)}
    pairs = [(sentence, found.get(sentence.place or ("", 0))) for sentence in sentences]
    return _split(name, role, pairs, scheme)


def _blocks(
    file: str, form: ConllFormat, wanted: set[int], most_lines: int | None
) -> Iterator[Block]:
    """Yield the sentences of a file that begin at some lines, without reading further."""
    last = max(wanted)
    with closing(lines_of(file, form.encoding)) as lines:
        for block in blocks(islice(lines, most_lines), form):
            if block.line in wanted:
                yield block
            if block.line >= last:
                return


def _split(
    name: str,
    role: Role,
    pairs: Sequence[tuple[Sentence, Block | None]],
    scheme: Scheme | None,
) -> Split:
    """Make a split of sentences and their blocks, and find the tag scheme of the blocks."""
    entries = [
        Entry(name, number, sentence, sentence.entities, block)
        for number, (sentence, block) in enumerate(pairs)
    ]
    written = [entry.block.tags for entry in entries if entry.block is not None]
    if not written:
        return Split(name, role, entries)
    changed = respelt(dict.fromkeys(tag for tags in written for tag in tags))
    if scheme is None:
        scheme = detect_scheme(
            [changed.get(tag, tag) for tag in tags] if changed else tags for tags in written
        )
    return Split(name, role, entries, scheme, changed)


def _warned(message: str, file: str) -> Finding:
    """Make a finding of a warning, which begins with its place."""
    begin = f"{file}, line "
    number, _, text = message.removeprefix(begin).partition(": ")
    if not message.startswith(begin) or not number.isdecimal():
        return Finding(Kind.FILE, Severity.WARNING, message)
    return Finding(Kind.FILE, Severity.WARNING, text, Place(file, int(number)))
