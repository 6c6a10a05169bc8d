"""Names are printed unchanged, in any encoding of the output."""

import sys
import warnings
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from lowner_pl.callbacks.screen.next_command import print_end
from lowner_pl.callbacks.screen.printing import print_table
from lowner_pl.callbacks.screen.quiet import hush

NAMES = ("v[bold]2", "a[/bold]", "[red]", ":smile:", "PER$1", "B_{x}", "[", "]\\[")


@pytest.mark.parametrize("name", NAMES)
def test_tables_and_paths_print_markup_unchanged(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_table([(name, {"f1": 0.5})], ["f1"])
    print_end(Path("logs") / name)
    table, _, path = capsys.readouterr().out.partition("Run folder: ")
    assert name in table
    assert path == f"{Path('logs') / name}\n"


def test_column_headings_print_markup_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([("dev", {"f1[b]": 0.5})], ["f1[b]"])
    assert "f1[b]" in capsys.readouterr().out


def test_characters_that_the_output_can_not_encode_become_question_marks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = BytesIO()
    monkeypatch.setattr("sys.stdout", TextIOWrapper(written, encoding="cp1252"))
    monkeypatch.setattr("warnings.formatwarning", warnings.formatwarning)
    hush()
    print_table([("የሰው ስም", {"f1": 0.5})], ["f1"])
    print_end(Path("ፋይል"))
    sys.stdout.flush()
    assert b"50.00" in written.getvalue()
    assert b"Run folder: ???" in written.getvalue()
