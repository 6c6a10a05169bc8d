"""The sentences to choose from, read from raw text or CoNLL files."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from lowner_pl.annotation.suggest.similarity import folded
from lowner_pl.corpus import ConllFile, ConllFormat, SeenSentences, Sentence, is_conll_name
from lowner_pl.tagging.inputs import KINDS, STDIN, Kind, Source, sources
from lowner_pl.tagging.splitting.splitter import Splitter, visible

DUPLICATES, ANNOTATED = "duplicates", "already annotated"
SHORT, LONG = "too short", "too long"
Show = Callable[[float, int], None]
"""Called with the share of the inputs that has been read, and the number of sentences."""


class Pool(NamedTuple):
    """The sentences to choose from, each once.

    Attributes:
        sentences: The sentences without tags, each with its file and line.
        texts: The part of its text that each sentence is; ``None`` for a sentence of a CoNLL file.
        read: Number of sentences that were read.
        left_out: Number of sentences that were left out, by reason.
    """

    sentences: list[Sentence]
    texts: list[str | None]
    read: int
    left_out: Counter[str]


def pool_sources(
    names: Sequence[str], *, kind: Kind | None, column: str, encoding: str
) -> list[Source]:
    """Find the files to choose sentences from.

    Args:
        names: Files, folders, which stand for all files in them of a known format, and ``-`` for
            standard input.
        kind: Format of all files that are no CoNLL by their name.
        column: The column or field of the text.
        encoding: Character encoding of the files.

    Raises:
        FileNotFoundError: If there is no such file, or no file in a folder.
        ValueError: If a file is of a format that can't be read, or there is no such encoding.
    """
    files = [file for name in names for file in _files(name)]
    kinds = [None if is_conll_name(file) else kind for file in files]
    found: list[Source] = []
    for file, of_file in zip(files, kinds, strict=True):
        if is_conll_name(file):
            found.append(Source(file, None, column, encoding))
        else:
            found += sources([file], kind=of_file, column=column, encoding=encoding)
    if sum(source.name == STDIN for source in found) > 1:
        raise ValueError("Standard input can be read only once. Name `-` once.")
    return found


def read_pool(
    inputs: Sequence[Source],
    splitter: Splitter,
    *,
    annotated: Iterable[Sentence] = (),
    language: str | None = None,
    min_words: int = 1,
    max_words: int | None = None,
    show: Show = lambda _share, _read: None,
) -> Pool:
    """Read the sentences to choose from.

    Left out are sentences that equal an annotated or an earlier one but for case, punctuation,
    digits and the way their words are split.

    Args:
        inputs: The files; see `pool_sources`.
        splitter: Splits texts into sentences and words.
        annotated: Sentences that have been annotated.
        language: ISO 639 code of the sentences.
        min_words: Sentences with fewer words are left out.
        max_words: Sentences with more words are left out.
        show: Called from time to time.

    Raises:
        OSError: If a file can't be read.
        ValueError: If it is damaged, in another encoding, or lacks the column.
    """
    pool = Pool([], [], 0, Counter())
    seen = _Seen(annotated)
    words_seen: dict[str, str] = {}  # most words occur often: each is kept once
    read = 0
    for number, source in enumerate(inputs):
        for sentence, text, share in _sentences(source, splitter, language):
            read += 1
            show((number + share) / len(inputs), read)
            words = tuple(words_seen.setdefault(word, word) for word in sentence.words)
            reason = _reason(words, min_words, max_words) or seen.reason(words)
            if reason is not None:
                pool.left_out[reason] += 1
                continue
            pool.sentences.append(Sentence(words, None, language, sentence.place))
            pool.texts.append(text)
    return pool._replace(read=read)


class _Seen:
    """Sentences that have been annotated or read, in little memory."""

    def __init__(self, annotated: Iterable[Sentence]) -> None:
        self._annotated = SeenSentences(_key(sentence.words) for sentence in annotated)
        self._read = SeenSentences()

    def reason(self, words: Sequence[str]) -> str | None:
        """Tell why a sentence is left out, and remember it; ``None`` if it is new."""
        key = _key(words)
        if key in self._annotated:
            return ANNOTATED
        return None if self._read.add(key) else DUPLICATES


def _key(words: Sequence[str]) -> Sentence:
    """Make the sentence that all those equal which count as the same."""
    return Sentence(folded(words))


def _reason(words: Sequence[str], least: int, most: int | None) -> str | None:
    """Tell why a sentence is left out for its length; ``None`` if it is not."""
    if len(words) < least:
        return SHORT
    return LONG if most is not None and len(words) > most else None


def _files(name: str) -> Iterator[str]:
    """List the files that a name stands for."""
    if name == STDIN:
        yield name
        return
    path = Path(name)
    if path.is_dir():
        known = {f".{kind}" for kind in KINDS}
        files = sorted(file for file in path.rglob("*") if file.is_file())
        found = [file for file in files if file.suffix.lower() in known or is_conll_name(file)]
        if not found:
            raise FileNotFoundError(
                f"The folder '{name[:200]}' has no file of text: none ends in "
                f"{', '.join(sorted(known))} or .conll."
            )
        yield from map(str, found)
    elif not path.exists():
        raise FileNotFoundError(f"There is no file '{name[:200]}'. Check the path.")
    else:
        yield name


def _sentences(
    source: Source, splitter: Splitter, language: str | None
) -> Iterator[tuple[Sentence, str | None, float]]:
    """Yield the sentences of a file, each with its text and the share that has been read."""
    if source.kind is None:  # CoNLL
        form = ConllFormat(labelled=False, encoding=source.encoding)
        conll = ConllFile(source.name, form, language=language)
        for number, sentence in enumerate(conll, 1):
            yield sentence, None, number / len(conll)
        return
    name = "standard input" if source.name == STDIN else source.name
    for document in source.documents():
        text = visible(document.text)
        for spans in splitter(text):
            words = tuple(text[start:end] for start, end in spans)
            part = text[spans[0][0] : spans[-1][1]].replace("\r", " ").replace("\n", " ")
            yield Sentence(words, None, language, (name, document.line)), part, document.done
