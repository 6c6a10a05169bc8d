"""What a pipeline refuses, and what it says when no sentences are left."""

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml

from lowner_pl.__main__ import run_command
from lowner_pl.commands.run_config import run_with, signature_of
from lowner_pl.corpus import Candidate, Sentence, read_conll
from lowner_pl.modules import MELMLightningModule
from lowner_pl.modules.generation.entity_generator import NOTHING_ALLOWED
from lowner_pl.pipelines.stage_record import StageRecord

from .augmenting import arguments, folder, record, spied, without


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        (
            {"gold": "a.yaml", "polish": "b.yaml"},
            r"there is no stage 'polish'. The stages are gold, ",
        ),
        ({"gold": "a.yaml", "fliter": "b.yaml"}, r"no stage 'fliter'. Did you mean filter\?"),
        ({"gold": "gold_conll.yaml"}, "`stages` names no configuration for generate, train"),
    ],
)
def test_unknown_and_missing_stages_are_refused(
    tmp_path: Path, stages: dict[str, str], message: str
) -> None:
    file = tmp_path / "row.yaml"
    file.write_text(yaml.safe_dump({"stages": stages}))
    with pytest.raises(ValueError, match=message):
        run_command(["augment", f"--config={file}"])


def test_a_missing_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no configuration 'nowhere.yaml' .looked"):
        run_command(["augment", "--config=nowhere.yaml"])
    file = tmp_path / "row.yaml"
    stages = dict.fromkeys(("gold", "generate", "train"), "nowhere.yaml")
    file.write_text(yaml.safe_dump({"stages": stages}))
    with pytest.raises(FileNotFoundError, match=r"stage \w+ names the configuration .*, which"):
        run_command(["augment", f"--config={file}"])


def test_an_option_that_no_stage_has_ends_the_pipeline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run_command(arguments(tmp_path, "--model.nonsense=1"))
    assert ended.value.code == 2
    assert "nonsense" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("group", ["tagger", "generator"])
