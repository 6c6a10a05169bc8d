"""Bars of means with a dot per value."""

from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from lowner_pl.results.pictures.bars import Bar, bars_picture
from lowner_pl.runs.logs.picture_style import Caption

CAPTION = Caption("sample", 2, [3], "Bars: mean; dots: seeds.")


def test_bars_are_as_high_as_the_means_and_every_seed_is_a_dot() -> None:
    bars = [Bar("full", [0.5, 0.6, 0.4]), Bar("w/o $mask$ing", [0.3, 0.2])]
    figure = bars_picture({"": bars}, title="Ablation", caption=CAPTION)
    axes: Any = figure.axes[0]
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([50, 25])
    assert axes.lines[0].get_ydata() == pytest.approx([50, 60, 40])
    assert axes.lines[1].get_ydata() == pytest.approx([30, 20])
    assert axes.get_ylabel() == "F1 × 100"
    assert axes.get_xticklabels()[1].get_text() == "w/o $mask$ing"
    assert len({bar.get_hatch() for bar in axes.patches}) == 2
    assert axes.get_ylim()[0] == 0


def test_means_stand_in_a_row_above_where_none_is_beside_a_dot() -> None:
    bars = [Bar("sner", [0.3, 0.8]), Bar("maner", [1.0])]
    figure: Any = bars_picture({"": bars}, title="Recall", caption=CAPTION, score="recall")
    FigureCanvasAgg(figure).draw()
    axes: Any = figure.axes[0]
    assert axes.get_ylabel() == "recall × 100"
    (above,) = axes.child_axes
    assert [label.get_text() for label in above.get_xticklabels()] == ["55.0", "100.0"]
    (heading,) = axes.texts
    assert heading.get_text() == "mean"
    for text in (*above.get_xticklabels(), heading):
        box = text.get_window_extent()
        assert axes.bbox.y1 <= box.y0 < box.y1 <= figure._suptitle.get_window_extent().y0


def test_groups_stand_side_by_side_with_their_number_of_languages() -> None:
    groups = {
        "seen": [Bar("sner", [0.5, 0.7]), Bar("maner", [0.6, 0.8])],
        "unseen": [Bar("maner", [0.4])],
    }
    figure = bars_picture(groups, title="Seen", caption=CAPTION, dot="language")
    drawn: list[Any] = list(figure.axes)
    seen, unseen = drawn
    assert seen.get_title(loc="left") == "seen (2 languages)"
    assert unseen.get_title(loc="left") == "unseen (1 language)"
    assert unseen.patches[0].get_hatch() == seen.patches[1].get_hatch()
    assert unseen.patches[0].get_height() == pytest.approx(40)


def test_a_bar_needs_scores() -> None:
    with pytest.raises(ValueError, match="'x' has no scores"):
        Bar("x", [])
