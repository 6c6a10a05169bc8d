"""A picture of the confusion of entity types."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lowner_pl.runs.logs.fonts import drawable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 20  # entity types in a picture


def most_confused(
    confusion: Sequence[Sequence[int]], types: Sequence[str], most: int = MOST
) -> tuple[list[list[int]], list[str], list[str]]:
    """Cut a confusion matrix to the entity types with the most errors.

    >>> most_confused([[9, 0, 0], [0, 5, 2], [0, 1, 0]], ["A", "B"], most=1)
    ([[5, 0, 2], [1, 0, 0]], ['B', 'none'], ['B', 'other', 'none'])

    Args:
        confusion: Number of entities by gold type (row) and predicted type (column). The last row
            and column stand for no entity.
        types: The entity types.
        most: Number of types to keep.

    Returns:
        The counts, and the names of rows and columns. If types were left out, the column ``other``
        counts predictions of these types.
    """
    if len(types) <= most:
        return [list(row) for row in confusion], [*types, "none"], [*types, "none"]
    errors = {
        number: sum(confusion[number]) + sum(row[number] for row in confusion)
        - 2 * confusion[number][number]
        for number in range(len(types))
    }  # fmt: skip
    kept = sorted(sorted(errors, key=lambda number: -errors[number])[:most])
    counts = []
    for number in (*kept, len(types)):
        row = confusion[number]
        shown = [row[column] for column in kept]
        counts.append([*shown, sum(row[:-1]) - sum(shown), row[-1]])
    names = [types[number] for number in kept]
    return counts, [*names, "none"], [*names, "other", "none"]


def confusion_picture(
    counts: Sequence[Sequence[int]], rows: Sequence[str], columns: Sequence[str], title: str
) -> "Figure":
    """Draw a confusion matrix: counts, shaded by their share of the row's gold entities.

    A shade means the same share in every picture. The last row, for words outside gold entities,
    is not shaded.

    Args:
        counts: Entities by gold type (row) and predicted type (column).
        rows: Names of the rows; the last one stands for no gold entity.
        columns: Names of the columns.
        title: Title of the picture.
    """
    from matplotlib.figure import Figure

    shares = [[count / max(sum(row), 1) for count in row] for row in counts]
    shares[-1] = [0.0] * len(columns)
    labels, fonts = drawable([*rows, *columns, title])
    style: dict[str, Any] = {"parse_math": False, "fontfamily": fonts}
    figure = Figure(figsize=(3.2 + 0.5 * len(columns), 2.4 + 0.4 * len(rows)), layout="tight")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    names = labels[len(rows) : -1]
    axes.set_xticks(range(len(columns)), names, rotation=45, ha="right", **style)
    axes.set_yticks(range(len(rows)), labels[: len(rows)], **style)
    axes.set_xlabel("predicted")
    axes.set_ylabel("gold")
    axes.set_title(labels[-1], fontsize="medium", loc="right", **style)
    for row, line in enumerate(counts):
        for column, count in enumerate(line):
            if count:
                colour = "white" if shares[row][column] > 0.5 else "black"
                text = axes.text(column, row, str(count), ha="center", va="center", color=colour)
                text.set_in_layout(False)  # laying out hundreds of texts is slow, and they fit
    return figure
