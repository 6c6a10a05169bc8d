import warnings
from pathlib import Path

import pytest

from lowner_pl.commands.cli import run
from lowner_pl.corpus import parse_conll


def test_warnings_of_the_project_are_sentences_without_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    with pytest.raises(SystemExit):
        run(["--help"])
    ours = parse_conll.__code__.co_filename
    assert warnings.formatwarning("A sentence.", UserWarning, ours, 74) == "warning: A sentence.\n"
    for category, file in ((UserWarning, __file__), (DeprecationWarning, ours)):
        shown = warnings.formatwarning("Theirs", category, file, 3)
        assert Path(file).name in shown
        assert "Theirs" in shown