def test_an_option_that_only_a_later_stage_has_is_refused_before_the_first_one(
    tmp_path: Path,
    group: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    commands = spied(monkeypatch)
    # The tagger's last stage alone takes its configuration from what is typed.
    config = without(tmp_path) if group == "generator" else _with_wrong_last_stage(tmp_path)
    option = ["--generator.model.nope", "3"] if group == "generator" else []
    with pytest.raises(SystemExit) as ended:
        run_command(arguments(tmp_path, *option, config=config))
    assert ended.value.code == 2
    assert "nope" in capsys.readouterr().err
    assert commands == []
    assert not list(tmp_path.glob("sample-*"))


def test_a_value_that_the_generator_refuses_is_refused_before_the_first_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = spied(monkeypatch)
    with pytest.raises(ValueError, match=r"Stage finetune can't begin: `mask_rate` is 7.*must be"):
        run_command(arguments(tmp_path, "--generator.model.mask_rate", "7"))
    assert commands == []
    assert not list(tmp_path.glob("sample-*"))


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--generator.trainer.max_epochs=-7", r"Stage finetune .*max_epochs.*-7"),
        ("--generator.trainer.num_nodes=0", r"Stage finetune can't begin: .*num_nodes"),
        ("--tagger.trainer.limit_val_batches=-1", r"Stage gold can't begin: .*limit_val_batches"),
    ],
)
def test_an_option_of_trainer_is_refused_before_the_first_stage(
    tmp_path: Path, option: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = spied(monkeypatch)
    with pytest.raises(ValueError, match=message):
        run_command(arguments(tmp_path, option))
    assert commands == []


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--generator.model.mask_rat=0.5", "Did you mean --generator.model.mask_rate?"),
        ("--tagger.model.hed=crf", "Did you mean --tagger.model.head?"),
        ("--generator.trainer.max_epochz=3", "Did you mean --generator.trainer.max_epochs?"),
        ("--generator.trainer.max_epochs=x", "--generator.trainer.max_epochs is 'x', but it must"),
        ("--tagger.model.backbone", "error: --tagger.model.backbone needs a value."),
        ("--tager.model.head=crf", "Did you mean --tagger.model.head?"),
        ("--generater.model.mask_rat=1", "Did you mean --generator.model.mask_rate?"),
        ("--tranier.max_epochs=1", "Did you mean --trainer.max_epochs?"),
        ("--untl=gold", "There is no option --untl. Did you mean --until?"),
        ("--tagger 1", "--tagger names no option. Write it in front of one, as in --tagger.trai"),
        ("--tagger.=1", "--tagger names no option."),
    ],
)
def test_a_mistyped_option_is_named_with_its_prefix(
    tmp_path: Path, option: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = arguments(tmp_path, *option.split())
    capsys.readouterr()  # the first call makes a backbone, and says so
    with pytest.raises(SystemExit) as ended:
        run_command(words)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


def _with_wrong_last_stage(root: Path) -> Path:
    """Return a pipeline whose last stage has an option that its method does not have."""
    config = without(root)
    wrong = root / "wrong.yaml"
    wrong.write_text("model:\n  init_args:\n    nope: 3\n")
    stages = yaml.safe_load(config.read_text())["stages"]
    stages["train"] = [stages["train"], str(wrong)]
    config.write_text(yaml.safe_dump({"stages": stages}))
    return config


@pytest.mark.parametrize("text", ["stages: [gold]", "stages: {gold: 3}"])
def test_stages_that_name_no_files_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "row.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"`stages` is .*, but it must name a configuration"):
        run_command(["augment", f"--config={file}"])


def test_a_pipeline_that_is_not_yaml_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "row.yaml"
    file.write_text("stages: {gold: [\n\n")
    with pytest.raises(ValueError, match=r"row.yaml, line 1: this is not YAML .*'stages: {gold"):
        run_command(["augment", f"--config={file}"])


@pytest.mark.parametrize("words", [["--ckpt_path=last"], ["--tagger.ckpt_path", "last"]])
def test_a_pipeline_finds_its_checkpoints_itself(tmp_path: Path, words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"finds its checkpoints itself and can't take `--.*last`"):
        run_command(arguments(tmp_path, *words))


def test_no_warning_repeats_the_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(SystemExit):
            run_command(arguments(tmp_path, "--model.nonsense=1"))
    assert "nonsense" in capsys.readouterr().err
    assert not [str(w.message) for w in warned if "args parameter" in str(w.message)]


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    with (
        StageRecord(folder(tmp_path)).opened(),
        pytest.raises(ValueError, match=r"Another process works on the pipeline in .*seed_12345'"),
    ):
        run_command(arguments(tmp_path))
    assert not (folder(tmp_path) / "augment.json").exists()


@pytest.mark.parametrize(
    "text",
    [
        '{"gold": {"signat',
        "[]",
        '{"gold": {"done": true}}',
        "\x00\x00",
        "[" * 100_000,
        '{"gold": {"signature": "x", "done": true, "checkpoint": 5}}',
        '{"gold": {"signature": "x", "done": true}}',
        '{"gold": {"signature": "x", "before": "y"}}',
        '{"gold": {"signature": "x", "report": {"dropped": 3}}}',
    ],
    ids=lambda text: text[:60],
)
def test_a_record_that_is_not_whole_is_refused(tmp_path: Path, text: str) -> None:
    mine = StageRecord(folder(tmp_path))
    mine.folder.mkdir(parents=True)
    mine.file.write_text(text)
    with (
        pytest.raises(ValueError, match=r"conll.*is truncated or was changed.*Move it"),
        mine.opened(),
    ):
        pass
    assert mine.file.read_text() == text


def test_the_record_of_another_pipeline_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    file = folder(tmp_path, "another") / "augment.json"
    file.parent.mkdir(parents=True)
    file.write_text("[" * 100_000)
    with pytest.raises(ValueError, match=r"another.*is truncated or was changed.*Move it"):
        run_command(arguments(tmp_path, "--until=gold"))


@pytest.mark.parametrize("text", ["", "[" * 20_000, '{"signature": "another"}', "\xff"])
def test_a_run_with_another_signature_or_none_does_not_go_on(tmp_path: Path, text: str) -> None:
    settings = {"log_root": str(tmp_path), "seed_everything": 1}
    run = tmp_path / "corpus" / "sner" / "seed_1"
    run.mkdir(parents=True)
    assert run_with(settings) is None
    (run / "signature.json").write_bytes(text.encode("latin-1"))
    assert run_with(settings) is None
    (run / "signature.json").write_text(json.dumps({"signature": signature_of(settings)}))
    assert run_with(settings) == run
    assert run_with({**settings, "variant": "x"}) is None


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_costs_no_record_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    mine = StageRecord(tmp_path / "augment")
    with mine.opened():
        mine.write("gold", {"signature": "x"})
        before = mine.file.read_text()
        with pytest.raises(OSError, match=r"^'.*augment.json' can't be written: "):
            mine.write("gold", {"signature": "x" * 200_000})
    assert mine.file.read_text() == before
    assert [file.name for file in mine.folder.iterdir()] == ["augment.json"]


def test_where_nothing_is_generated_the_reasons_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(
        self: MELMLightningModule, sentences: list[Sentence], *_: Any, **__: Any
    ) -> list[list[Candidate]]:
        return [[NOTHING_ALLOWED] * self.rounds for _ in sentences]

    config = without(tmp_path, "finetune", "filter")
    with monkeypatch.context() as patch:
        patch.setattr(MELMLightningModule, "candidates", nothing)
        message = r"Stage generate left no .*: 0 of 72 new \(nothing_allowed 72\)\. Train"
        with pytest.raises(ValueError, match=message):
            run_command(arguments(tmp_path, config=config))
    assert record(tmp_path)["generate"]["report"]["dropped"] == {"nothing_allowed": 72}
    with pytest.raises(ValueError, match="Stage generate left no sentences"):  # it is known by now
        run_command(arguments(tmp_path, config=config))


def test_where_the_filter_keeps_none_it_says_why_and_candidates_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A tagger that is trained in seconds agrees with none.
    with pytest.raises(ValueError, match=r"Stage filter left no .* \(tags_differ \d+\)\. Train"):
        run_command(arguments(tmp_path))
    stages = record(tmp_path)
    assert len(read_conll(stages["generate"]["file"])) == stages["filter"]["report"]["sentences_in"]
    # What the message advises, done: all candidates are kept, and nothing is made again.
    commands = spied(monkeypatch)
    shutil.copy(folder(tmp_path) / "augment.json", tmp_path / "before.json")
    run_command(
        arguments(tmp_path, "--tagger.trainer.max_epochs=1", config=without(tmp_path, "filter"))
    )
    assert commands == ["fit", "test", "fit", "test"]
    before = json.loads((tmp_path / "before.json").read_text())
    assert record(tmp_path)["generate"] == before["generate"]
