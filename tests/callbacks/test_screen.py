"""Names on the screen are shown letter by letter."""

from pathlib import Path

import pytest

from lowner_pl.callbacks.screen import print_end, print_table

NAMES = ("v[bold]2", "a[/bold]", "[red]", ":smile:", "PER$1", "B_{x}", "[", "]\\[")


@pytest.mark.parametrize("name", NAMES)
def test_tables_and_paths_show_markup_as_it_is(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_table([(name, {"f1": 0.5})], ["f1"])
    print_end(Path("logs") / name)
    table, _, path = capsys.readouterr().out.partition("Run folder: ")
    assert name in table
    assert path == f"{Path('logs') / name}\n"


def test_columns_show_markup_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([("dev", {"f1[b]": 0.5})], ["f1[b]"])
    assert "f1[b]" in capsys.readouterr().out
