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


def test_the_first_of_equal_words_counts(tmp_path: Path) -> None:
    path = vec(tmp_path, "2 1\na 1\na 2\n")
    assert read_vectors(path, ["a"])["a"].tolist() == [1.0]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    # 4 000 vectors of width 50 are 1.6 MB as numbers alone.
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
        ("the 1.0 0.0\n", r"vec:1: .* number of words and the width.*, was: 'the 1.0 0.0'"),
        ("", r"vec:1: .* must begin with .*, was: ''"),
        ("2\na 1\nb 1\n", r"vec:1: .* was: '2'"),
        ("1 0\na\n", r"vec:1: .* was: '1 0'"),
        ("2 2\na 1 2\nb 1\n", r"vec:3: .* must have 2 numbers .* was: 1 in 'b 1'"),
        ("2 2\na 1 2\nb 1 2 3\n", r"vec:3: .* must have 2 numbers .* was: 3 in 'b 1 2 3'"),
        ("2 2\na 1 2\n\n", r"vec:3: .* was: 0 in ''"),
        ("2 2\na 1 2\nb 1 nan\n", r"vec:3: .* finite numbers, was: 'nan'"),
        ("2 2\na 1 2\nother NaN 1\n", r"vec:3: .* finite numbers, was: 'NaN'"),
        ("1 2\na -inf 1\n", r"vec:2: .* finite numbers, was: '-inf'"),
        ("1 2\na 1e999 1\n", r"vec:2: .* finite numbers, was: '1e999'"),
        ("1 2\na 1,5 1\n", r"vec:2: .* finite numbers, was: '1,5'"),
        ("3 2\na 1 2\nb 1 2\n", r"vec: .* must have the 3 words .* was: 2\. It may be cut off"),
        ("1 2\na 1 2\nb 1 2\n", r"vec: .* must have the 1 words .* was: 2\."),
    ],
)
def test_malformed_files_are_refused_with_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_vectors(vec(tmp_path, text), ["a", "b"])


def test_letters_of_words_are_no_numbers(tmp_path: Path) -> None:
    assert read_vectors(vec(tmp_path, "2 1\nnan 1\nNn 2\n"), ["nan"])["nan"].tolist() == [1.0]


def test_a_mean_is_over_the_known_words() -> None:
    vectors = {"new": np.array([1.0, 0.0]), "York": np.array([0.0, 3.0])}
    # "New" is known lower-cased, "City" is not: ((1, 0) + (0, 3)) / 2, eq. 2.
    mean = mean_vector(["New", "York", "City"], vectors)
    assert mean is not None
    assert mean.tolist() == [0.5, 1.5]
    assert mean_vector(["City"], vectors) is None


def test_a_word_as_written_comes_before_its_lower_case() -> None:
    vectors = {"us": np.array([1.0]), "US": np.array([2.0])}
    mean = mean_vector(["US"], vectors)
    assert mean is not None
    assert mean.tolist() == [2.0]


def test_vectors_that_cancel_out_have_no_direction() -> None:
    vectors = {"a": np.array([1.0, -1.0]), "b": np.array([-1.0, 1.0])}
    assert mean_vector(["a", "b"], vectors) is None


def test_languages_without_a_file_are_named(tmp_path: Path) -> None:
    files = VecFiles({"en": str(vec(tmp_path, TEXT)), "de": "none.vec"})
    with pytest.raises(ValueError, match="was: none for nl, sw; there are de, en"):
        files.check(["en", "sw", "nl"])
    with pytest.raises(FileNotFoundError, match=r"must exist, was: 'none\.vec' for de"):
        files.lookup("de", ["a"])
    assert set(files.lookup("en", ["the"])) == {"the"}


def test_a_function_gives_vectors_and_may_know_no_word() -> None:
    vectors = VectorFunction({"a": [1, 2], "b": [3, 4]}.get)
    assert {w: v.tolist() for w, v in vectors.lookup("en", ["a", "c"]).items()} == {"a": [1, 2]}


@pytest.mark.parametrize("odd", [[1.0], [[1.0, 2.0]], [1.0, float("nan")]])
def test_odd_vectors_of_a_function_are_refused(odd: object) -> None:
    vectors = VectorFunction({"a": [1.0, 2.0], "b": odd}.get)
    with pytest.raises(ValueError, match=r"must be \(2,\) finite numbers .* for 'b'"):
        vectors.lookup("en", ["a", "b"])
