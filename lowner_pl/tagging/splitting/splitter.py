"""Splitting raw text into sentences and words, of which each knows its place in the text."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Literal, get_args

from lowner_pl.tagging.splitting.boundaries import Span, boundaries

Split = Literal["unicode", "none", "whitespace"]
MOST_WORDS = 4_096
"""Words of a sentence. A longer one, such as a text without full stops, is tagged in parts."""

_LANGUAGE = re.compile(r"[a-z]{2,3}")
_WHITE_SPACE = re.compile(r"[^\s\x1c-\x1f]+")  # Python's four extra separators belong to words
_SURROGATE = re.compile(r"[\ud800-\udfff]")
# A letter with its marks, or a title, after which a full stop does not end the sentence.
_INITIAL = re.compile(r"(?:^|[\s.(\[{\"'\u201c\u2018«-])(\w[^\w\s.]*|Dr|Mr|Mrs|Ms|Prof|St)\.\s*$")
# Unicode takes this space for a part of words, as it is in Mongolian script.
_NARROW_SPACE = re.compile("\u202f(?![\u1800-\u18af])")
_LOOK_BACK = 16  # characters in which an initial lies
_JOINERS = "\u200c\u200d"  # they shape the letter before them
_HYPHENS = "-\u2010\u2011"
# Scripts that are written without spaces. A hyphen joins no words there.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_ELISION = re.compile(
    r"(?:\w|qu|lorsqu|puisqu|jusqu|dell|dall|nell|sull|all|un|quest)['\u2019](?=\w)", re.I
)
_ELIDING = ("fr", "it", "ca", "oc")
_POSSESSIVE = re.compile(r"(?<=\w)['\u2019]s$", re.I)


class Splitter:
    """A splitter of raw text.

    Args:
        split: ``unicode`` finds sentences and words by the rules of Unicode. ``none`` finds words
            only: a text is one sentence. ``whitespace`` parts words at white space only and takes
            each line as a sentence, for text whose punctuation is already separated.
        language: ISO 639 code of the text, or ``None`` if unknown.

    Attributes:
        rules: Name and version of the rules, for messages.

    Raises:
        ValueError: If there is no such ``split``.
    """

    def __init__(self, split: Split = "unicode", language: str | None = None) -> None:
        if split not in get_args(Split):
            raise ValueError(
                f"`split` is {str(split)[:80]!r}, but it must be one of {get_args(Split)}."
            )
        self.split = split
        known = language is not None and _LANGUAGE.fullmatch(language)
        self.language = language if known else "und"
        self._boundaries = boundaries(str(self.language))
        self.rules = "white space" if split == "whitespace" else self._boundaries.name

    def __call__(self, text: str) -> list[list[Span]]:
        """Split a text into sentences, each a list of at least one word with its place.

        Whatever lies between the words is white space or invisible.
        """
        text = _NARROW_SPACE.sub(" ", _SURROGATE.sub("\ufffd", text))
        found: list[list[Span]] = []
        for start, end in self._sentences(text):
            words = [(start + a, start + b) for a, b in self._words(text[start:end])]
            found.extend(_in_parts(words, text))
        return found

    def _sentences(self, text: str) -> Iterator[Span]:
        """Yield the sentences of a text."""
        if self.split == "none":
            yield 0, len(text)
        elif self.split == "whitespace":
            yield from ((line.start(), line.end()) for line in re.finditer(r"[^\r\n]+", text))
        else:
            begin = 0
            for _, end in self._boundaries.sentences(text):
                if end == len(text) or not _ends_in_initial(
                    text[max(begin, end - _LOOK_BACK) : end]
                ):
                    yield begin, end
                    begin = end

    def _words(self, text: str) -> Iterable[Span]:
        """Yield the words of a sentence."""
        if self.split == "whitespace":
            return (word.span() for word in _WHITE_SPACE.finditer(text))
        parts = _joined(text, (_visible(text, *span) for span in self._boundaries.words(text)))
        return self._apart(text, (span for span in parts if span[0] < span[1]))

    def _apart(self, text: str, words: Iterable[Span]) -> Iterator[Span]:
        """Part elided articles (``l'Afrique``) and English possessives, as corpora do."""
        for start, end in words:
            cut = None
            if self.language in _ELIDING and (found := _ELISION.match(text, start, end)):
                cut = found.end()
            elif self.language == "en" and (found := _POSSESSIVE.search(text[start:end])):
                cut = start + found.start()
            yield from ((start, end),) if cut is None else ((start, cut), (cut, end))


def visible(text: str) -> str:
    """Replace lone surrogates, which tokenizers refuse, by U+FFFD; positions stay."""
    return _SURROGATE.sub("\ufffd", text)


def _ends_in_initial(text: str) -> bool:
    """Tell whether a text ends in an initial or a title, as in ``J. K. Rowling``."""
    found = _INITIAL.search(text)
    return found is not None and not found[1][0].islower() and not found[1][0].isdigit()


def _visible(text: str, start: int, end: int) -> Span:
    """Cut white space and invisible characters off both ends of a part; it may become empty."""
    while start < end and is_blank(text[start]):
        start += 1
    while end > start and is_blank(text[end - 1]) and text[end - 1] not in _JOINERS:
        end -= 1
    return start, end


def is_blank(letter: str) -> bool:
    """Tell whether a word can't begin with a character: white space, controls, formats."""
    return letter.isspace() or unicodedata.category(letter) in ("Cc", "Cf")


def _joined(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    """Join words that a hyphen connects, and runs of one punctuation mark, as corpora do."""
    before: Span | None = None
    for span in spans:
        if (
            before is not None
            and before[1] == span[0]
            and span[0] < span[1]
            and _belong(text, before, span)
        ):
            before = before[0], span[1]
            continue
        if before is not None:
            yield before
        before = span
    if before is not None:
        yield before


def _belong(text: str, before: Span, span: Span) -> bool:
    """Tell whether two neighbouring parts of a text are one word."""
    last, first = text[before[1] - 1], text[span[0]]
    if last == first and not _is_of_word(first):
        return True
    if first in _HYPHENS and span[1] == span[0] + 1:
        after = text[span[1] : span[1] + 1]
        return _is_spaced(last) and _is_spaced(after)
    is_hyphen = last in _HYPHENS and before[1] - before[0] > 1
    return is_hyphen and _is_of_word(text[before[1] - 2]) and _is_of_word(first)


def _is_of_word(letter: str) -> bool:
    """Tell whether a character belongs to words: a letter, a mark, a digit."""
    return unicodedata.category(letter)[0] in "LMN"


def _is_spaced(letter: str) -> bool:
    """Tell whether a character belongs to words of a script that is written with spaces."""
    return bool(letter) and _is_of_word(letter) and not _UNSPACED.match(letter)


def _in_parts(words: list[Span], text: str) -> Iterator[list[Span]]:
    """Yield a sentence, in parts of at most `MOST_WORDS` if it is longer.

    A part ends after the last punctuation mark in its second half, if there is one.
    """
    begin = 0
    while len(words) - begin > MOST_WORDS:
        end = begin + MOST_WORDS
        middle = begin + MOST_WORDS // 2
        marks = (at for at in range(end, middle, -1) if not _is_of_word(text[words[at - 1][0]]))
        end = next(marks, end)
        yield words[begin:end]
        begin = end
    if begin < len(words):
        yield words[begin:]
