"""The files of generated sentences that ``predict`` writes, and the journal it resumes from."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from filelock import BaseFileLock
from lightning.pytorch import Callback, LightningModule, Trainer

from lowner_pl.callbacks.protocols import Generator, corpus_of
from lowner_pl.callbacks.results.outputs import output_file
from lowner_pl.callbacks.screen.printing import say, warn
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
from lowner_pl.runs.memory import give_back_memory


class GenerationWriter(Callback):
    """Writes new sentences to ``generated_<name of the input>.conll``, with a report.

    While it works, it keeps a journal with one line per sentence of the input. If the command is
    stopped and run again, it continues after the last complete line, and the final file is the same
    as that of an uninterrupted run. With another model or other options it starts again. Two inputs
    of the same name get two files; see `output_file`.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._journal: TextIO | None = None
        self._lock: BaseFileLock | None = None
        self._done = False

    def on_predict_start(self, trainer: Trainer, pl_module: Any) -> None:
        """Open the journal, and keep the lines of a stopped run with the same heading.

        Raises:
            ValueError: If another process writes the journal.
        """
        data = corpus_of(trainer)
        sentences = data.to_predict()
        self.file = output_file(self.folder, "generated", data)
        self.journal = self.file.with_suffix(".journal")
        self._lock = _locked(self.journal)
        seen = SeenSentences()
        self.heading = _heading(trainer, pl_module, fingerprint(_remembered(sentences, seen)))
        self.novelty = NoveltyFilter(seen)
        done, size = self._continue()
        pl_module.generated_before = done
        self._journal = self.journal.open("r+" if size else "w", encoding="utf-8", newline="\n")
        self._journal.seek(size)
        self._journal.truncate()
        if not size:
            self._write(self.heading)
        elif done:
            print(f"Continuing after {done:,} of {len(sentences):,} sentences: {self.journal}")

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: Any,
        outputs: Any,
        batch: list[Sentence],
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Add the new sentences of a batch to the journal."""
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

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the files and remove the journal.

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

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Print the path of the new sentences, below the progress bar."""
        if not self._done:
            return
        self._done = False
        report = self.novelty.report
        say(f"Generated sentences: {report}: {self.file}")
        total = len(corpus_of(trainer).to_predict())
        if report.sentences_in < total:
            warn(
                f"They come from only {report.sentences_in:,} of {total:,} sentences "
                "(`--trainer.limit_predict_batches`)."
            )

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Close the journal, and say how to continue from it."""
        begun = self._journal is not None and not self._journal.closed
        self._close()
        if begun:
            advice = f"To continue from '{self.journal}', run the same command."
            stopping.advise(advice)
            if not stopping.received():
                print(advice)

    def _continue(self) -> tuple[int, int]:
        """Read the journal of a stopped run, and remember its sentences one by one.

        The last line does not count if it is incomplete.

        Returns:
            Number of finished sentences of the input, and size of the valid part in bytes. Both are
            0 if there is no journal with the same heading.
        """
        if not self.journal.is_file():
            return 0, 0
        done = size = 0
        with self.journal.open("rb") as lines:
            heading = next(lines, b"")
            if _complete(heading) != self.heading:
                return 0, 0
            size = len(heading)
            for line in lines:
                if (record := _complete(line)) is None:
                    break
                report = record["report"]
                for words in record["words"]:
                    self.novelty.remember(Sentence(tuple(words)))
                done, size = done + 1, size + len(line)
        if done:
            self.novelty.report = AugmentationReport.of(report)
        return done, size

    def _write(self, record: Mapping[str, object]) -> None:
        """Add a line to the journal."""
        assert self._journal is not None
        self._journal.write(json.dumps(record, ensure_ascii=False) + "\n")

    def _close(self) -> None:
        """Close the journal and release its lock."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _locked(journal: Path) -> BaseFileLock:
    """Lock a journal, and return the lock."""
    return claim(
        journal,
        f"Another process writes '{journal}'. Wait until it ends, or give this generation another "
        "`--seed_everything` or `--variant`.",
    )


def _complete(line: bytes) -> dict[str, Any] | None:
    """Read a line of the journal, or return ``None`` if it is incomplete."""
    if not line.endswith(b"\n"):
        return None
    with contextlib.suppress(ValueError):
        record: dict[str, Any] = json.loads(line)
        return record
    return None


def _remembered(sentences: Sentences, seen: SeenSentences) -> Iterator[Sentence]:
    """Yield sentences, and add each to those already seen."""
    for sentence in sentences:
        seen.add(sentence)
        yield sentence


def _heading(trainer: Trainer, module: Generator, source: str) -> dict[str, Any]:
    """Collect what determines the generated sentences: model, options and input fingerprint."""
    checkpoint = Path(trainer.ckpt_path) if trainer.ckpt_path else None
    return {
        "method": module.method,
        "corpus": corpus_of(trainer).name,
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
