import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from lowner_pl.augmentation import VecFiles, VectorFunction, read_vectors
from lowner_pl.augmentation.word_vectors import mean_vector

TEXT = "4 2\nthe 1.0 0.0\nRome 0.5 -1e-1\nrome 9 9\ncafé\u00a0x -3 4 \n"


def vec(folder: Path, text: str) -> Path:
    path = folder / "wiki.en.vec"
    path.write_bytes(text.encode())
    return path


def test_only_the_wanted_words_are_read(tmp_path: Path) -> None:
    vectors = read_vectors(vec(tmp_path, TEXT), ["Rome", "café\u00a0x", "none"])
    assert {word: vector.tolist() for word, vector in vectors.items()} == {
        "Rome": [0.5, -0.1],
        "café\u00a0x": [-3.0, 4.0],
    }


def test_the_first_line_of_a_repeated_word_counts(tmp_path: Path) -> None:
    path = vec(tmp_path, "2 1\na 1\na 2\n")
    assert read_vectors(path, ["a"])["a"].tolist() == [1.0]


def test_memory_does_not_grow_with_the_size_of_the_file(tmp_path: Path) -> None:
    # The numbers of 4,000 vectors of 50 dimensions alone take 1.6 MB.
    lines = "".join(f"w{i} {' '.join(['0.25'] * 50)}\n" for i in range(4000))
    path = vec(tmp_path, f"4000 50\n{lines}")
    tracemalloc.start()
    assert len(read_vectors(path, ["w0", "w3999"])) == 2
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 400_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("the 1.0 0.0\n", "vec, line 1: 'the 1.0 0.0' is not the number of words and of"),
        ("", "vec, line 1: '' is not the number of words"),
        ("2\na 1\nb 1\n", "vec, line 1: '2' is not the number of words"),
        ("1 0\na\n", "vec, line 1: '1 0' is not the number of words"),
        ("2 2\na 1 2\nb 1\n", "vec, line 3: 'b 1' has 1 numbers, but the first line announces 2"),
        (
            "2 2\na 1 2\nb 1 2 3\n",
            "vec, line 3: 'b 1 2 3' has 3 numbers, but the first line announces 2",
        ),
        ("2 2\na 1 2\n\n", "vec, line 3: '' has 0 numbers"),
        ("2 2\na 1 2\nb 1 nan\n", "vec, line 3: 'nan' is not a finite number"),
        ("2 2\na 1 2\nother NaN 1\n", "vec, line 3: 'NaN' is not a finite number"),
        ("1 2\na -inf 1\n", "vec, line 2: '-inf' is not a finite number"),
        ("1 2\na 1e999 1\n", "vec, line 2: '1e999' is not a finite number"),
        ("1 2\na 1,5 1\n", "vec, line 2: '1,5' is not a finite number"),
        (
            "3 2\na 1 2\nb 1 2\n",
            r"vec has 2 words, but its first line announces 3\. It may be cut off",
        ),
        ("1 2\na 1 2\nb 1 2\n", r"vec has 2 words, but its first line announces 1\."),
    ],
)
def test_malformed_files_are_refused_with_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_vectors(vec(tmp_path, text), ["a", "b"])


def test_words_that_look_like_nan_are_words(tmp_path: Path) -> None:
    assert read_vectors(vec(tmp_path, "2 1\nnan 1\nNn 2\n"), ["nan"])["nan"].tolist() == [1.0]


def test_the_mean_vector_is_taken_over_the_known_words() -> None:
    vectors = {"new": np.array([1.0, 0.0]), "York": np.array([0.0, 3.0])}
    # "New" is known in lower case and "City" is not: ((1, 0) + (0, 3)) / 2, eq. 2.
    mean = mean_vector(["New", "York", "City"], vectors)
    assert mean is not None
    assert mean.tolist() == [0.5, 1.5]
    assert mean_vector(["City"], vectors) is None


def test_a_word_as_written_is_preferred_to_its_lower_case() -> None:
    vectors = {"us": np.array([1.0]), "US": np.array([2.0])}
    mean = mean_vector(["US"], vectors)
    assert mean is not None
    assert mean.tolist() == [2.0]


def test_vectors_that_cancel_out_have_no_direction() -> None:
    vectors = {"a": np.array([1.0, -1.0]), "b": np.array([-1.0, 1.0])}
    assert mean_vector(["a", "b"], vectors) is None


def test_languages_without_a_file_are_named(tmp_path: Path) -> None:
    files = VecFiles({"en": str(vec(tmp_path, TEXT)), "de": "none.vec"})
    with pytest.raises(ValueError, match="word vectors for de, en, but not for nl, sw"):
        files.check(["en", "sw", "nl"])
    with pytest.raises(
        FileNotFoundError, match=r"The word vectors of de, 'none\.vec', do not exist"
    ):
        files.lookup("de", ["a"])
    assert set(files.lookup("en", ["the"])) == {"the"}


def test_a_function_may_know_only_some_of_the_words() -> None:
    vectors = VectorFunction({"a": [1, 2], "b": [3, 4]}.get)
    assert {w: v.tolist() for w, v in vectors.lookup("en", ["a", "c"]).items()} == {"a": [1, 2]}


@pytest.mark.parametrize("odd", [[1.0], [[1.0, 2.0]], [1.0, float("nan")]])
def test_vectors_of_another_shape_or_not_finite_are_refused(odd: object) -> None:
    vectors = VectorFunction({"a": [1.0, 2.0], "b": odd}.get)
    with pytest.raises(
        ValueError, match=r"The vector of 'b' has .* finite numbers of shape \(2,\)"
    ):
        vectors.lookup("en", ["a", "b"])
