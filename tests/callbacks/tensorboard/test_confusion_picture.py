"""The picture of confused entity types."""

import io
import random
import time
import warnings
from typing import Any

from matplotlib.figure import Figure

from lowner_pl.callbacks.tensorboard.confusion_picture import confusion_picture, most_confused

TYPES = ["人名", "የሰው", "ORG_$x$", "A\\_b", "😀"]


def drawn(figure: Figure) -> bytes:
    """Draw a figure; a character without a glyph causes a warning, which is an error here."""
    file = io.BytesIO()
    figure.savefig(file)
    return file.getvalue()


def test_of_three_hundred_types_the_twenty_most_confused_are_drawn() -> None:
    draw = random.Random(0)
    counts = [[draw.randrange(3) for _ in range(301)] for _ in range(301)]
    for number in range(40, 60):
        counts[number][7] += 1000 + 100 * number
    types = [f"TYPE_{number}" for number in range(300)]
    begin = time.process_time()
    shown, rows, columns = most_confused(counts, types)
    picture = drawn(confusion_picture(shown, rows, columns, "run"))
    assert time.process_time() - begin < 3.0  # usually one second
    assert rows == ["TYPE_7", *(f"TYPE_{number}" for number in range(41, 60)), "none"]
    assert columns == [*rows[:-1], "other", "none"]
    assert [sum(row) for row in shown[:-1]] == [
        sum(counts[int(name.removeprefix("TYPE_"))]) for name in rows[:-1]
    ]
    assert len(picture) < 400_000


def test_names_in_any_script_and_with_dollars_are_drawn_without_warnings() -> None:
    counts, rows, columns = most_confused([[1] * 6 for _ in range(6)], TYPES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = confusion_picture(counts, rows, columns, "人/$run$_1, epoch 3")
        drawn(figure)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels[2:4] == TYPES[2:4]
    assert not any(label.get_parse_math() for label in figure.axes[0].get_xticklabels())
    assert figure.axes[0].get_title(loc="right").endswith("$run$_1, epoch 3")


def test_the_same_share_of_gold_entities_has_the_same_shade_in_every_picture() -> None:
    # Half of the first type is right in both: 1 of 2, and 50 of 100.
    few = confusion_picture([[1, 1], [3, 0]], ["A", "none"], ["A", "none"], "few")
    many = confusion_picture([[50, 50], [0, 0]], ["A", "none"], ["A", "none"], "many")
    images: list[Any] = [figure.axes[0].images[0] for figure in (few, many)]
    shades = [image.to_rgba(image.get_array(), norm=True)[0].tolist() for image in images]
    assert shades[0] == shades[1]
    assert images[0].get_array().tolist() == [[0.5, 0.5], [0.0, 0.0]]
