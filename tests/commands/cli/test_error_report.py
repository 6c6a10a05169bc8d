"""The page of errors that ``test --report`` writes."""

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lowner_pl.callbacks.errors.training_entities import training_entities
from lowner_pl.commands.run_trainer import run_callbacks
from lowner_pl.corpus import Sentence

from ...running import command, folder

ROW = r'<td dir="auto">(?:<b>)?(?:<a href="#[\w-]+">)?([\d.,]+)(?:</a>)?'


def number(text: str, name: str) -> int:
    """Read a number of the first table."""
    found = re.search(rf"{name}</td>{ROW}", text)
    assert found is not None
    return int(found[1].replace(",", ""))


def test_a_test_writes_the_page_of_its_errors(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli = command("test", trained, "--report")
    file = folder(trained) / "test_errors.html"
    assert f"Error report: {file}" in capsys.readouterr().out
    text = file.read_text(encoding="utf-8")
    record = json.loads((folder(trained) / "test_metrics.json").read_text())
    (tested,) = record["test_sets"]
    confusion = tested["confusion"]
    assert number(text, "gold: all but spurious") == tested["scores"]["entities"] == 163
    assert number(text, "predicted: all but missed") == tested["scores"]["predicted_entities"]
    assert number(text, ">correct") == sum(row[n] for n, row in enumerate(confusion[:-1]))
    assert f"F1 is {100 * record['f1']:.2f} %" in text
    sentences = cli.datamodule.sentences("test")
    batch = cli.model.eval().encode(sentences, train=False)
    loss = cli.model.tagger.head.loss(cli.model.tagger(batch), batch.tags, batch.word_mask)
    assert f"The mean over all 1,436 words is {loss:.3f}." in text
    assert "Recall is" in text  # the training sentences are those of the run

    # A part of the test set, with another training set than that of the run.
    more = ("--trainer.limit_test_batches=1", "--data.train_size=32", "--ckpt_path=last")
    command("test", trained, "--report", *more)
    text = (folder(trained) / "test_errors_last.html").read_text(encoding="utf-8")
    assert re.search(r"Only \d+ of 100 sw test sentences were scored", text)
    assert "Not known. The training sentences of sample-sw with this command" in text


def test_a_method_without_tags_has_no_such_page(tmp_path: Path) -> None:
    run: Any = SimpleNamespace(path=tmp_path, reports=lambda _: tmp_path)
    model: Any = SimpleNamespace(kind="generator")
    with pytest.raises(ValueError, match=r"`--report` writes .* but SimpleNamespace does not tag"):
        run_callbacks("test", model, run, None, [], errors=True)


@pytest.mark.parametrize(
    ("origin", "message"),
    [
        (None, "does not say"),
        ({"corpus": "a", "train_entities": None}, "does not say"),
        ({"corpus": "b", "train_entities": {"PER": 1}}, "trained on b, whose"),
        ({"corpus": "a", "train_entities": {"PER": 2}, "train_sentences": 1}, "are not those"),
        ({"corpus": "a", "train_entities": {"PER": 1}, "train_sentences": 2}, "are not those"),
        ({"corpus": "a", "train_entities": {"PER": 1}, "train_sentences": 1}, ""),
    ],
)
def test_training_entities_are_those_of_the_tested_run(
    origin: dict[str, Any] | None, message: str
) -> None:
    data: Any = SimpleNamespace(
        name="a",
        has_training_data=True,
        sentences=lambda _: [Sentence(("Asha", "na"), ("B-PER", "O"))],
    )
    known, why = training_entities(data, origin)
    assert (known is None) == bool(message)
    assert message in why
    if known is not None:
        assert known.familiarity(["Asha"], "PER") == "seen with this type"
        assert known.familiarity(["Asha"], "LOC") == "seen with other types only"
        assert known.familiarity(["asha"], "PER") == "new"
