"""The report of a tagger's errors: one HTML page per test set."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from lowner_pl.callbacks.batches import gathered, limiting_option, partial_note
from lowner_pl.callbacks.errors.error_page import error_page
from lowner_pl.callbacks.errors.outcomes import Kind
from lowner_pl.callbacks.errors.tables import gold_of, predicted_of
from lowner_pl.callbacks.errors.tally import ErrorTally
from lowner_pl.callbacks.errors.training_entities import training_entities
from lowner_pl.callbacks.protocols import EntityScores, Tagger, corpus_of
from lowner_pl.callbacks.results.tested_checkpoint import file_suffix, tested_checkpoint
from lowner_pl.callbacks.screen.printing import say
from lowner_pl.corpus import Episode, Sentence, count_types, queries
from lowner_pl.runs.files import write_text


class ErrorReport(Callback):
    """Writes ``test_errors.html``: what a tagger got wrong, in numbers and examples.

    With several test sets there is a page for each, ``test_errors_sw.html``. Names end in the
    checkpoint's name as those of `TestReport`. Memory does not grow with the test set.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tallies: list[ErrorTally] = []
        self._written: list[Path] = []

    def on_test_start(self, trainer: Trainer, pl_module: Any) -> None:
        """Look up the training entities, and ask the tagger for the losses of sentences."""
        self._tallies = []
        pl_module.returns_losses = True
        known = training_entities(corpus_of(trainer), pl_module.origin)
        self._training, self._unknown = known

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Sequence[Sentence | Episode],
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Count the errors of a batch."""
        while len(self._tallies) <= dataloader_idx:
            self._tallies.append(ErrorTally())
        tally = self._tallies[dataloader_idx]
        rows = zip(queries(batch), outputs["tags"], outputs["losses"], strict=True)
        for sentence, tags, loss in rows:
            # Device r of R has the sentences r, r + R and so on.
            number = tally.sentences * trainer.world_size + trainer.global_rank
            tally.add(number, sentence, tags, loss, self._training)

    def on_test_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Write a page for each test set."""
        pl_module.returns_losses = False
        names, corpora = pl_module.test_names, corpus_of(trainer).test_sets()
        self._written = []
        parts = zip(names, corpora, self._tallies, pl_module.test_scores, strict=True)
        for name, corpus, mine, of_set in parts:
            scores = of_set.entities
            tally, *others = gathered([mine], trainer)
            tally.add_all(others)
            if trainer.is_global_zero:
                _check_counts(tally, scores)
                text = self._page(trainer, pl_module, name, corpus, tally, scores)
                suffix = file_suffix(self.folder, trainer.ckpt_path)
                part = f"_{name}" if len(names) > 1 else ""
                file = self.folder / f"test_errors{part}{suffix}.html"
                write_text(file, text)
                self._written.append(file)
        self._tallies = []

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Print the paths of the pages, below the progress bar."""
        say(*(f"Error report: {file}" for file in self._written))
        self._written = []

    def _page(
        self,
        trainer: Trainer,
        module: Tagger,
        name: str,
        corpus: Sequence[Sentence],
        tally: ErrorTally,
        scores: EntityScores,
    ) -> str:
        """Write the page of a test set."""
        method = f"{module.method}-{module.variant}" if module.variant else module.method
        data = corpus_of(trainer)
        several = "" if name in (data.language, "test") else f", {name}"
        option = limiting_option(trainer, "limit_test_batches")
        partial = partial_note(tally.sentences, len(corpus), f"{name} test", option)
        unknown = count_types(corpus, without=module.entity_types)
        notes = [f"Tested: {tested_checkpoint(trainer, module, self.folder)}.", partial]
        if unknown:
            listed = ", ".join(f"{type_} ({count:,})" for type_, count in unknown.items())
            notes.append(
                f"The tagger does not know these types of gold entities: {listed}. It cannot find "
                "them, and in the loss their words count as O."
            )
        return error_page(
            tally,
            f"Errors of {method} on {data.name}{several}, seed {module.seed}",
            scores.entity_types,
            unknown=self._unknown,
            notes=[note for note in notes if note],
        )


def _check_counts(tally: ErrorTally, scores: EntityScores) -> None:
    """Check that the page has the counts of the test's F1.

    Raises:
        RuntimeError: If it has not.
    """
    confusion = scores.confusion
    expected = [
        int(confusion.diagonal()[:-1].sum()),
        int(confusion[:-1].sum()),
        int(confusion[:, :-1].sum()),
    ]
    kinds = tally.kinds
    found = [kinds[Kind.CORRECT], gold_of(kinds.items()), predicted_of(kinds.items())]
    if found != expected:
        raise RuntimeError(
            f"The error report counts {found} correct, gold and predicted entities, but the test "
            f"{expected}. This is a bug in lowner_pl; please report it."
        )
