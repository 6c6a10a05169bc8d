import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from lowner_pl.__main__ import run_command
from lowner_pl.annotation import read_documents
from lowner_pl.annotation.formats.json_formats.fields import SUGGESTED
from lowner_pl.annotation.suggest import choose
from lowner_pl.commands.annotation import suggest as command
from lowner_pl.corpus import Sentence, read_conll, write_conll
from lowner_pl.runs.files import claim
from lowner_pl.tagging import load
from lowner_pl.tagging.run_files import run_files
from lowner_pl.tagging.unfinished import check_finished

from ...conftest import SAMPLE
from ...running import finished, folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained run."""
    return folder(finished(tmp_path_factory.mktemp("runs")))


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder with a text of 40 sentences, of which 10 have been annotated."""
    monkeypatch.chdir(tmp_path)
    test, train = (read_conll(SAMPLE / "sw" / f"{name}.conll") for name in ("test", "train"))
    lines = [" ".join(sentence.words) for sentence in (*test[:30], *train[:10])]
    Path("raw.txt").write_text("\n".join(lines) + "\n")
    Path("other.conll").write_text("Jina\tO\nlake\tO\nAnna\tB-PER\n")


def suggest(run: Path, *words: str, text: str = "raw.txt") -> None:
    """Run the command."""
    options = ["--run", str(run), "--text", text, "--split", "whitespace", "--annotated"]
    run_command(["suggest", *options, "other.conll", *words])


def rows(screen: str) -> dict[str, str]:
    """Read the table that the command prints."""
    found = (re.fullmatch(r"(.+?)\s{2,}([\d.,]+)\s*", line.strip()) for line in screen.splitlines())
    return {one[1]: one[2] for one in found if one}


