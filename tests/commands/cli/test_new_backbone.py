"""The options of `new-backbone`, by what it writes."""

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForMaskedLM

from lowner_pl.__main__ import run_command

CJK = 0x4E00  # the letters that tell the lines of the smaller language


@pytest.fixture
def text(tmp_path: Path) -> Path:
    folder = tmp_path / "text"
    folder.mkdir()
    (folder / "sw.txt").write_text("\n".join(f"mstari wa kitabu namba {n}" for n in range(900)))
    (folder / "yo.txt").write_text(
        "\n".join(f"ila ti iwe eleyi {chr(CJK + n)}" for n in range(100))
    )
    return folder


def made(text: Path, name: str, *more: str) -> Path:
    """Return the folder of a backbone made from 100 lines."""
    folder = text.parent / name
    words = f"new-backbone --text {text} --folder {folder} --lines 100 --vocabulary 400 --layers 1"
    run_command([*words.split(), "--hidden=16", "--heads=2", *more])
    return folder


def vocabulary(folder: Path) -> set[str]:
    """Return the subwords of a backbone."""
    tokenizer: dict[str, Any] = json.loads((folder / "tokenizer.json").read_text())
    return {*dict(tokenizer["model"]["vocab"])}


def test_only_the_named_languages_are_read(text: Path) -> None:
    letters = {
        name: {letter for subword in vocabulary(made(text, name, *more)) for letter in subword}
        for name, more in {"all": (), "yo": ("--languages", "yo")}.items()
    }
    assert {"b", "y"} <= letters["all"]
    assert "y" in letters["yo"]
    assert "b" not in letters["yo"]


def test_the_exponent_decides_how_much_of_a_language_is_read(text: Path) -> None:
    # Of 100 lines 10 are of the smaller language as they are, 50 when drawn equally.
    for exponent, lines in {"0": 50, "1": 10}.items():
        known = vocabulary(made(text, exponent, "--exponent", exponent, "--kind", "bert"))
        assert sum(chr(CJK + n) in known for n in range(100)) == lines


def test_skip_gram_vectors_are_the_first_embeddings(text: Path) -> None:
    pytest.importorskip("gensim")
    plain, vectors = (
        AutoModelForMaskedLM.from_pretrained(made(text, name, "--skip-gram", name))
        .get_input_embeddings()
        .weight
        for name in ("0", "1")
    )
    assert plain.std().item() == pytest.approx(0.02, rel=0.3)
    assert vectors.std().item() == pytest.approx(0.1, rel=0.1)
