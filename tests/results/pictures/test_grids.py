"""Heat maps with numbers."""

from typing import Any

import pytest
from matplotlib.patches import Rectangle

from lowner_pl.results.pictures.grids import Grid, grid_picture
from lowner_pl.runs.logs.picture_style import Caption

CAPTION = Caption("conll2003-en", 1, [1], "Numbers: test F1.", [100])


def test_numbers_stand_in_their_cells_and_the_best_has_a_frame() -> None:
    grid = Grid("η", ["0.3", "0.7"], "μ", ["a", "b"], [[0.5, None], [0.6, 0.7041]])
    figure = grid_picture(grid, title="MELM", caption=CAPTION)
    axes: Any = figure.axes[0]
    places = {text.get_position(): text.get_text() for text in axes.texts}
    assert places == {(0, 0): "50.0", (1, 0): "–", (0, 1): "60.0", (1, 1): "70.4"}
    shades = axes.images[0].get_array()
    assert shades[0][0] == 0.0
    assert shades[1][0] == pytest.approx(0.1 / 0.2041)
    (frame,) = (patch for patch in axes.patches if isinstance(patch, Rectangle))
    assert frame.get_xy() == (0.53, 0.53)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0.3", "0.7"]
    assert "1 language · 1 seed · 100 training sentences" in figure.get_supxlabel()


def test_a_ragged_grid_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rows of \[2, 1\] scores. It needs 2 rows of 2"):
        Grid("η", ["0.3", "0.7"], "μ", ["a", "b"], [[0.5, 0.6], [0.6]])
