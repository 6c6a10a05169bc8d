from pathlib import Path

import pytest

from lowner_pl.corpus import Sentence, read_text


def test_a_text_has_a_sentence_a_line_and_blanks_between_words(tmp_path: Path) -> None:
    path = tmp_path / "raw.txt"
    path.write_bytes("\ufeffHabari  ya\tasubuhi .\r\n\n \na\u2028b \xa0".encode())
    assert read_text(path, language="sw") == [
        Sentence(("Habari", "ya", "asubuhi", "."), None, "sw"),
        Sentence(("a\u2028b", "\xa0"), None, "sw"),
    ]


def test_a_text_without_words_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "raw.txt"
    path.write_text(" \n\n")
    with pytest.raises(
        ValueError, match=r"raw\.txt: A text must hold sentences, was: empty. Check"
    ):
        read_text(path)
