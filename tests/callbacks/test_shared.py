"""Names on the screen are shown letter by letter."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lowner_pl.callbacks.shared import print_table

NAMES = ("v[bold]2", "a[/bold]", "[red]", ":smile:", "PER$1", "B_{x}", "[", "]\\[")


@pytest.mark.parametrize("name", NAMES)
def test_tables_and_paths_show_markup_as_it_is(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    trainer: Any = SimpleNamespace(is_global_zero=True)
    print_table({name: {"f1": 0.5}}, Path("logs") / name, trainer, columns=["f1"])
    table, _, path = capsys.readouterr().out.partition("Run folder: ")
    assert name in table
    assert path == f"{Path('logs') / name}\n"


def test_columns_show_markup_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    trainer: Any = SimpleNamespace(is_global_zero=True)
    print_table({"dev": {"f1[b]": 0.5}}, Path("logs"), trainer, columns=["f1[b]"])
    assert "f1[b]" in capsys.readouterr().out
