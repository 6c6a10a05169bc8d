"""``test_metrics.json`` describes the tested checkpoint, its data and its scores."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from lowner_pl.callbacks import read_test_record
from lowner_pl.callbacks.results.tested_checkpoint import file_suffix, which_checkpoint
from lowner_pl.callbacks.results.testing_record import unseen_types
from lowner_pl.corpus import Sentence, gold_hash, read_conll, write_conll
from lowner_pl.nn import weights_identity

from ...conftest import SAMPLE
from ...running import command, folder, small_backbone, steps

KEYS = {
    "f1",
    "corpus",
    "language",
    "method",
    "variant",
    "seed",
    "train_size",
    "train_sentences",
    "train_words",
    "backbone",
    "backbone_hash",
    "checkpoint",
    "trained_on",
    "same_corpus",
    "complete",
    "limit_test_batches",
    "test_sets",
    "confusion_types",
    "versions",
    "finished",
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("trained")
    command("fit", root, "--variant=v", "--trainer.max_epochs=5")
    return root


def record(file: Path) -> dict[str, Any]:
    found = read_test_record(file)
    assert found is not None
    return found


def test_the_record_describes_the_run_and_the_test_set(trained: Path) -> None:
    command("test", trained, "--variant=v")
    run = folder(trained, "sner-v")
    tested = record(run / "test_metrics.json")
    assert set(tested) >= KEYS
    assert next(iter(tested)) == next(iter(tested["test_sets"][0]["scores"])) == "f1"
    identity: dict[str, Any] = {
        "corpus": "sample-sw",
        "language": "sw",
        "method": "sner",
        "variant": "v",
    }
    identity |= {"seed": 12345}
    assert identity.items() <= tested.items()
    assert tested["trained_on"] == identity
    assert (tested["same_corpus"], tested["complete"]) == (True, True)
    assert (tested["train_size"], tested["train_sentences"]) == (48, 48)
    assert tested["backbone"] == small_backbone()
    assert tested["backbone_hash"] == weights_identity(small_backbone())
    assert tested["versions"]["torch"] == str(torch.__version__)
    (part,) = tested["test_sets"]
    assert (part["name"], part["language"]) == ("sw", "sw")
    assert part["sentences"] == part["sentences_scored"] == 100
    assert part["sha256"] == gold_hash(read_conll(SAMPLE / "sw" / "test.conll"))
    assert isinstance(part["scores"]["entities"], int)
    assert len(json.dumps(part["scores"]["precision"])) <= 8
    assert len(part["confusion"]) == len(tested["confusion_types"])


def test_dev_score_and_epoch_belong_to_the_tested_checkpoint(trained: Path) -> None:
    # Dev F1 of each epoch by number of updates; an epoch has three.
    run = folder(trained, "sner-v")
    dev = {step + 1: value for step, value in steps(run / "metrics.csv", "dev/f1")}
    last, best = max(dev), max(dev, key=lambda step: (dev[step], -step))
    command("test", trained, "--variant=v")
    command("test", trained, "--variant=v", "--ckpt_path=last")
    for which, step in {"best": best, "last": last}.items():
        suffix = "" if which == "best" else "_last"
        tested = record(run / f"test_metrics{suffix}.json")["checkpoint"]
        assert tested["which"] == which
        assert (tested["step"], tested["epoch"]) == (step, step // 3 - 1)
        assert tested["dev_f1"] == pytest.approx(dev[step], abs=1e-6)
        assert (run / f"test_tagged{suffix}.conll").is_file()


def test_the_origin_of_an_old_checkpoint_is_read_from_its_path(trained: Path) -> None:
    run = folder(trained, "sner-v")
    checkpoint = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)
    del checkpoint["lowner_pl"]["run"]
    old = run / "checkpoints" / "old.ckpt"
    torch.save(checkpoint, old)
    command("test", trained, "--variant=v", f"--ckpt_path={old}")
    tested = record(run / "test_metrics_old.json")
    assert tested["checkpoint"]["which"] == "file"
    assert tested["checkpoint"]["dev_f1"] is None
    assert tested["trained_on"]["corpus"] == "sample-sw"
    assert tested["same_corpus"]
    assert tested["backbone_hash"] == weights_identity(small_backbone())


def test_files_of_one_checkpoint_s_test_never_replace_those_of_another(tmp_path: Path) -> None:
    run, other = tmp_path / "run", tmp_path / "other"
    own = run / "checkpoints"
    assert [file_suffix(run, own / f"{name}.ckpt") for name in ("best", "last", "epoch-3")] == [
        "",
        "_last",
        "_epoch-3",
    ]
    assert file_suffix(run, run / "old" / "best.ckpt") == "_best"
    assert file_suffix(run, None) == "_none"
    zero_shot = run / "from_a_b_seed_1"
    foreign = other / "checkpoints"
    assert file_suffix(zero_shot, foreign / "best.ckpt") == ""
    assert file_suffix(zero_shot, foreign / "last.ckpt") == "_last"
    assert file_suffix(run / "from_other_mine", other / "mine.ckpt") == ""
    assert which_checkpoint(zero_shot, foreign / "best.ckpt") == "file"


def test_the_hash_of_a_test_set_does_not_depend_on_its_file_format(tmp_path: Path) -> None:
    sentences = [Sentence(("Ann", "left"), ("B-PER", "O")), Sentence(("x",), ("O",))]
    write_conll(tmp_path / "iob.conll", sentences)
    (tmp_path / "bioes.txt").write_text("1\tAnn\tS-PER\n2\tleft\tO\n\n1\tx\tO\n", encoding="utf-8")
    same = read_conll(tmp_path / "bioes.txt", word_column=1, tag_column=2)
    assert gold_hash(read_conll(tmp_path / "iob.conll")) == gold_hash(same) == gold_hash(sentences)
    others = (
        [sentences[0].with_tags(("B-LOC", "O")), sentences[1]],
        [Sentence(("Ann", "left", "x"), ("B-PER", "O", "O"))],
        sentences[::-1],
    )
    assert len({gold_hash(other) for other in (sentences, *others)}) == 4


def test_entities_of_types_missing_in_training_are_counted() -> None:
    gold = [Sentence(("a", "b", "c"), ("B-PER", "B-DATE", "B-DATE"))]
    assert unseen_types(gold, {"PER": 3, "DATE": 0}) == {"DATE": 2}
    assert unseen_types(gold, None) == {}


def test_files_in_another_format_are_not_read_as_records(tmp_path: Path) -> None:
    for text in ('{"scores": {"f1": 0.5}}', "[1]", "{"):
        (tmp_path / "old.json").write_text(text)
        assert read_test_record(tmp_path / "old.json") is None
    assert read_test_record(tmp_path / "nothing.json") is None
