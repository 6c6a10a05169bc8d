"""What a generation leaves: the new sentences, and what became of the others."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from lightning.pytorch import Callback, Trainer

from lowner_pl.callbacks.shared import write_record
from lowner_pl.corpus import (
    AugmentationReport,
    NoveltyFilter,
    SeenSentences,
    Sentence,
    fingerprint,
    write_conll,
)


class GenerationWriter(Callback):
    """Writes what ``predict`` generated to ``generated_<name of the input>.conll``, with a report.

    While it works, it keeps a journal with a line for each sentence of the input. The same command
    goes on behind the last whole line of it after whatever stopped it, and the file is the same
    as that of a run never stopped. Another model, input or option starts anew.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._journal: TextIO | None = None

    def on_predict_start(self, trainer: Any, pl_module: Any) -> None:
        """Open the journal, behind what a stopped run of the same work wrote."""
        sentences: list[Sentence] = trainer.datamodule.sentences("predict")
        source = trainer.datamodule.predict_path
        name = f"generated_{Path(source).stem if source else 'train'}"
        self.file = self.folder / f"{name}.conll"
        self.journal = self.folder / f"{name}.journal"
        self.heading = _heading(trainer, pl_module, sentences)
        done, size = _whole_lines(self.journal, self.heading)
        before = AugmentationReport.of(done[-1]["report"]) if done else None
        self.novelty = NoveltyFilter(SeenSentences(sentences), before)
        for line in done:
            for words in line["words"]:
                self.novelty.remember(Sentence(tuple(words)))
        pl_module.generated_before = len(done)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._journal = self.journal.open("r+" if size else "w", encoding="utf-8", newline="\n")
        self._journal.seek(size)
        self._journal.truncate()
        if not size:
            self._write(self.heading)
        elif done:
            print(f"Going on after {len(done):,} of {len(sentences):,} sentences: {self.journal}")

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: Any,
        outputs: Any,
        batch: list[Sentence],
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the new sentences of a batch."""
        for candidates in outputs:
            self.novelty.report.sentences_in += 1
            new = list(self.novelty.sift(candidates, most=pl_module.rounds))
            self._write(
                {
                    "words": [sentence.words for sentence in new],
                    "tags": [sentence.tags for sentence in new],
                    "report": self.novelty.report.as_dict(),
                }
            )
        assert self._journal is not None
        self._journal.flush()

    def on_predict_end(self, trainer: Any, pl_module: Any) -> None:
        """Write the files and drop the journal.

        Raises:
            ValueError: If no sentence has an entity.
        """
        self._close()
        report = self.novelty.report
        report.check()
        partial = self.file.with_suffix(".partial")
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            for sentence in _sentences(self.journal):
                write_conll(file, [sentence])
        partial.replace(self.file)
        write_record(self.file.with_suffix(".json"), {**self.heading, **report.as_dict()})
        self.journal.unlink()
        print(f"Generated sentences: {report}: {self.file}")

    def on_exception(self, trainer: Trainer, pl_module: Any, exception: BaseException) -> None:
        """Say where what was generated lies."""
        if self._journal is not None:
            self._close()
            print(f"What was generated is in {self.journal}; the same command goes on from there.")

    def _write(self, record: dict[str, Any]) -> None:
        """Add a line to the journal."""
        assert self._journal is not None
        self._journal.write(json.dumps(record, ensure_ascii=False) + "\n")

    def _close(self) -> None:
        """Close the journal."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None


def _heading(trainer: Any, module: Any, sentences: list[Sentence]) -> dict[str, Any]:
    """Return what decides on the generated sentences: model, options, input."""
    checkpoint = Path(trainer.ckpt_path) if trainer.ckpt_path else None
    return {
        "method": module.method,
        "corpus": trainer.datamodule.name,
        "checkpoint": str(checkpoint) if checkpoint else None,
        "checkpoint_written": checkpoint.stat().st_mtime_ns if checkpoint else None,
        "backbone": module.hparams.get("backbone"),
        "input": fingerprint(sentences),
        "seed": module.used_seed,
        "options": module.generation_options(),
    }


def _whole_lines(journal: Path, heading: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """Return the records of a journal of the same work, and the bytes of its whole lines."""
    if not journal.is_file():
        return [], 0
    data = journal.read_bytes()
    size = data.rfind(b"\n") + 1
    records = [json.loads(line) for line in data[:size].decode("utf-8").split("\n")[:-1]]
    if not records or records[0] != heading:
        return [], 0
    return records[1:], size


def _sentences(journal: Path) -> Iterator[Sentence]:
    """Yield the new sentences of a journal."""
    with journal.open(encoding="utf-8", newline="\n") as lines:
        next(lines)
        for line in lines:
            record = json.loads(line)
            for words, tags in zip(record["words"], record["tags"], strict=True):
                yield Sentence(tuple(words), tuple(tags))
