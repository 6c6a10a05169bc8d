"""The row of commands: what each stage leaves, what is done twice, and what is refused."""

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lowner_pl import pipeline
from lowner_pl.cli import run
from lowner_pl.commands import run_command
from lowner_pl.corpus import ConllFile, Sentence, read_conll, write_conll

from .commands import CONFIGS, agree_with_every_third, small_backbone
from .conftest import SAMPLE


def arguments(root: Path, *more: str, config: Path = CONFIGS / "melm_conll.yaml") -> list[str]:
    """Return the words of a small, quick pipeline on the Swahili sample."""
    return [
        "augment",
        f"--config={config}",
        f"--config={CONFIGS / 'embedded.yaml'}",
        f"--log_root={root}",
        f"--model.backbone={small_backbone()}",
        "--trainer.enable_progress_bar=false",
        "--trainer.enable_model_summary=false",
        "--trainer.max_epochs=2",
        "--data.train_size=24",
        "--data.dev_size=12",
        *more,
    ]


def folder(root: Path, name: str = "melm_conll") -> Path:
    return root / "sample-sw" / f"augment-{name}" / "seed_12345"


def record(root: Path, name: str = "melm_conll") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder(root, name) / "augment.json").read_text())
    return found


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that a pipeline runs, those that only show their configuration left out."""
    seen: list[str] = []

    def spied(words: list[str]) -> Any:
        if "--print_config" not in words:
            seen.append(" ".join([words[0], *(w for w in words if "ckpt_path=last" in w)]))
        return run(words)

    monkeypatch.setattr(pipeline, "run", spied)
    return seen


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs of a whole pipeline whose filter keeps all: a tagger this small agrees with none."""
    root = tmp_path_factory.mktemp("augment")
    run_command(arguments(root, config=without(root, "filter")))
    return root


def without(root: Path, *stages: str, name: str = "melm_conll.yaml") -> Path:
    """Return a copy of MELM's pipeline that lacks some stages."""
    whole = yaml.safe_load((CONFIGS / "melm_conll.yaml").read_text())["stages"]
    left = {stage: str(CONFIGS / file) for stage, file in whole.items() if stage not in stages}
    file = root / name
    file.write_text(yaml.safe_dump({"stages": left}))
    return file


def test_one_command_runs_the_row(done: Path) -> None:
    stages = record(done)
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


def test_nothing_is_done_twice(done: Path, commands: list[str]) -> None:
    before = record(done)
    run_command(arguments(done, config=done / "melm_conll.yaml"))
    assert commands == []
    assert record(done) == before


def test_another_option_does_over_what_it_changes(
    done: Path, tmp_path: Path, commands: list[str]
) -> None:
    root = shutil.copytree(done, tmp_path / "copy")
    before = record(root)
    config = without(tmp_path, "filter")
    words = arguments(root, "--until=generate", config=config)
    run_command(words)  # log_root is an option, too: other paths, other signatures
    commands.clear()
    run_command([*words, "--data.batch_size=4"])
    assert commands == ["fit", "test", "fit", "predict"]
    assert record(root)["gold"]["signature"] != before["gold"]["signature"]


def test_a_stopped_stage_goes_on(
    tmp_path: Path, commands: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spied: Any = vars(pipeline)["run"]

    def stopped(words: list[str]) -> Any:
        cli = spied(words)
        if words[0] == "fit" and "--print_config" not in words:
            raise KeyboardInterrupt
        return cli

    monkeypatch.setattr(pipeline, "run", stopped)
    with pytest.raises(KeyboardInterrupt):
        run_command(arguments(tmp_path, "--until=gold"))
    assert "done" not in record(tmp_path)["gold"]
    monkeypatch.setattr(pipeline, "run", spied)
    run_command(arguments(tmp_path, "--until=gold"))
    assert commands == ["fit", "fit --ckpt_path=last", "test"]
    assert record(tmp_path)["gold"]["done"]


def test_the_filter_keeps_what_the_gold_tagger_confirms_as_it_reads(
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


def test_another_pipeline_shares_the_stages_that_are_the_same(
    done: Path, tmp_path: Path, commands: list[str]
) -> None:
    # Of MLM-Entity the tagger of gold sentences, of the other row all but the last stage.
    root = shutil.copytree(done, tmp_path / "copy")
    both = [without(tmp_path, "filter", name=name) for name in ("one.yaml", "other.yaml")]
    plain = without(tmp_path, "filter", "finetune", name="plain.yaml")
    run_command(arguments(root, config=both[0]))
    commands.clear()
    run_command(arguments(root, config=both[1]))
    assert commands == ["fit", "test"]
    trained = [record(root, name)["train"]["checkpoint"] for name in ("one", "other")]
    assert trained[0] != trained[1]
    assert all(Path(file).is_file() for file in trained)
    commands.clear()
    run_command(arguments(root, "--until=generate", config=plain))
    assert commands == ["predict"]


def test_what_was_written_over_is_done_again(done: Path, commands: list[str]) -> None:
    file = Path(record(done)["generate"]["file"])
    file.touch()
    run_command(arguments(done, "--until=generate", config=done / "melm_conll.yaml"))
    assert commands == ["predict"]
    assert record(done)["generate"]["done"]


def test_a_config_on_all_stages_does_not_cut_the_union(tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(yaml.safe_dump({"data": {"init_args": {"train_size": 20}}}))
    config = without(tmp_path, "filter", "finetune")
    words = [word for word in arguments(tmp_path, config=config) if "train_size" not in word]
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


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ({"gold": "a.yaml", "polish": "b.yaml"}, r"Stages must be of gold, .*, was: \['polish'\]"),
        ({"gold": "melm_1_gold.yaml"}, "must name a config .* was: none for generate, train"),
    ],
)
def test_stages_that_make_no_pipeline_are_refused(
    tmp_path: Path, stages: dict[str, str], message: str
) -> None:
    file = tmp_path / "row.yaml"
    file.write_text(yaml.safe_dump({"stages": stages}))
    with pytest.raises(ValueError, match=message):
        run_command(["augment", f"--config={file}"])


def test_a_config_that_is_nowhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"must be a file, was: 'nowhere.yaml'"):
        run_command(["augment", "--config=nowhere.yaml"])
    file = tmp_path / "row.yaml"
    stages = dict.fromkeys(("gold", "generate", "train"), "nowhere.yaml")
    file.write_text(yaml.safe_dump({"stages": stages}))
    with pytest.raises(FileNotFoundError, match=r"Stage \w+ needs its config, was: no"):
        run_command(["augment", f"--config={file}"])


def test_an_option_that_no_stage_knows_ends_the_pipeline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run_command(arguments(tmp_path, "--model.nonsense=1"))
    assert ended.value.code == 2
    assert "nonsense" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
