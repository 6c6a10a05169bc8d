"""Fonts for texts in any script."""

import contextlib
import logging
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from rich.cells import cell_len

FONTS = ("DejaVu Sans", "Noto Sans", "WenQuanYi", "Microsoft YaHei", "PingFang", "SimHei", "Arial")
"""Beginnings of font names, in the order in which they are tried."""


def drawable(texts: Sequence[str], longest: int = 80) -> tuple[list[str], list[str]]:
    r"""Find fonts for texts, and escape characters that no installed font has, as in ``\u4eba``.

    Args:
        texts: The texts.
        longest: Width to which texts are cut, in Latin letters; Chinese ones count twice.

    Returns:
        The texts, and the names of fonts that can draw them.
    """
    texts = [cut(text, longest) for text in texts]
    letters = {ord(letter) for text in texts for letter in text}
    fonts, missing = _choose(letters)
    if missing and _add_new_fonts():
        fonts, missing = _choose(letters)
    table = {number: _escaped(chr(number)) for number in missing}
    shown = [cut(text.translate(table), longest) for text in texts]  # an escape is wider
    return shown, fonts or ["DejaVu Sans"]


def cut(text: str, longest: int) -> str:
    """Cut a text to a width in Latin letters.

    >>> cut("sner", 4), cut("maner", 4)
    ('sner', 'man…')
    """
    if cell_len(text) <= longest:
        return text
    end = next(end for end in range(len(text)) if cell_len(text[: end + 1]) >= longest)
    return f"{text[:end]}…"


def _escaped(letter: str) -> str:
    """Escape a character; one without a width, such as a mark of direction, is left out."""
    is_format = unicodedata.category(letter) == "Cf"
    return "" if is_format else letter.encode("unicode_escape").decode()


def _choose(letters: set[int]) -> tuple[list[str], set[int]]:
    """Choose fonts for characters, and return the characters that none of them has."""
    from matplotlib.font_manager import fontManager, get_font

    missing = set(letters)
    fonts: list[str] = []
    upright = [font for font in fontManager.ttflist if font.style == "normal"]
    upright.sort(key=lambda font: (font.name not in FONTS, font.weight != 400))
    # Matplotlib warns each time a font comes in one weight only.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    for start in FONTS:
        for font in upright:
            if not missing or font.name in fonts or not font.name.startswith(start):
                continue
            if missing & (found := get_font(font.fname).get_charmap().keys()):
                fonts.append(font.name)
                missing -= found
    return fonts, missing


@cache
def _add_new_fonts() -> bool:
    """Add fonts that were installed since matplotlib listed all fonts in its cache file.

    Returns:
        Whether there are any.
    """
    from matplotlib.font_manager import findSystemFonts, fontManager

    known = {font.fname for font in fontManager.ttflist}
    starts = tuple(start.replace(" ", "") for start in FONTS)
    new = [file for file in findSystemFonts() if Path(file).name.startswith(starts)]
    new = sorted(set(new) - known)
    for file in new:
        with contextlib.suppress(OSError, RuntimeError):  # a broken font
            fontManager.addfont(file)
    return bool(new)
