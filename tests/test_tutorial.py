"""The notebook of the documentation runs, and holds what it printed and drew."""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from .conftest import ROOT

NOTEBOOK = ROOT / "docs" / "tutorial.ipynb"
PICTURES = 4


def cells(notebook: Any) -> list[Any]:
    """Return the cells with code."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def outputs(notebook: Any, kind: str) -> list[str]:
    """Return the outputs of a type such as ``image/png``."""
    found = [output.get("data", {}) for cell in cells(notebook) for output in cell["outputs"]]
    return ["".join(data[kind]) for data in found if kind in data]


def printed(notebook: Any) -> str:
    """Return what all cells printed."""
    found = [output.get("text", "") for cell in cells(notebook) for output in cell["outputs"]]
    return "".join(map("".join, found))


@pytest.fixture(scope="module")
def committed() -> Any:
    """The notebook with the outputs that readers see."""
    return json.loads(NOTEBOOK.read_text(encoding="utf-8"))


def test_readers_see_what_it_printed_and_drew(committed: Any) -> None:
    counts = [cell["execution_count"] for cell in cells(committed)]
    assert counts == [*range(1, len(counts) + 1)]
    kinds = [output["output_type"] for cell in cells(committed) for output in cell["outputs"]]
    assert "error" not in kinds
    assert len(outputs(committed, "image/png")) == PICTURES
    assert sum("<mark" in html for html in outputs(committed, "text/html")) == 2
    assert "Test scores" in printed(committed)
    assert not re.search(r"/(work|home|root|tmp|usr)/|\x1b", printed(committed))


def test_its_links_lead_to_pages(committed: Any) -> None:
    text = "".join("".join(c["source"]) for c in committed["cells"] if c["cell_type"] == "markdown")
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert links
    assert not [link for link in links if not (NOTEBOOK.parent / link).is_file()]


def test_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [str(Path(sys.executable).parent), os.environ["PATH"]]
    monkeypatch.setenv("PATH", os.pathsep.join(folders))  # its commands begin with `python`
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("TUTORIAL_EPOCHS", "1")
    again = nbformat.read(NOTEBOOK, as_version=4)
    place = {"metadata": {"path": tmp_path}}
    NotebookClient(
        again, kernel_name="python3", timeout=1_200, startup_timeout=300, resources=place
    ).execute()
    assert "Epoch 0:" in printed(again)
    assert "Epoch 1:" not in printed(again)
    assert len(outputs(again, "image/png")) == PICTURES
    lines = (tmp_path / "tutorial" / "tagged.jsonl").read_text(encoding="utf-8").splitlines()
    assert [sorted(json.loads(line)) for line in lines] == 2 * [["entities", "text"]]
