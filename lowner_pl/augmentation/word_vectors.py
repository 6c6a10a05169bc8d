"""Word vectors of several languages in one space, from ``.vec`` files or a function."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lowner_pl.corpus import place

Vector = NDArray[np.float64]


class WordVectors(ABC):
    """A source of word vectors. Those of all languages lie in the same space."""

    @abstractmethod
    def lookup(self, language: str, words: Collection[str]) -> dict[str, Vector]:
        """Look up the vectors of words, each of shape ``(H,)``. Unknown words are left out.

        Args:
            language: Language of the words.
            words: The words. Include their lower-cased forms if those may be used.

        Raises:
            ValueError: If there are no vectors for the language.
        """

    def check(self, languages: Collection[str]) -> None:  # noqa: B027 - not all sources can tell
        """Make sure that there are vectors for each language, before reading any."""


class VecFiles(WordVectors):
    """Text files of aligned vectors, one per language.

    The format is that of `MUSE <https://github.com/facebookresearch/MUSE>`_ and fastText. The first
    line has the number of words and of dimensions; every other line has a word and its numbers,
    separated by spaces. If a word occurs twice, its first line counts. Only the vectors that are
    looked up are kept in memory.

    Args:
        files: The file of each language, such as ``{en: wiki.multi.en.vec}``.
    """

    def __init__(self, files: dict[str, str]) -> None:
        self.files = dict(files)

    def check(self, languages: Collection[str]) -> None:
        """Make sure that each language has a file.

        Raises:
            ValueError: If a language has no file.
            FileNotFoundError: If a file does not exist.
        """
        if missing := sorted(set(languages) - set(self.files)):
            raise ValueError(
                f"There are word vectors for {', '.join(sorted(self.files)) or 'no language'}, but "
                f"not for {', '.join(missing)}. Add the missing .vec files to `files`."
            )
        for language in languages:
            if not Path(self.files[language]).is_file():
                raise FileNotFoundError(
                    f"The word vectors of {language}, '{self.files[language]}', do not exist. "
                    "Check the path."
                )

    def lookup(self, language: str, words: Collection[str]) -> dict[str, Vector]:
        """Look up words in the file of their language."""
        self.check([language])
        return read_vectors(self.files[language], words)


class VectorFunction(WordVectors):
    """Vectors from a function, such as the mean of a backbone's input embeddings.

    Args:
        function: Returns the vector of a word, ``(H,)``, or ``None`` for an unknown word.
    """

    def __init__(self, function: Callable[[str], object]) -> None:
        self.function = function

    def lookup(self, language: str, words: Collection[str]) -> dict[str, Vector]:
        """Call the function for each word.

        Raises:
            ValueError: If a vector has another shape than the first, or a number is not finite.
        """
        del language
        vectors: dict[str, Vector] = {}
        shape: tuple[int, ...] | None = None
        for word in dict.fromkeys(words):
            if (values := self.function(word)) is None:
                continue
            vector = np.asarray(values, dtype=np.float64)
            shape = shape or vector.shape
            if vector.ndim != 1 or vector.shape != shape or not np.isfinite(vector).all():
                raise ValueError(
                    f"The vector of {word!r} has shape {vector.shape}, but it must be finite "
                    f"numbers of shape {shape} like the first. Check the function."
                )
            vectors[word] = vector
        return vectors


def read_vectors(path: str | Path, words: Collection[str]) -> dict[str, Vector]:
    """Read the vectors of some words from a ``.vec`` file; see :class:`VecFiles`.

    Args:
        path: The file.
        words: The words to look for.

    Raises:
        ValueError: If the file is malformed; the message names the line.
    """
    wanted = {word.encode(): word for word in words}
    vectors: dict[str, Vector] = {}
    line_number = 1
    with Path(path).open("rb") as lines:
        count, width = _header(path, lines.readline())
        for line_number, line in enumerate(lines, 2):
            parts = line.split()
            if len(parts) != width + 1:
                raise ValueError(
                    f"{place(str(path), line_number)}: {_shown(line)} has "
                    f"{max(len(parts) - 1, 0)} numbers, but the first line announces {width}. "
                    "Download the file again."
                )
            if (word := wanted.get(parts[0])) is not None and word not in vectors:
                vectors[word] = _numbers(path, line_number, parts[1:])
            elif b"n" in line[len(parts[0]) :].lower():  # only nan and inf contain an n
                _numbers(path, line_number, parts[1:])
    if line_number - 1 != count:
        raise ValueError(
            f"{path} has {line_number - 1:,} words, but its first line announces {count:,}. It may "
            "be cut off: download it again."
        )
    return vectors


def mean_vector(words: Sequence[str], vectors: dict[str, Vector]) -> Vector | None:
    r"""Compute the mean vector of the known words of an entity (MELM, eq. 2). Shape ``(H,)``.

    .. math:: \mathrm{Emb}(e) = \frac{1}{|e|} \sum_i \mathrm{MUSE}(e_i)

    A word is looked up as written, then lower-cased. The result is ``None`` if no word is known, or
    if the mean is 0 and so has no direction.
    """
    found = [
        vectors[form]
        for word in words
        if (form := next((f for f in (word, word.lower()) if f in vectors), None)) is not None
    ]
    if not found:
        return None
    mean: Vector = np.mean(found, axis=0)
    return mean if mean.any() else None


def _header(path: str | Path, line: bytes) -> tuple[int, int]:
    """Read the number of words and of dimensions from the first line."""
    parts = line.split()
    if len(parts) == 2 and all(part.isdigit() and int(part) > 0 for part in parts):
        return int(parts[0]), int(parts[1])
    raise ValueError(
        f"{place(str(path), 1)}: {_shown(line)} is not the number of words and of dimensions, such "
        "as '200000 300'. Use the text format of MUSE and fastText."
    )


def _numbers(path: str | Path, line_number: int, parts: Sequence[bytes]) -> Vector:
    """Read the numbers of a line."""
    try:
        vector = np.array([float(part) for part in parts])
    except ValueError:
        vector = np.array([np.nan])
    if not np.isfinite(vector).all():
        odd = next(part for part in parts if not _is_number(part))
        raise ValueError(
            f"{place(str(path), line_number)}: {_shown(odd)} is not a finite number. Download the "
            "file again, or remove the line and lower the count in the first line."
        )
    return vector


def _is_number(part: bytes) -> bool:
    """Tell whether a part of a line is a finite number."""
    try:
        return bool(np.isfinite(float(part)))
    except ValueError:
        return False


def _shown(text: bytes) -> str:
    """Quote the beginning of a line for a message."""
    return repr(text[:80].decode("utf-8", "replace").strip())
