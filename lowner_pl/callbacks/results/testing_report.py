"""The report of a tagger's test: its scores and the tagged test set."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from lowner_pl.callbacks.batches import gathered, reads_all
from lowner_pl.callbacks.protocols import Tagger, corpus_of
from lowner_pl.callbacks.results.reliability_picture import reliability_picture
from lowner_pl.callbacks.results.tested_checkpoint import (
    file_suffix,
    tested_checkpoint,
    which_checkpoint,
)
from lowner_pl.callbacks.results.testing_record import (
    NAME,
    TestedSet,
    partial_notes,
    record_of_test,
)
from lowner_pl.callbacks.scores import logged_scores, rounded_scores
from lowner_pl.callbacks.screen.next_command import PREDICT, configured, print_end
from lowner_pl.callbacks.screen.printing import Scored, entities_by_type, print_tagging, say
from lowner_pl.corpus import Episode, Sentence, queries, write_conll
from lowner_pl.runs.files import Partial, write_json
from lowner_pl.runs.logs.picture_style import Caption, png


class TestReport(Callback):
    """Writes ``test_metrics.json``, the tagged test set and a picture, and prints the scores.

    Each line of the tagged file has a word, its gold tag and its predicted tag. The picture,
    ``test_calibration.png``, shows how far confidences can be trusted. The names of the
    files end in the checkpoint's name if it is not the best one, as in ``test_metrics_last.json``.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tagged: list[list[tuple[Sentence, tuple[str, ...]]]] = []
        self._sets: list[TestedSet] = []

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forget the sentences of an earlier test."""
        self._tagged = []

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Sequence[Sentence | Episode],
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the tagged sentences of a batch."""
        while len(self._tagged) <= dataloader_idx:
            self._tagged.append([])
        self._tagged[dataloader_idx].extend(zip(queries(batch), outputs["tags"], strict=True))

    def on_test_end(self, trainer: Trainer, pl_module: Any) -> None:
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
            picture = self.folder / f"test_calibration{name}{suffix}.png"
            _write_picture(picture, trainer, pl_module, part)
        types = pl_module.test_scores[0].entities.entity_types
        record = record_of_test(trainer, pl_module, self.folder, sets, types)
        write_json(self.folder / f"{NAME}{suffix}.json", record)
        self._sets = sets

    def teardown(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        """Print the scores, below the progress bar."""
        if self._sets and trainer.is_global_zero:
            _print_scores(trainer, pl_module, self.folder, self._sets)
            self._sets = []


def _write_picture(file: Path, trainer: Trainer, module: Tagger, part: TestedSet) -> None:
    """Draw the reliability diagram of a test set."""
    assert part.calibration is not None
    name = f"{module.method}-{module.variant}" if module.variant else module.method
    temperature = part.calibration["temperature"]
    error, brier = (100 * part.scores[key] for key in ("calibration_error", "brier"))
    fitted = "no temperature fitted"
    if temperature is not None:
        before = 100 * part.calibration["before"]["calibration_error"]
        fitted = f"temperature {temperature:g} (without it, the error is {before:.1f})"
    figure = reliability_picture(
        part.calibration["bins"],
        part.calibration["thresholds"],
        title=f"Can confidences be trusted? {name} on {part.name}",
        caption=Caption(
            corpus_of(trainer).name,
            languages=1,
            seeds=[1],
            band=f"Calibration error {error:.1f} points in ten bins, Brier score {brier:.1f}; "
            f"{fitted}. Larger dots have more entities.",
            test_sentences=[part.sentences_scored],
        ),
    )
    with Partial(file) as partial:
        partial.path.write_bytes(png(figure))


def _print_scores(
    trainer: Trainer, module: Tagger, folder: Path, sets: Sequence[TestedSet]
) -> None:
    """Print the scores of each test set and the next command."""
    say(f"Test scores of {tested_checkpoint(trainer, module, folder)}, in percent:")
    parts = []
    for part, scores in zip(sets, module.test_scores, strict=True):
        entities = entities_by_type(part.confusion or [], scores.entities.entity_types)
        parts.append(Scored(part.name if len(sets) > 1 else "all", part.scores, entities))
    print_tagging(parts)
    if len(sets) > 1:
        mean = sum(part.scores["f1"] for part in sets) / len(sets)
        say(f"Mean F1 of the {len(sets)} test sets: {100 * mean:.2f}")
    say(*partial_notes(trainer, sets))
    which = which_checkpoint(folder, trainer.ckpt_path)
    last = ("--ckpt_path", "last") if which == "last" else ()
    print_end(folder, configured(folder, "predict", *PREDICT, *last))


def _tested_sets(trainer: Trainer, module: Tagger) -> list[TestedSet]:
    """Collect the test sets of a tagger with their scores. Every device must call this."""
    corpora = corpus_of(trainer).test_sets()
    sets = []
    for name, corpus, part in zip(module.test_names, corpora, module.test_scores, strict=True):
        scores = logged_scores(trainer, f"test/{name}/" if len(corpora) > 1 else "test/")
        scored = round(scores["sentences"])
        calibration: dict[str, Any] = {
            "temperature": module.temperature,
            "bins": part.confidences.bins(),
            "thresholds": part.confidences.thresholds(),
            "before": None,
        }
        if (untempered := part.untempered) is not None:
            before = rounded_scores({key: float(v) for key, v in untempered.compute().items()})
            calibration["before"] = before | {"thresholds": untempered.thresholds()}
        confusion = part.entities.confusion.tolist()
        sets.append(TestedSet(name, corpus, scores, scored, confusion, calibration))
    return sets


def _check_counts(part: TestedSet) -> None:
    """Check that every word and entity of a test set was scored exactly once."""
    words = sum(len(sentence.words) for sentence in part.sentences)
    entities = sum(len(sentence.entities) for sentence in part.sentences)
    scored = (round(part.scores["words"]), round(part.scores["entities"]))
    if scored != (words, entities):
        raise RuntimeError(
            f"Test set {part.name} has {words} words and {entities} entities, but {scored[0]} and "
            f"{scored[1]} were scored. This is a bug in lowner_pl; please report it."
        )
