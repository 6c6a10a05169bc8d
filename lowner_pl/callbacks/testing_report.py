"""What a test leaves: scores and the tagged test set."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer

from lowner_pl.callbacks.shared import gathered, logged_scores, print_table, write_record
from lowner_pl.corpus import Episode, Sentence, queries, write_conll


class TestReport(Callback):
    """Writes ``test_metrics.json`` and the tagged test set, and shows the scores.

    The tagged file has a word, its gold and its predicted tag in each line.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tagged: list[list[tuple[Sentence, tuple[str, ...]]]] = []
        self._rows: dict[str, dict[str, float]] = {}

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
        """Check the counts, write the files, show the table."""
        tagged = [gathered(part, trainer) for part in self._tagged]
        names = pl_module.test_names if len(tagged) > 1 else [""]
        scores = {
            name: logged_scores(trainer, f"test/{name}/" if name else "test/") for name in names
        }
        if trainer.limit_test_batches == 1.0:
            for number, name in enumerate(names):
                _check_counts(trainer.datamodule.test_sets()[number], scores[name], name)
        if not trainer.is_global_zero:
            return
        for name, part in zip(names, tagged, strict=True):
            file = self.folder / (f"test_tagged_{name}.conll" if name else "test_tagged.conll")
            write_conll(file, [s for s, _ in part], predicted=[t for _, t in part])
        _write_metrics(self.folder / "test_metrics.json", scores, trainer, pl_module)
        self._rows = {f"test {name}".strip(): values for name, values in scores.items()}

    def teardown(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        """Show the scores, below the progress bar."""
        print_table(self._rows, self.folder, trainer)


def _check_counts(corpus: Sequence[Sentence], scores: dict[str, float], name: str) -> None:
    """Make sure that every word and entity of the test set was scored exactly once."""
    words = sum(len(sentence.words) for sentence in corpus)
    entities = sum(len(sentence.entities) for sentence in corpus)
    scored = (round(scores["words"]), round(scores["entities"]))
    if scored != (words, entities):
        raise RuntimeError(
            f"Test set {name} must be scored whole, {words} words and {entities} entities, was: "
            f"{scored}."
        )


def _write_metrics(
    file: Path, scores: dict[str, dict[str, float]], trainer: Any, module: Any
) -> None:
    """Write the scores with what was tested."""
    confusions = {
        name or "test": part.confusion.tolist()
        for name, part in zip(scores, module.test_scores, strict=True)
    }
    record = {
        "method": module.method,
        "corpus": trainer.datamodule.name,
        "checkpoint": str(trainer.ckpt_path),
        "scores": scores.get("", scores),
        "mean_f1": sum(part["f1"] for part in scores.values()) / len(scores),
        "confusion": {"types": [*module.entity_types, "none"], "counts": confusions},
    }
    write_record(file, record)