def test_suggestions_are_written_with_origin_score_and_reason(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suggest(run, "--count=5", "--out=next.conll")
    out, err = capsys.readouterr()
    table = rows(out)
    assert table["sentences read"] == "40"
    assert table["sentences chosen"] == "5"
    assert {"PER expected", "LOC expected", "ORG expected"} <= set(table)
    assert "Annotated sentences left out: 1 (other.conll)\n" in out
    assert "best first: next.conll" in err
    lines = Path("raw.txt").read_text().splitlines()
    text = Path("next.conll").read_text()
    found = read_conll("next.conll")
    heads = re.findall(
        r"^# suggestion (\d), uncertainty, score (\S+): (.+)\n# from (.+)$", text, re.M
    )
    assert [head[0] for head in heads] == ["1", "2", "3", "4", "5"]
    scores = [float(head[1]) for head in heads]
    assert scores == sorted(scores, reverse=True)
    for sentence, (_, score, reason, origin) in zip(found, heads, strict=True):
        number = int(origin.removeprefix("raw.txt, line "))
        assert lines[number - 1] == " ".join(sentence.words)
        assert f"-log p of {float(score):.3f}" in reason


def test_the_data_of_the_run_are_left_out_by_default(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--run", str(run), "--text", "raw.txt", "--split=whitespace", "--strategy=random"]
    # Test data are left out, too, and training data beyond the run's `train_size`.
    with pytest.raises(ValueError, match=r"of 40 .* only 0 .*\(already annotated: 40\)"):
        run_command(["suggest", *options, "--out=a.conll", "--count=1"])
    train = read_conll(SAMPLE / "sw" / "train.conll")
    new = [Sentence(s.words[::-1], ("O",) * len(s.words)) for s in train[:3]]
    write_conll("pool.conll", [*train[3:6], *new])
    options[3] = "pool.conll"
    run_command(["suggest", *options, "--out=a.conll", "--count=3", "--max_words=200"])
    assert rows(capsys.readouterr().out)["already annotated"] == "3"
    assert {s.words for s in read_conll("a.conll")} == {s.words for s in new}


@pytest.mark.parametrize("format", ["doccano", "label_studio", "prodigy", "webanno", "brat"])
def test_every_format_holds_the_suggestions(
    format: Any, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suggest(run, "--count=4", "--out=next.out", f"--format={format}", "--strategy=random")
    found = list(read_documents("next.out", format))
    text = "\n".join(document.text for document in found)
    lines = Path("raw.txt").read_text().splitlines()
    assert sum(line in text for line in lines) >= 4
    if format in ("doccano", "label_studio", "prodigy"):
        first = json.dumps([dict(document.metadata) for document in found])
        assert "raw.txt, line" in first
        assert "drawn at random" in first
        # `convert` knows what is ours by these names.
        assert all({*document.metadata} <= {*SUGGESTED, "id"} for document in found)
    else:
        assert "note: " in capsys.readouterr().err


def test_the_same_seed_gives_the_same_file(run: Path) -> None:
    for name in ("a", "b"):
        suggest(run, "--count=5", f"--out={name}.conll", "--strategy=bald", "--passes=2")
    suggest(run, "--count=5", "--out=c.conll", "--strategy=bald", "--passes=2", "--seed=1")
    a, b, c = (Path(f"{name}.conll").read_text() for name in "abc")
    assert a == b != c


def test_nothing_that_exists_is_replaced(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = Path("raw.txt").read_text()
    with pytest.raises(ValueError, match=r"'raw.txt' is an input"):
        suggest(run, "--out=raw.txt")
    with pytest.raises(ValueError, match=r"'other.conll' is an input"):
        suggest(run, "--out=other.conll")
    Path("done.conll").write_text("annotated")
    with pytest.raises(ValueError, match=r"'done.conll' exists, and may hold annotation"):
        suggest(run, "--out=done.conll")
    Path("dangling.conll").symlink_to("nowhere")
    with pytest.raises(ValueError, match=r"'dangling.conll' exists"):
        suggest(run, "--out=dangling.conll")

    def slow(*words: Any, **options: Any) -> Any:
        Path("late.conll").write_text("annotated")
        return choose(*words, **options)

    monkeypatch.setattr(command, "choose", slow)
    with pytest.raises(ValueError, match=r"'late.conll' has appeared"):
        suggest(run, "--out=late.conll", "--count=1")
    assert Path("done.conll").read_text() == Path("late.conll").read_text() == "annotated"
    assert Path("raw.txt").read_text() == text


def test_an_error_leaves_no_file(run: Path) -> None:
    with pytest.raises(ValueError, match=r"--count is 99, but of 40 .* only 40 can be"):
        suggest(run, "--out=next.conll", "--count=99")
    assert not [*Path().glob("*next*"), *Path().glob(".*")]


def test_bad_options_are_refused_before_anything_is_loaded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(command, "load")
    for words, message in {
        ("--count=0",): "`--count` is 0",
        ("--min_words=9", "--max_words=8"): "`--max_words` is 8",
        ("--temperature=0",): "`--temperature` is 0",
        ("--strategy=random", "--measure=path"): "--measure is an option of .* uncertainty and div",
        ("--passes=5",): "--passes is an option of --strategy bald, but the strategy is uncertain",
        ("--strategy=bald", "--passes=1"): "`--passes` is 1",
        ("--out=next.jsonl",): r"ends in .jsonl, which does not tell .* doccano or prodigy",
        ("--text=no.txt",): "no file 'no.txt'",
    }.items():
        with pytest.raises((ValueError, OSError), match=message):
            suggest(Path("some/run"), "--out=next.conll", *words)
    with pytest.raises(SystemExit):
        suggest(Path("some/run"), "--out=next.conll", "--strategy=best")
    assert "uncertainty" in capsys.readouterr().err


def test_a_run_that_is_not_there_or_not_finished_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no run 'typo'"):
        suggest(Path("typo"), "--out=next.conll")
    own = folder(finished(tmp_path / "own"))
    config = yaml.safe_load((own / "config.yaml").read_text())
    config["trainer"]["max_epochs"] = 9
    (own / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(ValueError, match=r"stopped after 3 of 9 epochs\. Continue it .* --run "):
        suggest(own, "--out=next.conll")
    suggest(own / "checkpoints" / "best.ckpt", "--out=next.conll", "--count=1")
    last = own / "checkpoints" / "last.ckpt"
    saved = torch.load(last, weights_only=True)
    for change, limits, message in (
        ({"is_last_batch": False}, {}, "stopped in epoch 3 of 9"),
        ({}, {"max_steps": saved["global_step"]}, None),
        ({}, {"max_time": "00:01:00:00"}, None),
        ({}, {"max_epochs": -1}, None),
    ):
        saved["loops"]["fit_loop"]["epoch_loop.batch_progress"] |= change
        torch.save(saved, last)
        changed = {**config, "trainer": {**config["trainer"], **limits}}
        (own / "config.yaml").write_text(yaml.safe_dump(changed))
        if message:
            with pytest.raises(ValueError, match=message):
                check_finished(own, run_files(own))
        else:
            check_finished(own, run_files(own))
    (own / "config.yaml").write_text(yaml.safe_dump(config))
    torch.save({**saved, "callbacks": {"EarlyStopping": {"stopped_epoch": 2}}}, last)
    check_finished(own, run_files(own))
    lock = claim(own, "")
    with pytest.raises(ValueError, match=r"is still being trained\. Wait until it ends, or give"):
        suggest(own, "--out=other.out")
    lock.release()


def test_a_tagger_without_temperature_needs_one(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def uncalibrated(*words: Any, **options: Any) -> Any:
        tagger = load(*words, **options)
        assert tagger.module.origin is not None
        tagger.module.origin.pop("temperature")
        tagger.temperature = 1.0
        return tagger

    monkeypatch.setattr(command, "load", uncalibrated)
    with pytest.raises(ValueError, match=r"has no temperature.*add --temperature 1"):
        suggest(run, "--out=next.conll")
    scores = []
    for number, temperature in enumerate(("1", "3")):
        name = f"{number}.conll"
        suggest(run, f"--out={name}", "--count=1", f"--temperature={temperature}")
        scores.append(Path(name).read_text().split("score ")[1].split(":")[0])
    assert scores[0] != scores[1]
    assert capsys.readouterr().out.count("sentences chosen") == 2


def test_data_of_a_run_that_are_gone_are_named(tmp_path: Path) -> None:
    own = folder(finished(tmp_path / "own"))
    config = yaml.safe_load((own / "config.yaml").read_text())
    paths = {"train_path": "gone.conll", "test_path": "gone.conll"}
    config["data"] = {"class_path": "lowner_pl.datamodules.ConllDataModule", "init_args": paths}
    (own / "config.yaml").write_text(yaml.safe_dump(config))
    words = ["suggest", "--run", str(own), "--text=raw.txt", "--out=next.conll"]
    with pytest.raises(FileNotFoundError, match=r"can't be read, .*gone.conll.* --annotated"):
        run_command(words)
    suggest(own, "--out=next.conll", "--count=1")
