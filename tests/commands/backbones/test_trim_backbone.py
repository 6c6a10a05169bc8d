import shutil
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForMaskedLM, AutoTokenizer

from lowner_pl.__main__ import run_command
from lowner_pl.commands.cli import run
from lowner_pl.corpus import Sentence
from lowner_pl.nn import load_backbone

from ...running import arguments

pytestmark = pytest.mark.usefixtures("offline")


@pytest.fixture
def folder(tmp_path: Path, swahili: list[Sentence]) -> Path:
    """A folder of raw text in two languages."""
    lines = [" ".join(sentence.words) for sentence in swahili]
    text = tmp_path / "text"
    text.mkdir()
    (text / "sw.txt").write_text("\n".join(lines[:40]))
    (text / "ve.txt").write_text("\n".join(f"ṱhoho ya {number} ḓuvha" for number in range(20)))
    return text


def trim(backbone: str, text: Path, *more: str) -> Path:
    out = text.parent / "out"
    words = [f"--backbone={backbone}", "--text", str(text), f"--folder={out}"]
    run_command(["trim-backbone", *words, *more])
    return out


def test_a_trimmed_backbone_loads_and_trains(tiny: str, folder: Path, tmp_path: Path) -> None:
    out = trim(tiny, folder, "--languages=sw")
    tokenizer = AutoTokenizer.from_pretrained(out)
    assert len(tokenizer) < 400
    assert AutoModelForMaskedLM.from_pretrained(out).config.vocab_size == len(tokenizer)
    assert len(load_backbone(str(out), needs_head=True)[2]) == len(tokenizer)
    run(arguments("fit", tmp_path, f"--model.backbone={out}", "--trainer.fast_dev_run=1"))


