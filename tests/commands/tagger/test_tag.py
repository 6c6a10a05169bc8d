import errno
import io
import json
import os
import pty
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lowner_pl.__main__ import run_command
from lowner_pl.commands.tagger import tag as command
from lowner_pl.runs import stopping
from lowner_pl.tagging import TextTagger, loading, output
from lowner_pl.tagging.inputs import sources
from lowner_pl.tagging.tagger import Words

from ...running import finished, folder
from ...tagging.capitals import capitals


@pytest.fixture(autouse=True)
def tagger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TextTagger:
    """Let every run hold a tagger that finds capitalised words; work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "best.ckpt").write_bytes(b"")
    made = capitals(source=tmp_path / "best.ckpt", language="sw")
    monkeypatch.setattr(loading, "load", lambda *_, **__: made)
    return made


def tag(*words: str) -> None:
    """Run the command."""
    run_command(["tag", *words, "--run=some/run"])


def rows(text: str) -> list[list[str]]:
    """Return the entities of each line of JSON."""
    return [[e["text"] for e in json.loads(line)["entities"]] for line in text.splitlines()]


def test_texts_are_tagged_to_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    tag("Anna left.", "😀 Berta Carla left.", "--min_confidence=0.2")
    out, err = capfd.readouterr()
    assert rows(out) == [[], ["Berta Carla"]]
    assert json.loads(out.splitlines()[1])["entities"][0]["start"] == 2
    assert "(PER); words by ICU" in err


def test_the_name_of_the_output_chooses_the_format() -> None:
    Path("a.txt").write_text("Anna left.\n\nBerta.\n")
    for name, start in {
        "a.jsonl": '{"text"',
        "a.conll": "Anna\tB-PER\nleft\tO",
        "a.html": "<!DOCTYPE",
        "b.txt": "[Anna | PER 10 %] left.\n\n[Berta",
        "odd": '{"text"',
    }.items():
        tag("a.txt", f"--out={name}")
        assert Path(name).read_text().startswith(start)
    tag("a.txt", "--out=c.jsonl", "--format=conll")
    assert Path("c.jsonl").read_text().startswith("Anna\tB-PER")


def test_standard_input_is_read_line_by_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Anna\nleft Berta")))
    tag()
    assert rows(capfd.readouterr().out) == [["Anna"], ["Berta"]]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Anna\n")))
    tag("-", "--out=a.jsonl")
    assert rows(Path("a.jsonl").read_text()) == [["Anna"]]


def test_a_stopped_command_goes_on_to_the_same_file(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("a.txt").write_text("".join(f"Anna{number} left.\n" for number in range(2_000)))
    tag("a.txt", "--out=whole.html")
    original = TextTagger.stream
    tagged = 0

    def stops(self: TextTagger, *texts: Any, **options: Any) -> Iterator[Words]:
        nonlocal tagged
        for words in original(self, *texts, **options):
            tagged += 1
            if tagged == 1_500:
                raise KeyboardInterrupt
            yield words

    monkeypatch.setattr(TextTagger, "stream", stops)
    with pytest.raises(KeyboardInterrupt):
        tag("a.txt", "--out=whole.html", "--overwrite")
    tag("a.txt", "--out=whole.html", "--overwrite")
    assert tagged == 1_500 + 2_000 - 1_499
    assert "Going on after 1,499 texts" in capfd.readouterr().err
    tag("a.txt", "--out=again.html")
    assert Path("whole.html").read_text() == Path("again.html").read_text().replace(
        "again", "whole"
    )
    assert not [*Path().glob(".*")]


def test_whatever_the_output_depends_on_is_part_of_its_signature(
    tagger: TextTagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("a.txt").write_text("Anna")

    def signature(*words: str) -> str | None:
        options = command._parser([]).parse_args([*words, "--run=some/run"])
        read = {"kind": options.read, "column": options.column, "encoding": options.encoding}
        options.format = options.format or "jsonl"
        return command._signature(tagger, sources(options.inputs, **read), options)

    found = [signature("a.txt", *more) for more in ([], ["--batch_size=7"], ["--overwrite"])]
    assert len({*found}) == 1
    for more in (
        ["--format=conll"],
        ["--min_confidence=0.1"],
        ["--split=none"],
        ["--column=body"],
        ["--encoding=latin-1"],
        ["--read=csv"],
        ["a.txt"],
    ):
        found.append(signature("a.txt", *more))
    found += [signature("Anna"), signature("Berta")]
    Path("a.txt").write_text("Anna left")
    found.append(signature("a.txt"))
    Path("best.ckpt").write_bytes(b"trained again")
    found.append(signature("a.txt"))
    monkeypatch.setattr(tagger.splitter, "rules", "ICU 1.0")
    found.append(signature("a.txt"))
    assert len({*found}) == len(found) - 2
    os.mkfifo("pipe")
    assert None not in found
    assert signature("pipe") is None
    assert signature("-") is None


def test_what_is_said_around_the_tagging(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    advice: list[str] = []
    monkeypatch.setattr(stopping, "advise", advice.append)
    tag("Anna", "--out=a.jsonl")
    assert "Tagged 1 text: a.jsonl" in capfd.readouterr().err
    assert advice == ["Run the same command again: it goes on with a.jsonl."]
    tag("Anna", "Berta", "--format=html")
    assert "<title>Tagged text</title>" in capfd.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Anna\nleft\n")))
    tag("-", "--out=b.jsonl")
    assert "Tagged 2 texts: b.jsonl" in capfd.readouterr().err
    assert len(advice) == 1


def test_standard_output_is_utf_8_whatever_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    received = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(received, encoding="ascii"))
    tag("Zoë.", "--format=text")
    assert received.getvalue().decode() == "[Zoë | PER 10 %].\n"


def test_a_bad_line_leaves_no_output_and_names_itself() -> None:
    Path("a.jsonl").write_text('{"text": "Anna"}\nno\n')
    with pytest.raises(ValueError, match=r"a\.jsonl, line 2: It is no JSON"):
        tag("a.jsonl", "--out=b.jsonl")
    assert sorted(path.name for path in Path().iterdir()) == ["a.jsonl", "best.ckpt"]


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_says_whether_the_same_command_goes_on(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("a.txt").write_text("".join(f"Anna{number} left.\n" for number in range(2_000)))
    monkeypatch.setattr(output, "SECONDS", -1.0)  # note after each text
    for _ in range(2):
        with pytest.raises(OSError, match=r"File too large.*goes on after [\d,]+ texts") as caught:
            tag("a.txt", "--out=b.jsonl")
    kept = re.findall(r"after ([\d,]+) texts", str(caught.value))
    assert f"Going on after {kept[0]} texts" in capfd.readouterr().err
    assert kept[0] > "1,"
    assert sorted(path.name for path in Path().iterdir()) == [
        ".b.jsonl.progress",
        ".b.jsonl.unfinished",
        "a.txt",
        "best.ckpt",
    ]


def test_a_full_disk_behind_standard_output_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    with pytest.raises(OSError, match=r"output can't be written: No space left.*With --out FILE"):
        tag("Anna left.")


def test_bad_options_are_refused_before_anything_is_loaded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(loading, "load")
    Path("a.txt").write_text("Anna")
    for words, message in {
        ("x", "--min_confidence=2"): "`--min_confidence` is 2.0",
        ("x", "--batch_size=0"): "`--batch_size` is 0",
        ("a.txt", "--out=a.txt"): "is an input",
        ("x", "--out=a.txt"): "Add --overwrite",
        ("no.csv",): "no file 'no.csv'",
    }.items():
        with pytest.raises((ValueError, OSError), match=message):
            tag(*words)
    for words, message in {
        ("x", "--split=word"): "unicode",
        ("x", "--fromat=html"): "--format",
    }.items():
        with pytest.raises(SystemExit):
            tag(*words)
        assert message in capsys.readouterr().err


def test_a_terminal_sees_each_line_at_once(
    tagger: TextTagger, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs) as stdin, os.fdopen(ours, "wb", buffering=0) as keyboard:
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(ValueError, match="There is nothing to tag"):
            tag()
        keyboard.write(b"Anna\nBerta\n\x04")
        tag("-")
    assert rows(capfd.readouterr().out) == [["Anna"], ["Berta"]]
    assert command._beginning(tagger).count("\n") == 0


def test_missing_dictionaries_are_mentioned(tagger: TextTagger) -> None:
    tagger.splitter.rules = "regex 1.0"
    assert "`pip install icu4py` mends it" in command._beginning(tagger)


def test_a_trained_run_tags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.undo()
    run = folder(finished(tmp_path))
    capfd.readouterr()  # what training printed, if no other test has trained this run
    run_command(["tag", "Wangari Maathai alizaliwa Nyeri.", "--run", str(run)])
    assert json.loads(capfd.readouterr().out)["text"] == "Wangari Maathai alizaliwa Nyeri."
