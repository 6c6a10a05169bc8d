"""A simulation: its rounds, what it leaves, and going on. Training is replaced by a stand-in."""

import json
from pathlib import Path

import pytest

from lowner_pl.corpus import ConllFile
from lowner_pl.pipelines.simulation.simulation import BEST, TRAIN

from .simulating import Commands, made

ALL = ["fit 5", "test 5", "fit 10", "test 10", "fit 15", "test 15"]


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(monkeypatch)


def kept(folder: Path) -> list[int]:
    """Return the sizes of the rounds that have a checkpoint."""
    return sorted(
        int(file.relative_to(folder).parts[0].removeprefix("size_"))
        for file in folder.rglob("best.ckpt")
    )


def test_each_round_adds_gold_sentences_and_only_the_last_keeps_its_checkpoint(
    tmp_path: Path, commands: Commands
) -> None:
    simulation = made(tmp_path, sizes="5 10 15")
    rounds = simulation.run().rounds
    assert commands.ran == ALL
    assert simulation.folder == tmp_path / "sample-sw" / "simulate-sner-diverse" / "seed_12345"
    files = [[*ConllFile(simulation.folder / f"size_{n}" / TRAIN)] for n in (5, 10, 15)]
    assert files[1][:5] == files[0]
    assert files[2][:10] == files[1]
    gold = {sentence.words: sentence.tags for sentence in simulation.pool}
    assert all(gold[sentence.words] == sentence.tags for sentence in files[2])
    assert [one.words for one in rounds] == [sum(len(s.words) for s in part) for part in files]
    assert [run.name for run in simulation.runs] == 3 * ["seed_12345"]
    assert kept(simulation.folder) == [15]


@pytest.mark.parametrize("stop", ["fit 10", "test 10"])
def test_a_stopped_simulation_goes_on_in_its_round(
    stop: str, tmp_path: Path, commands: Commands
) -> None:
    commands.stop = stop
    with pytest.raises(KeyboardInterrupt):
        made(tmp_path).run()
    before = len(commands.ran)
    made(tmp_path).run()
    assert commands.ran[before:] == ["fit 10 on", "test 10"]


def test_a_finished_simulation_runs_nothing_and_goes_on_to_larger_sizes(
    tmp_path: Path, commands: Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path).run()
    commands.ran.clear()
    simulation = made(tmp_path)
    simulation.run()
    assert commands.ran == []
    assert "Round 2 of 2, 10 sentences: done before, F1 66.67." in capsys.readouterr().out
    (simulation.folder / made_run(simulation.folder, 10) / BEST).unlink()  # a study removes it
    made(tmp_path, sizes="5 10 15").run()
    assert commands.ran == ["fit 10", "test 10", "fit 15", "test 15"]


def made_run(folder: Path, size: int) -> Path:
    """Return the run folder of a round, relative to that of its simulation."""
    rounds = json.loads((folder / "simulation.json").read_text())["rounds"]
    return Path(next(one["run"] for one in rounds if one["size"] == size))


@pytest.mark.parametrize(
    ("more", "sizes", "ran"), [("--model.dropout=0.3", "5 10", ALL[:4]), ("", "5 8", ["fit 8"])]
)
def test_with_other_options_or_sizes_it_begins_anew_and_keeps_the_earlier_one(
    more: str,
    sizes: str,
    ran: list[str],
    tmp_path: Path,
    commands: Commands,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made(tmp_path).run()
    commands.ran.clear()
    made(tmp_path, *filter(None, [more]), sizes=sizes).run()
    assert commands.ran == (ran if more else ["fit 5", "test 5", *ran, "test 8"])
    aside = tmp_path / "superseded" / "sample-sw" / "simulate-sner-diverse" / "seed_12345.1"
    assert (aside / "size_10" / TRAIN).is_file()
    assert f"was of other options, sizes or data and was moved to '{aside}'" in (
        capsys.readouterr().out
    )


def test_other_data_and_lengths_make_another_simulation(tmp_path: Path) -> None:
    ways = [(), ("--data.train_size=40",), ("--data.dev_size=8",), ("--max_words=20",)]
    assert len({made(tmp_path, *way).signature for way in ways}) == len(ways)
    assert made(tmp_path).signature == made(tmp_path / "elsewhere").signature


@pytest.mark.usefixtures("commands")
def test_a_changed_file_of_a_round_is_refused(tmp_path: Path) -> None:
    simulation = made(tmp_path)
    simulation.run()
    file = simulation.folder / "size_10" / TRAIN
    file.write_text(file.read_text().replace("B-PER", "B-LOC", 1))
    with pytest.raises(ValueError, match=r"size_10/train\.conll' was changed since the simulat"):
        made(tmp_path).run()
    file.unlink()
    with pytest.raises(ValueError, match=r"size_10/train\.conll', which .* can't be read: No such"):
        made(tmp_path).run()


ODD = {"size": "5", "chosen": [], "sha256": "", "words": 1, "run": "", "scores": {}}


@pytest.mark.parametrize(
    "text",
    ["{", "[]", json.dumps({"signature": "x", "strategy": "y", "rounds": [ODD]})],
)
def test_a_damaged_record_is_refused(text: str, tmp_path: Path, commands: Commands) -> None:
    simulation = made(tmp_path)
    simulation.folder.mkdir(parents=True)
    (simulation.folder / "simulation.json").write_text(text)
    with pytest.raises(ValueError, match=r"simulation\.json' is truncated or was changed"):
        simulation.run()
    assert commands.ran == []


def test_two_processes_cannot_run_one_simulation(tmp_path: Path) -> None:
    one = made(tmp_path)
    one.run_folder.lock()
    with pytest.raises(ValueError, match="Another process is training into the run folder"):
        made(tmp_path).run()
    one.run_folder.release()


def test_it_begins_anew_if_asked(tmp_path: Path, commands: Commands) -> None:
    made(tmp_path).run()
    made(tmp_path).run(anew=True)
    assert commands.ran == 2 * ALL[:4]
