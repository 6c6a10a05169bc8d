"""What a generation leaves: the new sentences, and what became of the others."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from filelock import BaseFileLock
from lightning.pytorch import Callback, Trainer

from lowner_pl.callbacks.results.outputs import output_file
from lowner_pl.callbacks.screen.printing import say, warn
from lowner_pl.callbacks.shared import give_back_memory
from lowner_pl.corpus import (
    AugmentationReport,
    NoveltyFilter,
    SeenSentences,
    Sentence,
    Sentences,
    fingerprint,
    write_conll,
)
from lowner_pl.runs import stopping
from lowner_pl.runs.files import claim, write_json


class GenerationWriter(Callback):
    """Writes what ``predict`` generated to ``generated_<name of the input>.conll``, with a report.

    While it works, it keeps a journal with a line for each sentence of the input. The same command
    goes on behind the last whole line of it after whatever stopped it, and the file is the same
    as that of a run never stopped. Another model or option starts anew; another input of the same
    name has files of its own (see `output_file`).

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._journal: TextIO | None = None
        self._lock: BaseFileLock | None = None
        self._done = False

    def on_predict_start(self, trainer: Any, pl_module: Any) -> None:
        """Open the journal, behind what a stopped run of the same work wrote.

        Raises:
            ValueError: If another process writes it.
        """
        sentences: Sentences = trainer.datamodule.to_predict()
        self.file = output_file(self.folder, "generated", trainer.datamodule)
        self.journal = self.file.with_suffix(".journal")
        self._lock = _locked(self.journal)
        seen = SeenSentences()
        self.heading = _heading(trainer, pl_module, fingerprint(_noted(sentences, seen)))
        self.novelty = NoveltyFilter(seen)
        done, size = self._take_up()
        pl_module.generated_before = done
        self._journal = self.journal.open("r+" if size else "w", encoding="utf-8", newline="\n")
        self._journal.seek(size)
        self._journal.truncate()
        if not size:
            self._write(self.heading)
        elif done:
            print(f"Going on after {done:,} of {len(sentences):,} sentences: {self.journal}")

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
        give_back_memory()

    def on_predict_end(self, trainer: Any, pl_module: Any) -> None:
        """Write the files and drop the journal.

        Raises:
            ValueError: If no sentence has an entity.
        """
        assert self._journal is not None
        self._journal.close()
        report = self.novelty.report
        report.check()
        write_conll(self.file, _sentences(self.journal))
        write_json(self.file.with_suffix(".json"), {**self.heading, **report.as_dict()})
        self.journal.unlink()
        self._close()
        self._done = True

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Say where the new sentences are, below the progress bar."""
        if not self._done:
            return
        self._done = False
        report = self.novelty.report
        say(f"Generated sentences: {report}: {self.file}")
        total = len(trainer.datamodule.to_predict())
        if report.sentences_in < total:
            warn(
                f"They are made of {report.sentences_in:,} of {total:,} sentences "
                "(`--trainer.limit_predict_batches`)."
            )

    def on_exception(self, trainer: Trainer, pl_module: Any, exception: BaseException) -> None:
        """Say where what was generated lies."""
        begun = self._journal is not None and not self._journal.closed
        self._close()
        if begun:
            stopping.advise(f"The same command goes on from what is in '{self.journal}'.")
            if not stopping.received():
                print(
                    f"What was generated is in {self.journal}; the same command goes on from there."
                )

    def _take_up(self) -> tuple[int, int]:
        """Return how many sentences a stopped run of the same work did, and the bytes it left.

        What it made is remembered, line by line. A last line that was not written to its end does
        not count.
        """
        if not self.journal.is_file():
            return 0, 0
        done = size = 0
        with self.journal.open("rb") as lines:
            heading = next(lines, b"")
            if _whole(heading) != self.heading:
                return 0, 0
            size = len(heading)
            for line in lines:
                if (record := _whole(line)) is None:
                    break
                report = record["report"]
                for words in record["words"]:
                    self.novelty.remember(Sentence(tuple(words)))
                done, size = done + 1, size + len(line)
        if done:
            self.novelty.report = AugmentationReport.of(report)
        return done, size

    def _write(self, record: dict[str, Any]) -> None:
        """Add a line to the journal."""
        assert self._journal is not None
        self._journal.write(json.dumps(record, ensure_ascii=False) + "\n")

    def _close(self) -> None:
        """Close the journal, and let others write it."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _locked(journal: Path) -> BaseFileLock:
    """Return the lock of a journal, which this process has now."""
    return claim(
        journal,
        f"A generation must be run by one process, was: '{journal}', which another one "
        "writes. Wait for it, or give another `--seed_everything` or `--variant`.",
    )


def _whole(line: bytes) -> dict[str, Any] | None:
    """Return the record of a line that was written to its end, else ``None``."""
    if not line.endswith(b"\n"):
        return None
    with contextlib.suppress(ValueError):
        record: dict[str, Any] = json.loads(line)
        return record
    return None


def _noted(sentences: Sentences, seen: SeenSentences) -> Iterator[Sentence]:
    """Yield sentences, having noted each as seen."""
    for sentence in sentences:
        seen.add(sentence)
        yield sentence


def _heading(trainer: Any, module: Any, source: str) -> dict[str, Any]:
    """Return what decides on the generated sentences: model, options, fingerprint of the input."""
    checkpoint = Path(trainer.ckpt_path) if trainer.ckpt_path else None
    return {
        "method": module.method,
        "corpus": trainer.datamodule.name,
        "checkpoint": str(checkpoint) if checkpoint else None,
        "checkpoint_written": checkpoint.stat().st_mtime_ns if checkpoint else None,
        "backbone": module.hparams.get("backbone"),
        "input": source,
        "seed": module.used_seed,
        "options": module.generation_options(),
    }


def _sentences(journal: Path) -> Iterator[Sentence]:
    """Yield the new sentences of a journal."""
    with journal.open(encoding="utf-8", newline="\n") as lines:
        next(lines)
        for line in lines:
            record = json.loads(line)
            for words, tags in zip(record["words"], record["tags"], strict=True):
                yield Sentence(tuple(words), tuple(tags))