def test_it_says_what_it_keeps_adds_and_costs(
    tiny: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trim(tiny, folder, "--add_missing")
    screen = capsys.readouterr().out.splitlines()
    assert screen[0] == "Counting the subwords of 54 lines (sw, ve)"  # a tenth is held out
    size = len(AutoTokenizer.from_pretrained(folder.parent / "out"))
    weights = [
        f"{AutoModelForMaskedLM.from_pretrained(each).num_parameters():,}"
        for each in (folder.parent / "out", tiny)
    ]
    assert screen[1] == f"{size} of 400 subwords, {weights[0]} of {weights[1]} parameters"
    assert screen[2].startswith("  kept: 98.")
    assert "5 special tokens" in screen[2]
    assert screen[3].startswith("  new: 258 subwords for 2 letters (ṱ ḓ) and 256 bytes, which ")
    (heading,) = [line for line in screen if "subwords per held-out word" in line]
    assert heading.split("  ")[-1].strip() == "unknown %"
    (venda,) = [line for line in screen if line.strip().startswith("ve")]
    assert venda.endswith("→ 0.00 ")
    assert screen[-1] == f"Backbone: {folder.parent / 'out'}"


def test_a_missing_head_is_said(
    backbones: dict[str, Path], folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    encoder: Any = AutoModelForMaskedLM.from_pretrained(backbones["bert"]).base_model
    start = tmp_path / "encoder"
    encoder.save_pretrained(start)
    for file in backbones["bert"].glob("tokenizer*"):
        shutil.copy(file, start)
    out = trim(str(start), folder)
    said = capsys.readouterr()
    assert "  head: the backbone has none for masked language modelling; the new one" in said.out
    assert "MISSING" not in said.err
    load_backbone(str(out), needs_head=True)


def test_what_word_pieces_can_not_spell_is_said(
    backbones: dict[str, Path], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trim(str(backbones["bert"]), folder, "--add_missing")
    said = capsys.readouterr().out
    (new,) = [line for line in said.splitlines() if line.startswith("  new: ")]
    assert new.endswith(")")  # no bytes
    assert {"ṱ", "ḓ"} <= {*new.partition("characters (")[2]}
    assert "  characters that neither vocabulary nor text has stay unknown, because" in said


def test_a_vocabulary_cut_too_far_is_warned_of(
    tiny: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trim(tiny, folder, "--coverage=0.5")
    said = capsys.readouterr().err
    assert "2 of 2 languages keep less than 95% of their running subwords, such as " in said
    assert "Such a cut costs more than it saves: raise `--size` or `--coverage`" in said


def test_text_that_is_too_small_to_cut_by_is_warned_of(
    backbones: dict[str, Path],
    swahili: list[Sentence],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = [" ".join(sentence.words) for sentence in swahili[:12]]
    (tmp_path / "sw.txt").write_text("\n".join(lines))
    trim(str(backbones["bert"]), tmp_path / "sw.txt")
    said = capsys.readouterr().err
    assert "Held-out lines of sw take " in said
    assert "times as many subwords as before: the text is too small to show" in said


def test_characters_that_were_unknown_are_not_taken_for_too_little_text(
    backbones: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "am.txt"
    text.write_text("\n".join(f"ሰላም ለዓለም {number}" for number in range(20)))
    trim(str(backbones["bert"]), text, "--add_missing")
    said = capsys.readouterr()
    assert " → 0.00 " in said.out  # unknown subwords
    assert said.err == ""


def test_a_vocabulary_may_grow_by_the_subwords_that_it_lacks(tiny: str, folder: Path) -> None:
    whole = len(load_backbone(str(trim(tiny, folder, "--add_missing", "--coverage=1")))[2])
    assert whole - 1 > 400
    out = trim(tiny, folder, "--add_missing", f"--size={whole - 1}", "--overwrite")
    assert len(load_backbone(str(out))[2]) == whole - 1
    with pytest.raises(ValueError, match=r"the text has too few different subwords"):
        trim(tiny, folder, "--add_missing", f"--size={whole + 1}", "--overwrite")


def test_at_most_as_many_lines_as_asked_for_are_counted(
    tiny: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trim(tiny, folder, "--lines=10")
    assert capsys.readouterr().out.startswith("Counting the subwords of 20 lines (sw, ve)\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--size=0"], r"`--size` is 0, but it must be at least 1"),
        (["--coverage=0"], r"`--coverage` is 0.0, but it must be above 0 and at most 1"),
        (["--coverage=98"], r"`--coverage` is 98.0, but it must be above 0 and at most 1"),
        (["--lines=0"], r"`--lines` is 0, but it must be at least 1"),
        (
            ["--size=300", "--coverage=0.9"],
            r"`--size` is 300 and `--coverage` is 0.9, but each decides .*\. Give only one of them",
        ),
        (["--size=401"], r"`size` is 401, but the vocabulary of '.*' has only 400 subwords"),
        (
            ["--size=20"],
            r"`size` is 20, but the special tokens, .* alone are \d+\. Choose a larger",
        ),
        (["--size=400"], r"`size` is 400, but the text has too few different subwords of '.*"),
        (["--languages=yo"], r"There is no text file for yo"),
    ],
)
def test_bad_options_are_refused_and_nothing_is_written(
    options: list[str], message: str, tiny: str, folder: Path
) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        trim(tiny, folder, *options)
    assert [path.name for path in folder.parent.iterdir()] == ["text"]


def test_a_folder_that_is_not_empty_is_refused(tiny: str, folder: Path) -> None:
    (folder.parent / "out").mkdir()
    (folder.parent / "out" / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"`--folder` is '.*', which holds 1 file already"):
        trim(tiny, folder)


def test_a_language_without_lines_is_refused(tiny: str, folder: Path) -> None:
    (folder / "yo.txt").write_text("\n \n")
    with pytest.raises(ValueError, match=r"yo.txt: There are 0 different lines, .* or leave the"):
        trim(tiny, folder)


def test_a_backbone_without_a_fast_tokenizer_is_refused(tiny: str, folder: Path) -> None:
    copy = Path(shutil.copytree(tiny, folder.parent / "copy"))
    (copy / "tokenizer.json").unlink()
    with pytest.raises(
        ValueError, match=r"'.*copy' has no fast tokenizer. Put its `tokenizer.json`"
    ):
        trim(str(copy), folder)
