"""What all pictures share: colours, markers, number formats, title and caption.

The colours are those of `Okabe and Ito (2008) <https://jfly.uni-koeln.de/color/>`_, which
colour-blind readers can tell apart. Markers, dashes and hatches tell the same things in greyscale.
"""

import io
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.console import Console
from rich.text import Text

from lowner_pl.runs.logs.fonts import drawable
from lowner_pl.runs.page.direction import isolated, left_to_right

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The lengths have no common divisor, so that looks repeat only after 7 · 8 · 5 · 11 of them.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX*"
DASHES = ("-", "--", "-.", ":", (0, (7, 1, 1, 1, 1, 1)))
HATCHES = ("", "///", "...", "xxx", "\\\\\\", "+++", "ooo", "---", "|||", "**", "//..")
GREY = "#595959"
_LONGEST = 40  # letters of a name
_LONGEST_TEXT = 1000
_LETTERS = 16.0  # of a caption per inch
_BOLD = 0.56  # times as many of a title
_RESOLUTION = 120  # pixels per inch


@dataclass(frozen=True)
class Caption:
    """What was measured; every picture says it below the axes.

    Args:
        corpus: Name of the corpus or corpora.
        languages: Number of languages.
        seeds: Numbers of seeds behind the means.
        band: What bars, bands and dots stand for, as a sentence.
        train_sentences: Numbers of training sentences.
        test_sentences: Numbers of test sentences.
    """

    corpus: str
    languages: int
    seeds: Collection[int]
    band: str
    train_sentences: Collection[int] = ()
    test_sentences: Collection[int] = ()

    def __str__(self) -> str:
        """Write the caption.

        >>> str(Caption("sample", 2, [3, 2], "Dots: seeds.", [100], [1436]))
        'sample · 2 languages · 2–3 seeds · 100 training, 1,436 test sentences. Dots: seeds.'
        """
        sizes = [
            f"{span(numbers)} {kind}"
            for numbers, kind in (
                (self.train_sentences, "training"),
                (self.test_sentences, "test"),
            )
            if numbers
        ]
        facts = [self.corpus, counted(self.languages, "language"), f"{span(self.seeds)} seeds"]
        if max(self.seeds, default=0) == 1:
            facts[2] = "1 seed"
        if sizes:
            facts.append(f"{', '.join(sizes)} sentences")
        return f"{' · '.join(facts)}. {self.band}"


Dash = str | tuple[int, tuple[int, ...]]


class Look(NamedTuple):
    """What a method looks like.

    Attributes:
        colour: The colour of its line or bar.
        marker: The marker of its points.
        dash: The dashes of its line.
        hatch: The hatch of its bar.
    """

    colour: str
    marker: str
    dash: Dash
    hatch: str


def look(number: int) -> Look:
    """Choose what a method looks like.

    Lines of the first 40 differ without colour in their marker or their dashes, and those of the
    first 35 in their colour or their dashes; bars of the first 77 differ in colour or hatch.

    Args:
        number: The place of the method among all methods of a picture.
    """
    return Look(
        COLOURS[number % len(COLOURS)],
        MARKERS[number % len(MARKERS)],
        DASHES[number % len(DASHES)],
        HATCHES[number % len(HATCHES)],
    )


def new_figure(
    size: tuple[float, float], title: str, caption: Caption, names: Sequence[str] = ()
) -> "Figure":
    """Make a figure with a title above and a caption below.

    Args:
        size: Width and height in inches.
        title: What the picture shows, as a sentence.
        caption: What was measured.
        names: Names of methods and languages in them, which are cut like labels.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(w_pad=0.1))
    letters = _LETTERS * size[0]
    place = {"ha": "left", "x": 0.01}
    above, style = wrapped(title, _BOLD * letters, names)
    figure.suptitle(above, fontsize="large", fontweight="bold", **style, **place)
    below, style = wrapped(str(caption), letters, [*names, *caption.corpus.split(" + ")])
    figure.supxlabel(below, fontsize="small", color=GREY, **style, **place)
    return figure


def wrapped(text: str, width: float, names: Sequence[str] = ()) -> tuple[str, dict[str, Any]]:
    """Prepare a text for drawing in lines that are read from left to right.

    Args:
        text: The text.
        width: Width of the lines in Latin letters; Chinese ones count twice.
        names: Names in the text, which are cut like labels.

    Returns:
        The lines, and the arguments for the function that draws them.
    """
    shorter = dict(zip(names, drawable(names, longest=_LONGEST)[0], strict=True))
    for name in sorted(shorter, key=len, reverse=True):
        text = text.replace(name, shorter[name])
    (shown,), fonts = drawable([isolated(text, shorter.values())], longest=_LONGEST_TEXT)
    lines = Text(shown).wrap(Console(), max(int(width), 1))
    shown = "\n".join(left_to_right(line.plain.rstrip()) for line in lines)
    return shown, {"parse_math": False, "fontfamily": fonts}


def labels(names: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """Prepare names for drawing: escape what no font has, and choose fonts.

    Returns:
        The names, and the arguments for the function that draws them.
    """
    shown, fonts = drawable([left_to_right(name) for name in names], longest=_LONGEST)
    return shown, {"parse_math": False, "fontfamily": fonts}


def png(figure: "Figure") -> bytes:
    """Render a figure as a PNG file, the same bytes every time."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=_RESOLUTION, metadata={"Software": None})
    return file.getvalue()


def points(difference: float) -> str:
    """Write a difference of two fractions in points, with its sign.

    >>> points(0.0412), points(-0.003), points(0.0001)
    ('+4.1', '−0.3', '0.0')
    """
    shown = f"{100 * difference:+.1f}".replace("-", "−")
    return shown[1:] if shown[1:] == "0.0" else shown


def counted(number: int, thing: str) -> str:
    """Write a number with its noun.

    >>> counted(1, "seed"), counted(1200, "language")
    ('1 seed', '1,200 languages')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def span(numbers: Iterable[int]) -> str:
    """Write the range of some numbers.

    >>> span([3, 2, 3]), span([3]), span([])
    ('2–3', '3', '0')
    """
    known = sorted(set(numbers)) or [0]
    return f"{known[0]:,}" if len(known) == 1 else f"{known[0]:,}–{known[-1]:,}"
