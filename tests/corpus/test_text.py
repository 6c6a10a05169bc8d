import os
import threading
from pathlib import Path

import pytest

from lowner_pl.corpus import ConllFile, Sentence, TextFile, read_text


def test_a_line_of_text_is_a_sentence_and_white_space_separates_words(tmp_path: Path) -> None:
    path = tmp_path / "raw.txt"
    path.write_bytes("\ufeffHabari  ya\tasubuhi .\r\n\n \na\u2028b \xa0".encode())
    assert read_text(path, language="sw") == [
        Sentence(("Habari", "ya", "asubuhi", "."), None, "sw"),
        Sentence(("a", "b"), None, "sw"),
    ]


def test_a_text_without_words_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "raw.txt"
    path.write_text(" \n\n")
    with pytest.raises(ValueError, match=r"raw\.txt contains no words\. Check"):
        read_text(path)


WHITE_SPACE = "".join(
    [
        "\t\v\f\r \x85\xa0\u1680",
        "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a",
        "\u2028\u2029\u202f\u205f\u3000",
    ]
)


@pytest.mark.parametrize("space", WHITE_SPACE, ids=lambda c: f"U+{ord(c):04X}")
def test_words_end_at_unicode_white_space(space: str, tmp_path: Path) -> None:
    path = tmp_path / "raw.txt"
    path.write_text(f"Ann{space}left{space}{space}.\n", encoding="utf-8", newline="\n")
    assert read_text(path) == [Sentence(("Ann", "left", "."))]


def test_every_other_character_is_part_of_a_word(tmp_path: Path) -> None:
    # All of Unicode except surrogates: only white space and line ends are not part of a word.
    text = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000 and c != 0xFEFF)
    path = tmp_path / "raw.txt"
    path.write_text(text, encoding="utf-8", newline="\n")
    words = "".join(word for sentence in read_text(path) for word in sentence.words)
    assert words == "".join(c for c in text if c not in WHITE_SPACE and c != "\n")


def test_a_named_pipe_can_be_iterated_several_times(tmp_path: Path) -> None:
    path = tmp_path / "new.txt"
    os.mkfifo(path)
    lines = "".join(f"Juma {number}\n" for number in range(30_000))  # more than a pipe buffers
    writer = threading.Thread(target=path.write_text, args=(lines,))
    writer.start()
    sentences = TextFile(path)
    writer.join()
    assert len(sentences) == len(list(sentences)) == len(list(sentences)) == 30_000
    assert next(iter(sentences)).place == (str(path), 1)


def test_a_conll_file_can_be_read_from_a_pipe() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"Ann\tB-PER\nleft\tO\n")
    os.close(writing)
    try:
        sentences = ConllFile(f"/dev/fd/{reading}")
        assert list(sentences) == list(sentences) == [Sentence(("Ann", "left"), ("B-PER", "O"))]
    finally:
        os.close(reading)


def test_byte_order_marks_of_concatenated_files_are_not_part_of_words(tmp_path: Path) -> None:
    path = tmp_path / "raw.txt"
    path.write_text("\ufeffHabari ya\n\ufeffJuma \ufeff\n")
    assert [s.words for s in read_text(path)] == [("Habari", "ya"), ("Juma", "\ufeff")]
