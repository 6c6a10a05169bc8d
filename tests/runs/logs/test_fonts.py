"""Fonts for texts in any script."""

from pathlib import Path

import matplotlib
import pytest
from matplotlib import font_manager

from lowner_pl.runs.logs import fonts
from lowner_pl.runs.logs.fonts import cut, drawable

FONT = Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"


@pytest.fixture(autouse=True)
def only_dejavu(monkeypatch: pytest.MonkeyPatch) -> None:
    """List one font, as on a machine with few."""
    listed = [font for font in font_manager.fontManager.ttflist if font.name == "DejaVu Sans"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", listed)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    fonts._add_new_fonts.cache_clear()


def test_characters_without_a_font_are_escaped() -> None:
    assert drawable(["人a", "b\n"]) == (["\\u4ebaa", "b\\n"], ["DejaVu Sans"])


def test_texts_are_cut() -> None:
    assert drawable(["abcdef", "abcd", "abΩΩΩ"], longest=4)[0] == ["abc…", "abcd", "abΩ…"]


def test_wide_letters_count_twice() -> None:
    assert (cut("人人人", 4), cut("人人", 4)) == ("人…", "人人")
    assert drawable(["人人人人人人"], longest=12)[0] == ["\\u4eba\\u4eb…"]


def test_marks_of_direction_without_a_font_are_left_out() -> None:
    assert drawable(["\u2068אב\u2069"]) == (["אב"], ["DejaVu Sans"])


def test_fonts_installed_since_matplotlib_listed_them_are_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [])
    (new := tmp_path / "DejaVuSans.ttf").write_bytes(FONT.read_bytes())
    (broken := tmp_path / "NotoSansBroken.ttf").write_bytes(b"no font")
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(broken), str(new)])
    assert drawable(["Ω"]) == (["Ω"], ["DejaVu Sans"])
