"""A pipeline: what each stage writes, and what is not done twice."""

import json
import shutil
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import pytest
import yaml

from lowner_pl.__main__ import run_command
from lowner_pl.commands import command_line
from lowner_pl.commands.options.config_check import check_words
from lowner_pl.corpus import ConllFile, Sentence, read_conll, write_conll
from lowner_pl.pipelines import pipeline

from ..conftest import SAMPLE
from ..running import agree_with_every_third
from .augmenting import arguments, folder, record, spied, without

RUNS = Path("runs")  # relative, so that a copy has the same options


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return spied(monkeypatch)


@pytest.fixture(scope="module")
def parsed() -> list[tuple[str, ...]]:
    """The command lines that were parsed for `done`."""
    return []


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, parsed: list[tuple[str, ...]]) -> Path:
    """The runs of a pipeline without a filter: a tagger this small would confirm nothing."""

    def checked(words: list[str], keys: Collection[str]) -> None:
        parsed.append(tuple(words))
        check_words(words, keys)

    root = tmp_path_factory.mktemp("augment")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command_line, "check_words", checked)
        patch.chdir(root)
        run_command(arguments(RUNS, config=without(root, "filter")))
    return root


@pytest.fixture
def config(done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The config of `done`, in a copy of its folder, which is the working directory."""
    root = shutil.copytree(done, tmp_path / "copy")
    monkeypatch.chdir(root)
    return root / "melm_conll.yaml"


@pytest.mark.usefixtures("config")
def test_one_command_runs_all_stages() -> None:
    stages = record(RUNS)
    assert list(stages) == ["gold", "finetune", "generate", "train"]
    assert all(entry["done"] for entry in stages.values())
    assert {"gold", "train"} == {stage for stage, entry in stages.items() if "test" in entry}
    new = read_conll(stages["generate"]["file"])
    gold = {s.words for s in read_conll(SAMPLE / "sw" / "train.conll")}
    assert new
    assert not gold.intersection(s.words for s in new)
    config = yaml.safe_load(
        (Path(stages["train"]["checkpoint"]).parents[1] / "config.yaml").read_text()
    )
    data = config["data"]["init_args"]
    assert data["files"] == [stages["generate"]["file"]]
    assert data["source"]["init_args"]["train_size"] == 24


@pytest.mark.usefixtures("done")
def test_no_command_line_is_parsed_twice(parsed: list[tuple[str, ...]]) -> None:
    # To check each of the four stages, to run those whose options are then known (the checkpoint,
    # the new sentences), and to test the two taggers.
    assert len(parsed) == len(set(parsed)) == 4 + 2 + 2


def test_nothing_is_done_twice(config: Path, commands: list[str]) -> None:
    before = record(RUNS)
    run_command(arguments(RUNS, config=config))
    assert commands == []
    assert record(RUNS) == before


def test_another_option_repeats_only_the_stages_it_changes(
    config: Path, commands: list[str]
) -> None:
    before = record(RUNS)
    more = ("--until=generate", "--generator.data.batch_size=5")
    run_command(arguments(RUNS, *more, config=config))
    assert commands == ["fit", "predict"]
    after = record(RUNS)
    assert after["gold"] == before["gold"]
    for stage in ("finetune", "generate"):
        assert after[stage]["signature"] != before[stage]["signature"]


def test_the_filter_reads_and_keeps_confirmed_candidates_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agree_with_every_third(monkeypatch)
    read = 0
    lines = ConllFile.__iter__

    def counted(self: ConllFile) -> Iterator[Sentence]:
        nonlocal read
        for sentence in lines(self):
            read += 1
            yield sentence

    def watched(file: Path, kept: Iterable[Sentence]) -> None:
        monkeypatch.setattr(ConllFile, "__iter__", counted)
        write_conll(file, looked_at(kept))

    def looked_at(kept: Iterable[Sentence]) -> Iterator[Sentence]:
        for number, sentence in enumerate(kept):
            assert read == 3 * number + 1  # candidates: nothing is read before it is needed
            yield sentence

    monkeypatch.setattr(pipeline, "write_conll", watched)
    run_command(arguments(tmp_path, "--until=filter"))
    assert read > 30
    augmented = read_conll(folder(tmp_path) / "augmented.conll")
    candidates = read_conll(record(tmp_path)["generate"]["file"])
    assert [s.words for s in augmented] == [s.words for s in candidates[::3]]
    report = record(tmp_path)["filter"]["report"]
    assert report["sentences_in"] == len(candidates)
    assert report["sentences_out"] == len(augmented)
    assert report["dropped"] == {"tags_differ": len(candidates) - len(augmented)}


def test_another_pipeline_shares_equal_stages(config: Path, commands: list[str]) -> None:
    # Of MLM-Entity the tagger of gold sentences, of the other row all but the last stage.
    other = without(config.parent, "filter", name="other.yaml")
    plain = without(config.parent, "filter", "finetune", name="plain.yaml")
    run_command(arguments(RUNS, config=other))
    assert commands == ["fit", "test"]
    trained = [record(RUNS, name)["train"]["checkpoint"] for name in ("melm_conll", "other")]
    assert trained[0] != trained[1]
    assert all(Path(file).is_file() for file in trained)
    commands.clear()
    run_command(arguments(RUNS, "--until=generate", config=plain))
    assert commands == ["predict"]


def test_a_stage_whose_file_was_overwritten_is_done_again(
    config: Path, commands: list[str]
) -> None:
    file = Path(record(RUNS)["generate"]["file"])
    file.touch()
    run_command(arguments(RUNS, "--until=generate", config=config))
    assert commands == ["predict"]
    assert record(RUNS)["generate"]["done"]


def test_a_config_for_all_stages_does_not_limit_the_union(tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.yaml"
    data = {"class_path": "SampleDataModule", "init_args": {"language": "sw", "train_size": 20}}
    overlay.write_text(yaml.safe_dump({"data": data}))
    config = without(tmp_path, "filter", "finetune")
    left_out = ("train_size", "embedded")
    words = [w for w in arguments(tmp_path, config=config) if not any(n in w for n in left_out)]
    run_command([*words, f"--config={overlay}"])
    stages = record(tmp_path)
    run = Path(stages["train"]["checkpoint"]).parents[1]
    data = yaml.safe_load((run / "config.yaml").read_text())["data"]["init_args"]
    assert data["source"]["init_args"]["train_size"] == 20
    assert data["train_size"] is None


def test_each_of_the_two_models_has_options_of_its_own(tmp_path: Path) -> None:
    words = ["--tagger.trainer.max_epochs=1", "--generator.model.rounds", "1"]
    config = without(tmp_path, "filter")
    run_command(arguments(tmp_path, *words, "--until=generate", config=config))
    stages = record(tmp_path)
    epochs = {
        stage: yaml.safe_load(
            (Path(stages[stage]["checkpoint"]).parents[1] / "config.yaml").read_text()
        )["trainer"]["max_epochs"]
        for stage in ("gold", "finetune")
    }
    assert epochs == {"gold": 1, "finetune": 2}
    report = json.loads(Path(stages["generate"]["file"]).with_suffix(".json").read_text())
    assert report["candidates"] == report["sentences_in"] == 24


def test_without_fine_tuning_the_backbone_generates(tmp_path: Path) -> None:
    run_command(arguments(tmp_path, "--until=generate", config=without(tmp_path, "finetune")))
    stages = record(tmp_path)
    assert "finetune" not in stages
    assert read_conll(stages["generate"]["file"])
