"""Names that are read from right to left, within other text."""

import pytest

from lowner_pl.runs.page.direction import MARK, isolated, left_to_right, split_names


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sner on sw", "sner on sw"),
        ("אב - אבג", "<אב> - <אבג>"),
        ("sner-אב on אב n=5.", "sner-<אב> on <אב n=5>."),
        ("באב", "באב"),  # another word
        ("", ""),
    ],
)
def test_names_are_isolated_the_longest_first(text: str, shown: str) -> None:
    names = ["אב", "אבג", "אב n=5", "sner", "sw"]
    marked = isolated(text, names)
    assert marked == shown.replace("<", MARK).replace(">", MARK)
    assert "".join(part for part, _ in split_names(text, names)) == text


def test_only_lines_with_such_letters_are_marked() -> None:
    assert left_to_right("sner አማርኛ 中文") == "sner አማርኛ 中文"
    assert left_to_right("שפה n=5") == "\u200eשפה n=5"
