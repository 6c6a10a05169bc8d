"""What a test leaves: scores and the tagged test set."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer

from lowner_pl.callbacks.results.testing_record import (
    NAME,
    TestedSet,
    file_suffix,
    partial_notes,
    record_of_test,
    tested_checkpoint,
    which_checkpoint,
)
from lowner_pl.callbacks.screen.printing import (
    PREDICT,
    Scored,
    configured,
    entities_by_type,
    print_end,
    print_tagging,
    say,
)
from lowner_pl.callbacks.shared import gathered, logged_scores, reads_all
from lowner_pl.corpus import Episode, Sentence, queries, write_conll
from lowner_pl.runs.files import write_json


class TestReport(Callback):
    """Writes ``test_metrics.json`` and the tagged test set, and shows the scores.

    The tagged file has a word, its gold and its predicted tag in each line. The files of another
    checkpoint than the best one end in its name, such as ``test_metrics_last.json``.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tagged: list[list[tuple[Sentence, tuple[str, ...]]]] = []
        self._sets: list[TestedSet] = []

    def on_test_start(self, trainer: Trainer, pl_module: Any) -> None:
        """Start afresh."""
        self._tagged = []

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: Any,
        outputs: Any,
        batch: Sequence[Sentence | Episode],
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the tagged sentences."""
        while len(self._tagged) <= dataloader_idx:
            self._tagged.append([])
        self._tagged[dataloader_idx].extend(zip(queries(batch), outputs["tags"], strict=True))

    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        """Check the counts and write the files."""
        tagged = [gathered(part, trainer) for part in self._tagged]
        sets = _tested_sets(trainer, pl_module)
        if reads_all(trainer.num_test_batches, trainer.test_dataloaders):
            for part in sets:
                _check_counts(part)
        if not trainer.is_global_zero:
            return
        suffix = file_suffix(self.folder, trainer.ckpt_path)
        for part, sentences in zip(sets, tagged, strict=True):
            name = f"_{part.name}" if len(sets) > 1 else ""
            file = self.folder / f"test_tagged{name}{suffix}.conll"
            write_conll(file, [s for s, _ in sentences], predicted=[t for _, t in sentences])
        record = record_of_test(trainer, pl_module, self.folder, sets)
        write_json(self.folder / f"{NAME}{suffix}.json", record)
        self._sets = sets

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Show the scores, below the progress bar."""
        if self._sets and trainer.is_global_zero:
            _show(trainer, pl_module, self.folder, self._sets)
            self._sets = []


def _show(trainer: Any, module: Any, folder: Path, sets: Sequence[TestedSet]) -> None:
    """Show the scores of each test set and what to type next."""
    say(f"Test scores in percent, {tested_checkpoint(trainer, module, folder)}:")
    parts = []
    for part, scores in zip(sets, module.test_scores, strict=True):
        entities = entities_by_type(part.confusion or [], scores.entity_types)
        parts.append(Scored(part.name if len(sets) > 1 else "all", part.scores, entities))
    print_tagging(parts)
    if len(sets) > 1:
        mean = sum(part.scores["f1"] for part in sets) / len(sets)
        say(f"Mean F1 of the {len(sets)} test sets: {100 * mean:.2f}")
    say(*partial_notes(trainer, sets))
    which = which_checkpoint(folder, trainer.ckpt_path)
    last = ("--ckpt_path", "last") if which == "last" else ()
    print_end(folder, configured(folder, "predict", *PREDICT, *last))


def _tested_sets(trainer: Any, module: Any) -> list[TestedSet]:
    """Collect the test sets of a tagger with their scores; every device must call it."""
    corpora = trainer.datamodule.test_sets()
    sets = []
    for name, corpus, part in zip(module.test_names, corpora, module.test_scores, strict=True):
        scores = logged_scores(trainer, f"test/{name}/" if len(corpora) > 1 else "test/")
        scored = round(scores["sentences"])
        sets.append(TestedSet(name, corpus, scores, scored, part.confusion.tolist()))
    return sets


def _check_counts(part: TestedSet) -> None:
    """Make sure that every word and entity of a test set was scored exactly once."""
    words = sum(len(sentence.words) for sentence in part.sentences)
    entities = sum(len(sentence.entities) for sentence in part.sentences)
    scored = (round(part.scores["words"]), round(part.scores["entities"]))
    if scored != (words, entities):
        raise RuntimeError(
            f"Test set {part.name} must be scored whole, {words} words and {entities} entities, "
            f"was: {scored}."
        )
