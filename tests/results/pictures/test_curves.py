"""Curves with bands."""

from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from lowner_pl.results.pictures.curves import Curve, curves_picture
from lowner_pl.runs.logs.picture_style import COLOURS, Caption, png

CAPTION = Caption("sample", 2, [2, 3], "Bands: ± 1 sd over seeds.")


def curve(name: str, lift: float) -> Curve:
    return Curve(name, [100, 200], [0.5 + lift, 0.6 + lift], [0.4, 0.5], [0.7, 0.8])


def test_curves_and_bands_are_at_their_heights() -> None:
    panels = {"sw": [curve("sner", 0.0), curve("maner", 0.1)], "人": [curve("maner", 0.0)]}
    figure = curves_picture(panels, title="F1", axis="training sentences", caption=CAPTION)
    drawn: list[Any] = list(figure.axes)
    first, second = drawn
    assert first.lines[0].get_xdata().tolist() == [100, 200]
    assert first.lines[0].get_ydata() == pytest.approx([50, 60])
    assert first.lines[1].get_ydata() == pytest.approx([60, 70])
    band = first.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == pytest.approx((40, 80))
    # A method looks the same in every panel, and no two look alike without colour.
    assert second.lines[0].get_color() == first.lines[1].get_color() == COLOURS[1]
    assert first.lines[0].get_linestyle() != first.lines[1].get_linestyle()
    assert first.lines[0].get_marker() != first.lines[1].get_marker()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["sner", "maner"]
    assert "2–3 seeds" in figure.get_supxlabel()
    assert len(png(figure)) > 1000


@pytest.mark.parametrize("epochs", [1, 2, 3, 40])
def test_ticks_are_whole_numbers(epochs: int) -> None:
    places = range(1, epochs + 1)
    curves = [Curve("sner", places, *3 * [[0.5] * epochs])]
    figure = curves_picture({"": curves}, title="F1", axis="epoch", caption=CAPTION)
    ticks = figure.axes[0].get_xticks().tolist()
    assert ticks
    assert all(tick == round(tick) for tick in ticks)


def test_bands_end_where_scores_do() -> None:
    curves = [Curve("sner", [1, 2], [0.01, 0.99], [-0.05, 0.9], [0.07, 1.08])]
    figure: Any = curves_picture({"": curves}, title="F1", axis="epoch", caption=CAPTION)
    band = figure.axes[0].collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (0, 100)


@pytest.mark.parametrize(("size", "shown"), [(None, 32), ((5.4, 3.2), 12)])
def test_the_legend_fits_into_the_picture(size: tuple[float, float] | None, shown: int) -> None:
    curves = [curve(f"method {number}", 0.0) for number in range(32)]
    figure: Any = curves_picture({"": curves}, title="F1", axis="epoch", caption=CAPTION, size=size)
    FigureCanvasAgg(figure).draw()
    (legend,) = figure.legends
    assert legend.get_window_extent().y0 >= 0
    names = [text.get_text() for text in legend.get_texts()]
    assert len(names) == shown
    assert names[-1] == ("method 31" if shown == 32 else "and 21 more")


def test_a_curve_without_all_its_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match="has 2 places, but 1 means"):
        Curve("sner", [1, 2], [0.5], [0.4, 0.4], [0.6, 0.6])


def test_more_panels_than_can_be_read_are_refused() -> None:
    panels = {str(number): [curve("sner", 0.0)] for number in range(13)}
    with pytest.raises(ValueError, match="13 panels"):
        curves_picture(panels, title="F1", axis="", caption=CAPTION)
