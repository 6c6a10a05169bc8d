import json
from pathlib import Path
from typing import Any

import pytest

from lowner_pl.__main__ import run_command
from lowner_pl.commands.annotation import check_config
from lowner_pl.commands.annotation.check_config import Experiment
from lowner_pl.commands.cli import run

from ...auditing.corpora import lines
from ...conftest import ROOT, SAMPLE
from ...running import CONFIGS, PLAIN, small_backbone

SAMPLES = [str(SAMPLE / "sw" / f"{split}.conll") for split in ("train", "dev", "test")]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder with a corpus that has one error, at line 2 of the test data."""
    monkeypatch.chdir(tmp_path)
    Path("train.conll").write_text(lines(*(f"N{n}/B-PER left" for n in range(30))))
    Path("test.conll").write_text(lines("in Rome/I-PER", *(f"M{n}/B-PER" for n in range(30))))


def check(*words: str) -> None:
    """Run the command."""
    run_command(["check", *words])


def test_findings_are_printed_with_their_places(capsys: pytest.CaptureFixture[str]) -> None:
    check("train.conll", "test.conll")
    out = capsys.readouterr().out
    assert "error    test.conll:2: I-PER follows O, without B-PER before it." in out
    assert "Found 1 error." in out
    assert "add --out check.html" in out


def test_only_strict_errors_are_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        check("train.conll", "test.conll", "--strict")
    assert exit.value.code == 1
    check("train.conll", "--strict")
    assert "Nothing was found." in capsys.readouterr().out


def test_a_page_and_a_record_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    check(*SAMPLES, "--out", "page.html", "--backbone", small_backbone())
    assert "Check of train.conll, dev.conll, test.conll" in Path("page.html").read_text()
    out = capsys.readouterr().out
    assert "Written: page.html" in out
    assert "Subwords and windows:" in out
    check(*SAMPLES, "--out=new/record.json")
    assert json.loads(Path("new/record.json").read_text())["splits"]["train"]["sentences"] == 100


def test_json_stands_alone_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    check("train.conll", "--test", "test.conll", "--format=json")
    record = json.loads(capsys.readouterr().out)
    assert record["counts"] == {"errors": 1, "warnings": 0, "notes": 0}
    assert record["findings"][0]["place"] == {"file": "test.conll", "line": 2}


def test_the_name_of_a_file_says_what_it_is_used_for(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("eng.testa", "sw-valid.bio", "test/sw.conll", "a.conll"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(lines("a b/B-PER c"))
    check("train.conll", "eng.testa", "sw-valid.bio", "test/sw.conll", "--format=json")
    splits = json.loads(capsys.readouterr().out)["splits"]
    assert list(splits) == ["train", "dev eng", "dev sw-valid", "test"]
    check("a.conll", "--format=json")  # a file alone is training data
    assert list(json.loads(capsys.readouterr().out)["splits"]) == ["train"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "There is nothing to check. Give CoNLL files, or --config FILE."),
        (["none.conll"], "'none.conll' does not exist. Check the path."),
        (["train.conll", "empty.conll"], "The name of 'empty.conll' does not say whether"),
        (["test-train.conll", "train.conll"], "The name of 'test-train.conll' does not say"),
        (["--train=empty.conll"], "empty.conll contains no sentences."),
        (["untagged.train"], "untagged.train, line 1: 'Ann' has no tag."),
        (["train.conll", "--train", "train.conll"], "train.conll' is given twice."),
        (["train.conll", "--config=x.yaml"], "'train.conll' is given beside --config"),
        (["--config=x.yaml", "--scheme=iob2"], "Use `--data.scheme`."),
        (["train.conll", "--curve"], "`--curve` trains, so it needs a configuration."),
        (["train.conll", "--out=train.txt"], "must end in .html for a page or .json"),
        (["rows.json", "--out=rows.json"], "`--out` would replace 'rows.json'"),
        (["train.conll", "--backbone=no/such"], "'no/such' is not a complete folder"),
        (["."], "is a folder. Name a file in it."),
    ],
)
@pytest.mark.usefixtures("offline")
def test_bad_input_has_one_sentence(words: list[str], message: str) -> None:
    Path("empty.conll").write_text("")
    Path("untagged.train").write_text("Ann\nleft\n")
    for name in ("test-train.conll", "rows.json"):
        Path(name).write_text(lines("a b/B-PER c"))
    with pytest.raises((ValueError, OSError)) as raised:
        check(*words)
    assert message in str(raised.value)
    assert Path("rows.json").read_text().startswith("a\t")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train.conll", "--outt=x.html"], "There is no option --outt. Did you mean --out?"),
        (["train.conll", "--data.train_size=1"], "no option --data.train_size"),
        (["train.conll", "--scheme=x"], "--scheme"),
    ],
)
def test_bad_options_have_one_sentence(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit:
        check(*words)
    assert exit.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("suffix", ["html", "json"])
def test_only_a_check_is_replaced(suffix: str, tmp_path: Path) -> None:
    corpus, out = tmp_path / "train.conll", tmp_path / f"out.{suffix}"
    corpus.write_text("Ada\tB-PER\n")
    check(str(corpus), f"--out={out}")
    first = out.read_text()
    corpus.write_text("Ada\tB-PER\nWanjiru\tI-LOC\n")
    check(str(corpus), f"--out={out}")
    assert out.read_text() != first
    out.write_text("[1, 2]")
    with pytest.raises(ValueError, match="exists, and `check` did not write it"):
        check(str(corpus), f"--out={out}")
    assert out.read_text() == "[1, 2]"


class TestConfig:
    def words(self, *more: str, method: str = "sner") -> list[str]:
        """Name the configuration of the corpus in the folder."""
        data = {
            "class_path": "ConllDataModule",
            "init_args": {"train_path": "train.conll", "test_path": "test.conll", "dev_size": 5},
        }
        model = str(CONFIGS / "parts" / "model" / f"{method}.yaml")
        Path("mine.yaml").write_text(json.dumps({"model": model, "data": data}))
        return ["--config=mine.yaml", *more]

    def test_the_data_of_a_configuration_are_checked(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        check(*self.words("--data.train_size", "20", "--format=json", "--data.dev_size", "5"))
        record = json.loads(capsys.readouterr().out)
        sizes = {name: split["sentences"] for name, split in record["splits"].items()}
        assert sizes == {"train": 20, "dev": 5, "test": 31}
        places = [one["place"] for one in record["findings"] if one["severity"] == "error"]
        assert places == [{"file": "test.conll", "line": 2}]

    @pytest.mark.parametrize(
        "words", [["--data.type_map={PER: NAME}"], ["--data.type_map", "{PER: NAME}"]]
    )
    def test_a_value_of_an_option_may_have_spaces(
        self, words: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        check(*self.words(*words, "--format=json"))
        types = json.loads(capsys.readouterr().out)["splits"]["train"]["entities"]
        assert "NAME" in types
        assert "PER" not in types

    def test_data_that_refuse_their_options_say_so_themselves(self) -> None:
        words = [*self.words(), "--data=AugmentedDataModule", "--data.source=SampleDataModule"]
        with pytest.raises(ValueError, match=r"^`files` and `augmenters` are empty"):
            check(*words)

    def test_fit_says_what_check_finds_besides(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        options = (f"--model.backbone={small_backbone()}", *PLAIN, "--trainer.max_epochs=1")
        folder = run(["fit", *self.words(*options, "--trainer.enable_progress_bar=false")]).run.path
        out = capsys.readouterr().out
        config = folder / "config.yaml"
        (line,) = (line for line in out.splitlines() if "`check`" in line)
        said, _, command = line.partition(": ")
        assert said == "`check` also finds 1 error in the data"
        assert command.endswith(f"-m lowner_pl check --config {config}")
        check("--config", str(tmp_path / config), "--format=json")
        assert json.loads(capsys.readouterr().out)["counts"]["errors"] == 1

    def test_a_curve_needs_a_tagger_and_enough_sentences(self) -> None:
        with pytest.raises(ValueError, match="at least 20 training sentences, but there are 9"):
            check(*self.words("--data.train_size=9", "--curve"))
        with pytest.raises(ValueError, match="MLMLightningModule does not tag"):
            check(*self.words("--curve", method="mlm"))
        with pytest.raises(ValueError, match="TextDataModule, which has no tags to check"):
            check("--config", str(CONFIGS / "pretraining" / "adapt_language.yaml"))

    def test_a_curve_is_fitted_to_three_trainings(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        scores = {6: 20.0, 12: 40.0, 25: 55.0}
        monkeypatch.setattr(Experiment, "_dev_f1", lambda _, size: scores[size])
        check(*self.words("--curve"))
        out, err = capsys.readouterr()
        assert "25 sentences more would probably bring F1 from 55.0 to about 66" in out
        assert err.splitlines()[-1] == "Training 3 of 3, on 25 sentences …"

    def test_a_training_of_the_curve_uses_some_sentences_and_leaves_nothing(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        ran: list[Any] = []

        def remembering(words: list[str]) -> Any:
            ran.append(run(words))
            return ran[-1]

        monkeypatch.setattr(check_config, "run", remembering)
        options = (f"--model.backbone={small_backbone()}", *PLAIN, "--trainer.max_epochs=1")
        experiment = Experiment(["mine.yaml"], self.words(*options)[1:])
        assert 0 <= experiment._dev_f1(6) <= 100
        assert len(ran[0].datamodule.sentences("train")) == 6
        assert not ran[0].run.path.exists()
        assert capsys.readouterr().out == ""


def test_the_help_names_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    from lowner_pl.__main__ import HELP

    assert "\n  check      " in HELP
    with pytest.raises(SystemExit):
        check("--help")
    assert "--curve" in capsys.readouterr().out
    assert (ROOT / "docs" / "checking.md").is_file()
