"""Word vectors of several languages in one space: from ``.vec`` files, or from a function."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


class WordVectors(ABC):
    """Where the vectors of words come from; those of all languages lie in one space."""

    @abstractmethod
    def lookup(self, language: str, words: Collection[str]) -> dict[str, Vector]:
        """Return the vectors of the words that have one, each of shape ``(H,)``.

        Args:
            language: Language of the words.
            words: The words; their lower-cased forms, too, where those may be used.

        Raises:
            ValueError: If there are no vectors of the language.
        """

    def check(self, languages: Collection[str]) -> None:  # noqa: B027 - most have all languages
        """Make sure that there are vectors of each language, before any is read."""


class VecFiles(WordVectors):
    """Text files of aligned vectors, one per language.

    The format is that of `MUSE <https://github.com/facebookresearch/MUSE>`_ and fastText: the first
    line has the number of words and the width; every other has a word and its numbers, separated
    by blanks. Of a word that is there twice, the first counts. Only words that are asked for are
    kept in memory.

    Args:
        files: The file of each language, such as ``{en: wiki.multi.en.vec}``.
    """

    def __init__(self, files: dict[str, str]) -> None:
        self.files = dict(files)

    def check(self, languages: Collection[str]) -> None:
        """Make sure that each language has a file.

        Raises:
            ValueError: If one has none.
            FileNotFoundError: If one does not exist.
        """
        if missing := sorted(set(languages) - set(self.files)):
            raise ValueError(
                f"Each language must have word vectors, was: none for {', '.join(missing)}; there "
                f"are {', '.join(sorted(self.files)) or 'none at all'}. Add its .vec file to "
                "`files`, or take the vectors from a function."
            )
        for language in languages:
            if not Path(self.files[language]).is_file():
                raise FileNotFoundError(
                    f"A file of word vectors must exist, was: '{self.files[language]}' for "
                    f"{language}. Check the path."
                )

    def lookup(self, language: str, words: Collection[str]) -> dict[str, Vector]:
        """Return the vectors of the words that the file of the language has."""
        self.check([language])
        return read_vectors(self.files[language], words)


class VectorFunction(WordVectors):
    """Vectors that a function computes, such as the mean of a backbone's input embeddings.

    Args:
        function: Gives the vector of a word, ``(H,)``, or ``None``.
    """

    def __init__(self, function: Callable[[str], Any]) -> None:
        self.function = function

    def lookup(self, language: str, words: Collection[str]) -> dict[str, Vector]:
        """Return the vectors of the words that the function has one for.

        Raises:
            ValueError: If a vector has another width than the others, or holds no numbers.
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
                    f"The vector of a word must be {shape} finite numbers as of the others, was: "
                    f"{vector.shape} for {word!r}. Check the function."
                )
            vectors[word] = vector
        return vectors


def read_vectors(path: str | Path, words: Collection[str]) -> dict[str, Vector]:
    """Return the vectors that a ``.vec`` file has of the words; see :class:`VecFiles`.

    Args:
        path: The file.
        words: Which to keep.

    Raises:
        ValueError: If the file is malformed, naming the line.
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
                    f"{path}:{line_number}: A word vector must have {width} numbers as the first "
                    f"line says, was: {max(len(parts) - 1, 0)} in {_shown(line)}. Get the file "
                    "anew."
                )
            if (word := wanted.get(parts[0])) is not None and word not in vectors:
                vectors[word] = _numbers(path, line_number, parts[1:])
            elif b"n" in line[len(parts[0]) :].lower():  # as nan and inf have it, and no number
                _numbers(path, line_number, parts[1:])
    if line_number - 1 != count:
        raise ValueError(
            f"{path}: A file of word vectors must have the {count:,} words that its first line "
            f"says, was: {line_number - 1:,}. It may be cut off; get it anew."
        )
    return vectors


def mean_vector(words: Sequence[str], vectors: dict[str, Vector]) -> Vector | None:
    r"""Return the mean vector of the words that have one, ``(H,)``.

    .. math:: \mathrm{Emb}(e) = \frac{1}{|e|} \sum_i \mathrm{MUSE}(e_i)

    is eq. 2 of MELM, over the known words. A word is looked up as written and then lower-cased.
    ``None`` where no word is known, or the mean is 0 and has no direction.
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
    """Return the number of words and the width of the vectors."""
    parts = line.split()
    if len(parts) == 2 and all(part.isdigit() and int(part) > 0 for part in parts):
        return int(parts[0]), int(parts[1])
    raise ValueError(
        f"{path}:1: A file of word vectors must begin with the number of words and the width, such "
        f"as '200000 300', was: {_shown(line)}. Use the text format of MUSE and fastText."
    )


def _numbers(path: str | Path, line_number: int, parts: Sequence[bytes]) -> Vector:
    """Return the numbers of a line."""
    try:
        vector = np.array([float(part) for part in parts])
    except ValueError:
        vector = np.array([np.nan])
    if not np.isfinite(vector).all():
        odd = next(part for part in parts if not _is_number(part))
        raise ValueError(
            f"{path}:{line_number}: A word vector must hold finite numbers, was: {_shown(odd)}. "
            "Get the file anew, or remove the line and lower the count in the first."
        )
    return vector


def _is_number(part: bytes) -> bool:
    """Return whether a part of a line is a finite number."""
    try:
        return bool(np.isfinite(float(part)))
    except ValueError:
        return False


def _shown(text: bytes) -> str:
    """Return the beginning of a line for a message."""
    return repr(text[:60].decode("utf-8", "replace").strip())
