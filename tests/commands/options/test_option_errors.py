"""A mistyped command line is answered in one sentence, with the nearest name and exit status 2."""

import re
import sys
from pathlib import Path

import pytest

from lowner_pl import __main__ as entry
from lowner_pl.commands.cli import run
from lowner_pl.commands.failures import describe
from lowner_pl.commands.options.nearest import nearest

from ...running import CONFIGS

MANER = [f"--config={CONFIGS / 'maner_wikiann.yaml'}", f"--config={CONFIGS / 'embedded.yaml'}"]
MISTYPED = {
    "--data.train_sise 10": r"no option --data.train_sise .* Did you mean --data.train_size\?",
    "--data.langage=sw": r"no option --data.langage for Sample.* Did you mean --data.language\?",
    "--model.hed crf": r"no option --model.hed for MANER.*Module. Did you mean --model.head\?",
    "--model.optimizer.init_args.lrr 1": r"for AdamW. Did you .* --model.optimizer.init_args.lr\?",
    "--model.optimizer.lrr 1": r"for AdamW. Did you mean --model.optimizer.lr\?",
    "--model.optimizer.init_arg.lr 1": r"Did you mean --model.optimizer.init_args.lr\?",
    "--data AugmentedDataModule --data.source ConllDataModule --data.source.trainpath x": (
        r"--data.source.trainpath for ConllDataModule. Did you mean --data.source.train_path\?"
    ),
    "--data.train_path x": r"--data.train_path for SampleDataModule\. ConllDataModule has it\.",
    "--trainer.acclerator cpu": r"no option --trainer.acclerator. Did you mean --trainer.accele",
    "--best_checkpoint.monitr x": r"Did you mean --best_checkpoint.monitor\?",
    "--ckpt_pth last": r"There is no option --ckpt_pth. Did you mean --ckpt_path\?",
    "--conf x.yaml": r"There is no option --conf. Did you mean --config\?",
    "--trainer.max_epo 3": r"no option --trainer.max_epo. Did you mean --trainer.max_epochs\?",
    "--train_size 3": r"There is no option --train_size. Did you mean --data.train_size\?",
    "--nonsense 1": r"no option --nonsense. `python -m lowner_pl fit --help-all` lists them",
    "-x": r"There is no option -x\.",
    "--model SNERLightningModule --model.marker mask": r"for SNERLightningModule\. MANER.* it\.",
    "--model.zzz 1": r"--model.zzz for MANER.*`python -m lowner_pl fit --model.help MANER.*` lists",
    "--data.tag_column 3": r"no option --data.tag_column for SampleDataModule\. .* ha(s|ve) it\.",
    f"--trainer.max_epochs {'7' * 5000}": rf"max_epochs can't be '{'7' * 80}': Exceeds the limit",
    "extra": r"'extra' stands alone. Every value needs an option before it\.",
    "my.yaml": r"'my.yaml' stands alone. .* Did you mean --config my.yaml\?",
    "--config": r"^--config needs a value\.",
    "--trainer.max_epochs": r"^--trainer.max_epochs needs a value\.",
    "--model.head": r"^--model.head needs a value\.",
    "--data ConllDataModule --data.train_path --model.head crf": r"^--data.train_path needs a val",
    "--model SNERLightningModul": r"no class 'SNERLightningModul' for --model. Did you mean SNERL",
    "--model No.Such": r"no class 'No' for --model. Use one of DAGA.*, or a YAML file",
    "--model.help SNERLightningModul": r"for `model`. Did you mean SNERLightningModule\?",
    "--data lowner_pl.datamodules.ConllDataModul": r"for --data. Did you mean ConllDataModule\?",
    "--data AugmentedDataModule --data.source ConlDataModule": (
        r"no class 'ConlDataModule' for --data.source. Did you mean ConllDataModule\?"
    ),
    "--model.optimizer AdamV": r"no class 'AdamV' for --model.optimizer. Did you mean Adam\?",
    "--model.optimizer torch.optim.AdamV": r"no class 'AdamV' .* Did you mean Adam\?",
    "--trainer.callbacks EarlyStoping": r"Did you mean EarlyStopping\?",
    "--trainer.callbacks+=EarlyStoping": r"Did you mean EarlyStopping\?",
    "--model.head crff": r"--model.head is 'crff', but it must be softmax or crf. Did you mean crf",
    "--data.train_size ten": r"--data.train_size is 'ten', but it must be a whole number or null\.",
    "--data.batch_size 3.5": r"--data.batch_size is '3.5', but it must be a whole number\.",
    "--data.batch_size=": r"--data.batch_size is '', but it must be a whole number\.",
    "--data.type_map 3": r"is '3', but it must be a mapping such as {ORG: PER} or null\.",
    "--keep_last maybe": r"--keep_last is 'maybe', but it must be true or false\.",
    "--seed_everything abc": r"is 'abc', but it must be true, false or a whole number\.",
    "--model.optimizer.init_args.lr fast": r"\.lr is 'fast', but it must be a number\.",
    "--trainer.precision bf16true": r"be auto, .*, 16, bf16 or null. Did you mean bf16-true\?",
    "--trainer.precision 17": r"--trainer.precision is '17', but it must be .*, bf16 or null",
    "--trainer.logger.foo x": r"`trainer.logger` has options, but no class is chosen",
    "--print_config=foo": r"--print_config is 'foo', but it must be comments, ",
    f"--keep_last {'x' * 9999}": rf"--keep_last is '{'x' * 80}', but",
    f"--{'x' * 9999} 1": rf"There is no option --{'x' * 78}\.",
}
FILES = {
    "model:\n  init_args:\n    hed: crf\n": r"line 3: there is no option `hed` .*mean `head`\?",
    "data:\n  init_args:\n    train_size: ten\n": r"line 3: `train_size` is 'ten', but it must be",
    "trainer:\n  max_epoch: 3\n": r"line 2: .* no option `trainer.max_epoch`. .*max_epochs`\?",
    "model:\n  class_path: SNERLightningModul\n": r"line 2: `model`: .* no class 'SNER.*Module\?",
    "model:\n  init_arg: {head: crf}\n": r"line 2: there is no option `init_arg` .*`init_args`\?",
    "model: {init_args:\n  {optimizer:\n    {init_args: {lrr: 1}}}}\n": r"line 3: .*`lrr` .*`lr`\?",
}


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that must end with status 2, and return its one sentence."""
    with pytest.raises(SystemExit) as ended:
        run(words)
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
    assert len(said.err) < 400
    return said.err.removeprefix("error: ")


@pytest.mark.parametrize("options", MISTYPED, ids=lambda text: text[:40])
def test_a_mistyped_command_line_is_answered_in_one_sentence(
    options: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = refused(["fit", *MANER, *options.split()], capsys)
    assert re.search(MISTYPED[options], sentence), sentence


def test_a_value_of_the_report_must_be_true_or_false(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(["test", *MANER, "--report", "maybe"], capsys) == (
        "--report is 'maybe', but it must be true or false.\n"
    )
    assert "There is no option --report" in refused(["fit", *MANER, "--report"], capsys)


@pytest.mark.parametrize("text", FILES)
def test_a_mistyped_option_of_a_file_is_named_with_its_line(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    sentence = refused(["fit", *MANER, f"--config={file}"], capsys)
    assert sentence.startswith(f"{file}, line ")
    assert re.search(FILES[text], sentence), sentence


def test_a_file_with_a_relative_path_is_named_with_its_line_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "run.yaml").write_text("model:\n  init_args:\n    hed: crf\n")
    monkeypatch.chdir(tmp_path)
    sentence = refused(["fit", *MANER, "--config", "mine/run.yaml"], capsys)
    assert sentence.startswith("mine/run.yaml, line 3: there is no option `hed` for MANER")


@pytest.mark.parametrize("seed", ["-3", "9" * 300])
def test_a_seed_out_of_range_is_named_by_its_option(seed: str) -> None:
    with pytest.raises(ValueError, match=rf"^`--seed_everything` is {seed[:80]}, but it must be"):
        run(["fit", *MANER, f"--seed_everything={seed}"])


def test_an_error_about_a_file_is_not_wrapped_in_one_about_types(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="q" * 80) as raised:
        run(["fit", *MANER, f"--log_root={tmp_path}", f"--model.backbone={'q' * 3000}"])
    assert len(describe(raised.value)) < 400


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["fit"], "`fit` needs --data and --model. Name a configuration that sets them"),
        (["fit", "--model=SNERLightningModule"], "`fit` needs --data. Name a configuration"),
        (["fit", "--data.train_size=3"], "`data` has options, but no data module is chosen"),
        (["fit", MANER[1]], "`model` has options, but no method is chosen"),
        (["test", *MANER, "--ckpt_path"], "--ckpt_path needs a value."),
        (["predict", *MANER, "--data.predict_pth=x"], "Did you mean --data.predict_path?"),
    ],
)
def test_what_is_missing_is_named(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sentence in refused(words, capsys)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["fti"], "There is no command 'fti'. Did you mean fit?"),
        (["predicted"], "There is no command 'predicted'. Did you mean predict?"),
        (["x" * 999], f"There is no command '{'x' * 80}'. Use one of fit, "),
        (["--versoin"], "'--versoin' stands in the place of a command. Did you mean --version?"),
        (["--config=x.yaml"], "stands in the place of a command. Begin with one of fit, "),
        (["configs", "--cop=x"], "There is no option --cop. Did you mean --copy?"),
        (["configs", "--copy"], "--copy needs a value."),
        (["configs", "extra"], "'extra' stands alone. Every value needs an option before it."),
        (["new-backbones"], "Did you mean new-backbone?"),
        (["new-backbone", "--folder=x"], "`new-backbone` needs --text."),
        (["compare", "--metric=f1"], "`compare` needs FOLDER."),
        (["new-backbone", "--text=x", "--folder=x", "--layrs=3"], "Did you mean --layers?"),
        (["new-backbone", "--foldr", "x"], "There is no option --foldr. Did you mean --folder?"),
        (["new-backbone", "--fold", "x"], "no option --fold. Did you mean --folder?"),
        (["augment", "--confg=x"], "There is no option --confg. Did you mean --config?"),
        (["augment", "--tagger.model.head=crf"], "`augment` needs --config."),
        (["new-backbone", "--text=x", "--folder=x", "--layers=two"], "--layers is 'two', but it"),
        (["new-backbone", "--text=x", "--folder=x", "--kind=brt"], "Did you mean bert?"),
        (["trim-backbone", "--text=x", "--folder=x"], "`trim-backbone` needs --backbone."),
        (["trim-backbones"], "Did you mean trim-backbone?"),
        (["export-backbone", "--folder=x", "--ckpt_path=y", "--hlaf"], "Did you mean --half?"),
        (["augment", "--config=x", "--until=fliter"], "--until is 'fliter', but it must be gold, "),
    ],
)
def test_a_mistyped_command_and_options_of_our_own_commands(
    words: list[str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["lowner_pl", *words])
    with pytest.raises(SystemExit) as ended:
        entry.main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("command", ["fit", "validate", "test", "predict"])
def test_help_is_one_page_and_help_all_has_every_option(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def printed(*words: str) -> str:
        with pytest.raises(SystemExit) as ended:
            run([command, *words])
        assert not ended.value.code
        return capsys.readouterr().out

    short = printed("--help")
    assert short.startswith(f"usage: python -m lowner_pl {command} --config FILE [options]\n")
    assert len(short.splitlines()) < 50
    assert "(default" not in short
    assert f"python -m lowner_pl {command} --help-all" in short
    full = printed("--help-all")
    assert full.startswith(f"usage: python -m lowner_pl {command} ")
    assert "--trainer.limit_train_batches" in full
    of_class = printed("--model.help", "SNERLightningModule")
    assert of_class.startswith("usage: python -m lowner_pl ")
    if command == "fit":
        values = printed(*MANER, "--help")
        assert "(default: embedded)" in values
        assert "(default: 0.0002)" in values


def test_the_nearest_name_ignores_case_and_may_be_none() -> None:
    known = {"SNERLightningModule": 1, "MANERLightningModule": 2}
    assert nearest("snerlightningmodul", known) == "SNERLightningModule"
    assert nearest("zzz", known) is None
