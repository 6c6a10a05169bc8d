"""Bars of differences per language."""

from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from lowner_pl.results.pictures.differences import MOST_ROWS, Difference, differences_picture
from lowner_pl.runs.logs.picture_style import COLOURS, Caption, png

CAPTION = Caption("corpus_$x$", 4, [3], "Lines: 95 % interval.", [100], [1436])
FOUR = [
    Difference("sw", 0.02, -0.01, 0.05),
    Difference("አማርኛ", -0.10, -0.15, -0.05),
    Difference("yo", 0.08, 0.03, 0.13),
    Difference("a_$b$_c", 0.0),
]


def picture(differences: list[Difference], overall: Difference | None = None) -> Figure:
    return differences_picture(
        differences, title="MANER $beats$ SNER", axis="F1", caption=CAPTION, overall=overall
    )


def test_bars_are_sorted_and_as_long_as_the_differences_in_points() -> None:
    axes: Any = picture(FOUR).axes[0]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([8, 2, 0, -10])
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[:3] == ["yo", "sw", "a_$b$_c"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first is on top
    (intervals,) = (lines for lines in axes.collections)
    ends = [path.vertices.tolist() for path in intervals.get_paths()]
    assert ends == [[[3, 0], [13, 0]], [[-1, 1], [5, 1]], [[-15, 3], [-5, 3]]]
    assert [text.get_text() for text in axes.texts] == ["+8.0", "+2.0", "0.0", "−10.0"]


def test_bars_whose_interval_contains_zero_are_hatched() -> None:
    axes: Any = picture(FOUR).axes[0]
    fills = [to_hex(bar.get_facecolor()).upper() for bar in axes.patches]
    assert fills == [COLOURS[0], "#FFFFFF", COLOURS[0], COLOURS[1]]
    assert [bool(bar.get_hatch()) for bar in axes.patches] == [False, True, False, False]


def test_differences_of_nothing_do_not_fill_the_picture() -> None:
    (axes,) = picture([Difference("sw", 1e-18), Difference("yo", 0.0)]).axes
    assert axes.get_xlim() == (-1, 1)


def test_the_mean_stands_above_the_bars() -> None:
    axes: Any = picture(FOUR, Difference("mean", 0.01, -0.01, 0.03)).axes[0]
    assert axes.get_yticklabels()[0].get_text() == "mean"
    assert [axes.lines[0].get_xdata()[0], axes.lines[0].get_ydata()[0]] == [1, 0]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([8, 2, 0, -10])


def test_the_caption_holds_the_numbers_and_is_inside_the_picture() -> None:
    figure: Any = picture(FOUR)
    caption = figure.get_supxlabel().replace("\n", " ")
    for part in ("corpus_$x$", "4 languages", "3 seeds", "100 training, 1,436 test", "95 %"):
        assert part in caption
    assert figure.get_suptitle() == "MANER $beats$ SNER"
    assert png(figure) == png(picture(FOUR))
    assert png(figure).startswith(b"\x89PNG")
    width, height = figure.bbox.size
    for text in (figure._supxlabel, figure._suptitle):
        box = text.get_window_extent()
        assert min(box.x0, box.y0) >= 0
        assert box.x1 <= width
        assert box.y1 <= height


@pytest.mark.parametrize("size", [None, (5.4, 3.2)])
@pytest.mark.parametrize(
    ("system", "language"),
    [
        ("a variant of a method with a name that is much longer than most", "x" * 90),
        ("方法" * 30, "日本語" * 20),
        ("שיטה-א", "العربية واللغات الأخرى"),
        ("አዲስ ዘዴ ከረጅም ስም ጋር", "አማርኛ"),
    ],
)
def test_long_names_in_any_script_are_inside_the_picture(
    system: str, language: str, size: tuple[float, float] | None
) -> None:
    figure: Any = differences_picture(
        [Difference(language, 0.02), Difference("sw", -0.03)],
        title=f"{system} is better than sner",
        axis=f"test F1, {system} − sner",
        caption=CAPTION,
        size=size,
        names=[system],
    )
    FigureCanvasAgg(figure).draw()  # a letter without a font would be a warning
    axes = figure.axes[0]
    label = axes.xaxis.get_label()
    for text in (label, figure._suptitle, *axes.get_yticklabels()):
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.width
    assert label.get_text().endswith("points")


def test_a_hundred_languages_stand_in_panels() -> None:
    many = [Difference(f"l{number}", number / 1000) for number in range(100)]
    panels: list[Any] = list(picture(many).axes)
    widths = [[bar.get_width() for bar in axes.patches] for axes in panels]
    assert [len(bars) for bars in widths] == [34, 34, 32]
    assert MOST_ROWS == 36
    assert [width for panel in widths for width in panel] == pytest.approx(
        [number / 10 for number in reversed(range(100))]
    )
    assert len({axes.get_xlim() for axes in panels}) == 1
