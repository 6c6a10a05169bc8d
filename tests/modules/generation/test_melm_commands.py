"""MELM from the command line: fine-tuning, generating, continuing after an interruption."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock

from lowner_pl.callbacks import GenerationWriter
from lowner_pl.commands.cli import NERCLI, run
from lowner_pl.corpus import ConllFile, Sentence, read_conll, write_conll
from lowner_pl.modules import MELMLightningModule, generate
from lowner_pl.runs.memory import give_back_memory

from ...conftest import ROOT
from ...running import same

CONFIGS = ROOT / "configs"


def command(name: str, root: Path, backbone: str, *more: str, method: str = "melm") -> NERCLI:
    return run(
        [
            name,
            f"--model={CONFIGS / 'parts' / 'model' / f'{method}.yaml'}",
            f"--data={CONFIGS / 'parts' / 'data' / 'sample.yaml'}",
            f"--model.backbone={backbone}",
            "--data.train_size=40",
            "--trainer.max_epochs=2",
            "--trainer.accelerator=cpu",
            "--trainer.enable_progress_bar=false",
            "--trainer.enable_model_summary=false",
            f"--log_root={root}",
            *more,
        ]
    )


def folder(root: Path, method: str = "melm") -> Path:
    return root / "sample-sw" / method / "seed_0"


def state(root: Path, which: str = "last") -> dict[str, Any]:
    file = folder(root) / "checkpoints" / f"{which}.ckpt"
    loaded: dict[str, Any] = torch.load(file, weights_only=True)["state_dict"]
    return loaded


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, backbones: dict[str, Path]) -> Path:
    root = tmp_path_factory.mktemp("melm")
    command("fit", root, str(backbones["xlm-roberta"]))
    return root


def test_the_same_masks_of_the_dev_data_are_scored_every_time(
    trained: Path, tiny: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, again = (
        command("validate", trained, tiny, "--ckpt_path=best").trainer.callback_metrics
        for _ in range(2)
    )
    assert "perplexity" in capsys.readouterr().out
    assert {"dev/accuracy", "dev/loss", "dev/perplexity", "dev/masks"} <= set(first)
    assert {key: value.item() for key, value in first.items()} == {
        key: value.item() for key, value in again.items()
    }


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(
    trained: Path, tiny: str, tmp_path: Path
) -> None:
    command("fit", tmp_path, tiny, "--trainer.max_epochs=1")
    command("fit", tmp_path, tiny, "--ckpt_path=last")
    assert same(state(trained), state(tmp_path))


def test_predict_writes_new_sentences_of_the_training_data(
    trained: Path, tiny: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cli = command("predict", trained, tiny, "--ckpt_path=best")
    new = read_conll(folder(trained) / "generated_train.conll")
    record = json.loads((folder(trained) / "generated_train.json").read_text())
    gold = cli.datamodule.sentences("train")
    assert record["sentences_in"] == len(gold) == 40
    assert record["sentences_out"] == len(new) > 40
    assert record["candidates"] == 3 * 40 == len(new) + sum(record["dropped"].values())
    assert not {s.words for s in new} & {s.words for s in gold}
    assert {s.tags for s in new} <= {s.tags for s in gold}
    assert f"{len(new)} of {record['candidates']} new" in capsys.readouterr().out
    assert not list(folder(trained).glob("*.journal"))
    file = folder(trained) / "checkpoints" / "best.ckpt"
    module = MELMLightningModule.load_from_checkpoint(file, weights_only=True)
    streamed = list(generate(module, gold, seed=0))
    assert [(s.words, s.tags) for s in streamed] == [(s.words, s.tags) for s in new]


def test_predict_path_reads_a_file_with_its_tags(trained: Path, tiny: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.conll"
    write_conll(file, [Sentence(("Juma", "alifika"), ("B-PER", "O"))])
    command("predict", trained, tiny, f"--data.predict_path={file}")
    new = read_conll(folder(trained) / "generated_mine.conll")
    assert new
    assert all(s.tags == ("B-PER", "O") and s.words[0] != "Juma" for s in new)


def test_predict_streams_a_file(
    trained: Path, tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mine.conll"
    write_conll(file, [Sentence(("Juma", f"{n}"), ("B-PER", "O")) for n in range(20)])
    read, written = 0, 0
    usual = GenerationWriter.on_predict_batch_end

    def counting(self: ConllFile) -> Iterator[Sentence]:
        nonlocal read
        read = 0
        for sentence in lines(self):
            read += 1
            yield sentence

    def watched(self: GenerationWriter, trainer: Any, module: Any, *batch: Any) -> None:
        nonlocal written
        usual(self, trainer, module, *batch)
        written += 2
        assert written <= read <= written + 2  # Lightning asks for a batch ahead
        assert written == self.journal.read_text().count("\n") - 1

    lines = ConllFile.__iter__
    monkeypatch.setattr(ConllFile, "__iter__", counting)
    monkeypatch.setattr(GenerationWriter, "on_predict_batch_end", watched)
    command("predict", trained, tiny, f"--data.predict_path={file}", "--data.eval_batch_size=2")
    assert read == written == 20


def test_freed_memory_is_returned_after_every_batch(
    trained: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    class Library:
        malloc_trim = calls.append

    monkeypatch.setattr("ctypes.CDLL", lambda _: Library)
    command("predict", trained, tiny, "--data.eval_batch_size=8")
    assert calls == [0] * 5
    monkeypatch.setattr("ctypes.CDLL", lambda _: object())  # a C library without malloc_trim
    give_back_memory()


def test_an_interrupted_generation_continues_without_losses(
    trained: Path,
    tiny: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    checkpoint = f"--ckpt_path={folder(trained) / 'checkpoints' / 'best.ckpt'}"
    options = (checkpoint, "--data.eval_batch_size=8")
    command("predict", tmp_path / "whole", tiny, *options)
    (whole,) = (tmp_path / "whole").rglob("generated_train.conll")
    usual = MELMLightningModule.candidates
    seen: list[int] = []

    def watched(self: MELMLightningModule, sentences: Any, numbers: Any, **more: Any) -> Any:
        seen.extend(numbers)
        return usual(self, sentences, numbers, **more)

    def failing(self: MELMLightningModule, sentences: Any, numbers: Any, **more: Any) -> Any:
        if len(seen) == 16:
            raise MemoryError("no memory left")
        return watched(self, sentences, numbers, **more)

    monkeypatch.setattr(MELMLightningModule, "candidates", failing)
    with pytest.raises(MemoryError):
        command("predict", tmp_path / "parts", tiny, *options)
    monkeypatch.setattr(MELMLightningModule, "candidates", watched)
    assert "To continue from '" in capsys.readouterr().out
    (journal,) = (tmp_path / "parts").rglob("generated_train.journal")
    kept = journal.read_bytes()
    assert kept.count(b"\n") == 1 + 16
    journal.write_bytes(kept + b'{"words": [["half a li')  # as left by a killed process
    seen.clear()
    command("predict", tmp_path / "parts", tiny, *options)
    assert seen == list(range(16, 40))
    (parts,) = (tmp_path / "parts").rglob("generated_train.conll")
    assert parts.read_bytes() == whole.read_bytes()
    reports = [json.loads(file.with_suffix(".json").read_text()) for file in (parts, whole)]
    assert reports[0] == reports[1]


def test_two_processes_cannot_write_the_same_generation(
    trained: Path, tiny: str, tmp_path: Path
) -> None:
    checkpoint = f"--ckpt_path={folder(trained) / 'checkpoints' / 'best.ckpt'}"
    cli = command("predict", tmp_path, tiny, checkpoint)
    (file,) = tmp_path.rglob("generated_train.conll")
    before = file.read_bytes()
    with (
        FileLock(file.with_name(".generated_train.journal.lock")),
        pytest.raises(ValueError, match=r"^Another process writes '.*journal'\. Wait"),
    ):
        command("predict", tmp_path, tiny, checkpoint)
    assert file.read_bytes() == before
    command("predict", tmp_path, tiny, checkpoint)
    assert file.read_bytes() == before
    assert cli.run.path in file.parents


@pytest.mark.parametrize("damage", [0, 3])
def test_a_damaged_journal_is_continued_before_the_damage(
    trained: Path, tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: int
) -> None:
    options = (f"--ckpt_path={folder(trained) / 'checkpoints' / 'best.ckpt'}",)
    with monkeypatch.context() as patch:
        patch.setattr("lowner_pl.callbacks.results.generation_writer.write_json", _failing)
        with pytest.raises(OSError, match="disk full"):
            command("predict", tmp_path, tiny, *options)
    (file,) = tmp_path.rglob("generated_train.conll")
    (journal,) = tmp_path.rglob("generated_train.journal")
    whole, lines = file.read_bytes(), journal.read_bytes().splitlines(keepends=True)
    file.unlink()
    lines[damage] = b"\0" * (len(lines[damage]) - 1) + b"\n"  # like a lost disk block
    journal.write_bytes(b"".join(lines))
    command("predict", tmp_path, tiny, *options)
    assert file.read_bytes() == whole


def test_a_generation_with_other_options_starts_over(
    trained: Path, tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = (f"--ckpt_path={folder(trained) / 'checkpoints' / 'best.ckpt'}",)
    with monkeypatch.context() as patch:
        patch.setattr("lowner_pl.callbacks.results.generation_writer.write_json", _failing)
        with pytest.raises(OSError, match="disk full"):
            command("predict", tmp_path, tiny, *options)
    (journal,) = tmp_path.rglob("generated_train.journal")
    lines = journal.read_text().count("\n")
    assert lines == 41
    command("predict", tmp_path, tiny, *options, "--model.generation_seed=7")
    assert not journal.exists()
    (report,) = tmp_path.rglob("generated_train.json")
    assert json.loads(report.read_text())["seed"] == 7


def _failing(*_: Any) -> None:
    raise OSError("disk full")


def test_mlm_entity_generates_untrained(tiny: str, tmp_path: Path) -> None:
    cli = command("predict", tmp_path, tiny, "--ckpt_path=none", "--model.linearize=false")
    new = read_conll(folder(tmp_path, "melm_plain") / "generated_train.conll")
    train = cli.datamodule.sentences("train")
    module = MELMLightningModule(
        entity_types=cli.datamodule.entity_types, backbone=tiny, linearize=False
    )
    assert [s.words for s in new] == [s.words for s in generate(module, train, seed=0)]


def test_loading_a_checkpoint_with_other_labels_is_an_error(trained: Path, tiny: str) -> None:
    file = folder(trained) / "checkpoints" / "best.ckpt"
    with pytest.raises(ValueError, match="has linearize True, but False is configured"):
        command("predict", trained, tiny, f"--ckpt_path={file}", "--model.linearize=false")
    with pytest.raises(ValueError, match=r"has languages \[\], but \['sw'\] is configured"):
        command("predict", trained, tiny, f"--ckpt_path={file}", "--model.languages=[sw]")


def test_only_methods_that_work_untrained_run_without_a_checkpoint(
    tmp_path: Path, tiny: str
) -> None:
    with pytest.raises(ValueError, match="can't be used by `predict` with SNERLightningModule"):
        command("predict", tmp_path, tiny, "--ckpt_path=none", method="sner")


def test_generating_from_a_file_without_entities_is_an_error(
    trained: Path, tiny: str, tmp_path: Path
) -> None:
    file = tmp_path / "plain.conll"
    write_conll(file, [Sentence(("habari", "njema"), ("O", "O"))] * 3)
    with pytest.raises(ValueError, match="no entities in the 3 sentences"):
        command("predict", trained, tiny, f"--data.predict_path={file}")
    assert not (folder(trained) / "generated_plain.conll").exists()
