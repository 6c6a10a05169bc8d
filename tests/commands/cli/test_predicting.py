"""``predict`` reads, tags and writes batch by batch."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lowner_pl.callbacks import PredictionWriter
from lowner_pl.corpus import Sentence, TextFile, read_conll
from lowner_pl.modules import NERModule

from ...running import command, folder


def test_predict_reads_and_writes_batch_by_batch(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = tmp_path / "many.txt"
    text.write_text("".join(f"Juma {n}\n" for n in range(20)))
    lines, usual = TextFile.__iter__, PredictionWriter.on_predict_batch_end
    read = 0

    def counted(self: TextFile) -> Iterator[Sentence]:
        nonlocal read
        read = 0
        for sentence in lines(self):
            read += 1
            yield sentence

    def watched(self: PredictionWriter, *batch: Any) -> None:
        usual(self, *batch)
        assert self._written <= read <= self._written + 2  # Lightning asks for a batch ahead

    monkeypatch.setattr(TextFile, "__iter__", counted)
    monkeypatch.setattr(PredictionWriter, "on_predict_batch_end", watched)
    command("predict", trained, f"--data.predict_path={text}", "--data.eval_batch_size=2")
    assert read == len(read_conll(folder(trained) / "predictions_many.conll")) == 20


def test_a_pipe_is_tagged_whole_and_no_file_replaced(trained: Path, tmp_path: Path) -> None:
    usual, pipe = tmp_path / "new.txt", tmp_path / "pipe" / "new.txt"
    pipe.parent.mkdir()
    usual.write_text("Asha yuko\n")
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("Juma alifika\n" * 5,))
    writer.start()
    files = []
    for path in (usual, pipe):
        cli = command("predict", trained, f"--data.predict_path={path}")
        callbacks: Any = cli.trainer.callbacks  # type: ignore[attr-defined]
        files += [part.file for part in callbacks if isinstance(part, PredictionWriter)]
    writer.join()
    assert files[0] == folder(trained) / "predictions_new.conll"
    assert [len(read_conll(file)) for file in files] == [1, 5]


def test_a_stopped_prediction_leaves_no_half_file(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = tmp_path / "stopped.txt"
    text.write_text("Juma\n" * 8)
    usual = NERModule.predict_step

    def failing(self: NERModule, batch: list[Sentence], batch_idx: int) -> list[Sentence]:
        if batch_idx == 2:
            raise MemoryError("no memory left")
        return usual(self, batch, batch_idx)

    monkeypatch.setattr(NERModule, "predict_step", failing)
    with pytest.raises(MemoryError):
        command("predict", trained, f"--data.predict_path={text}", "--data.eval_batch_size=2")
    assert not [file for file in folder(trained).iterdir() if "stopped" in file.name]
