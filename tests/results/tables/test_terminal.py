"""A table fits into the window."""

import io
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from lowner_pl.results.tables.terminal import print_comparison

from ..test_comparing import compared, write_study


@pytest.mark.parametrize("width", [60, 80, 100, 140, 300])
def test_a_wide_table_is_printed_in_parts_that_fit(tmp_path: Path, width: int) -> None:
    methods = {f"method-{n}": {1: n, 2: n + 1} for n in range(6)}
    write_study(tmp_path, {"sw": methods, "yo": methods})
    out = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    print_comparison(compared(tmp_path, baseline="method-0"), out)
    text = out.file.getvalue()  # type: ignore[attr-defined]
    table = text.partition("Test F1")[0].splitlines()
    assert "…" not in "".join(table)
    assert max(map(cell_len, table)) <= width
    heads = [line for line in table if line.lstrip().startswith("test set")]
    assert " ".join(heads).count(" - method-0") == 5
    assert all(line.split().count("p") == line.count(" - ") for line in heads)
    assert len(heads) == 1 or width < 300


def test_names_wider_than_the_window_are_broken_not_cut(tmp_path: Path) -> None:
    names = ("one-method-with-a-long-name", "another-method-with-a-long-name")
    write_study(tmp_path, {"sw": {name: {1: 3, 2: 4} for name in names}})
    out = Console(file=io.StringIO(), width=50, markup=False, highlight=False)
    print_comparison(compared(tmp_path), out)
    text = out.file.getvalue()  # type: ignore[attr-defined]
    assert "…" not in text
    assert "+0.00" in text
