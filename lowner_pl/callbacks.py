"""What a run leaves behind: tables, files and pictures."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import RichProgressBar
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor

from lowner_pl.corpus import Sentence, write_conll

SHOWN = 8  # tagged dev sentences in TensorBoard
TAGGING = ("f1", "precision", "recall", "word_accuracy", "entities", "words")
COUNTS = ("entities", "words", "masks")


class ProgressBar(RichProgressBar):
    """Lightning's rich progress bar, with loss and dev F1."""

    def get_metrics(self, trainer: Trainer, pl_module: Any) -> dict[str, Any]:
        """Return what stands beside the bar: not the name of the run folder."""
        metrics: dict[str, Any] = super().get_metrics(trainer, pl_module)
        metrics.pop("v_num", None)
        return metrics


class FitReport(Callback):
    """Shows the best dev scores at the end of ``fit``, on the screen and in TensorBoard.

    TensorBoard gets the options of the run (HPARAMS), the confusion of entity types as a picture,
    and a few dev sentences with gold and predicted tags, all of the best epoch.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.best: dict[str, Any] = {}
        self._shown: list[str] = []

    def state_dict(self) -> dict[str, Any]:
        """Return the best scores, for a resumed run."""
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the best scores of the run that is resumed."""
        self.best = state_dict["best"]

    def on_fit_start(self, trainer: Trainer, pl_module: Any) -> None:
        """Write the options of the run for TensorBoard's HPARAMS tab."""
        from torch.utils.tensorboard.summary import hparams

        for logger in _tensorboards(trainer):
            options = {**_flat(dict(pl_module.hparams)), **_data_options(trainer, self.folder)}
            options["method"] = pl_module.method
            # The names of the metrics; their values are the scalars of these names.
            for summary in hparams(options, {"dev/f1": 0, "test/f1": 0}):
                logger.experiment._get_file_writer().add_summary(summary)

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: Any) -> None:
        """Forget the sentences of the last epoch."""
        self._shown = []

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: Any,
        outputs: Any,
        batch: list[Sentence],
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the first tagged sentences."""
        for sentence, tags in zip(batch, outputs["tags"], strict=True):
            if len(self._shown) < SHOWN:
                self._shown.append(_as_text(sentence, tags))

    def on_validation_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Keep the scores if they are the best so far; after ``validate``, show them."""
        scores = _scores(trainer, "dev/")
        if not self.best or scores["f1"] > self.best["scores"]["f1"]:
            confusion: Any = pl_module.dev_scores.confusion
            self.best = {
                "epoch": trainer.current_epoch,
                "step": trainer.global_step,
                "scores": scores,
                "confusion": confusion.tolist(),
                "shown": list(self._shown),
            }
        if trainer.state.fn == "validate" and trainer.is_global_zero:
            _print_table({"dev": scores}, self.folder)

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: Any, checkpoint: dict[str, Any]
    ) -> None:
        """Write what was logged so far to disk: a resumed run goes on behind it."""
        for logger in _tensorboards(trainer):
            logger.experiment.flush()

    def on_fit_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Show the best epoch."""
        if not self.best or not trainer.is_global_zero:
            return
        for logger in _tensorboards(trainer):
            step = self.best["step"]
            figure = _figure(self.best["confusion"], pl_module.entity_types)
            logger.experiment.add_figure("dev/confusion", figure, step)
            logger.experiment.add_text("dev/sentences", "\n\n".join(self.best["shown"]), step)
            logger.experiment.flush()
        _print_table({f"dev, best epoch {self.best['epoch']}": self.best["scores"]}, self.folder)


class TestReport(Callback):
    """Writes ``test_metrics.json`` and the tagged test set, and shows the scores.

    The tagged file has a word, its gold and its predicted tag in each line.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tagged: list[list[tuple[Sentence, tuple[str, ...]]]] = []

    def on_test_start(self, trainer: Trainer, pl_module: Any) -> None:
        """Start afresh."""
        self._tagged = []

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: Any,
        outputs: Any,
        batch: list[Sentence],
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the tagged sentences."""
        while len(self._tagged) <= dataloader_idx:
            self._tagged.append([])
        self._tagged[dataloader_idx].extend(zip(batch, outputs["tags"], strict=True))

    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        """Check the counts, write the files, show the table."""
        tagged = [_gathered(part, trainer) for part in self._tagged]
        names = pl_module.test_names if len(tagged) > 1 else [""]
        scores = {name: _scores(trainer, f"test/{name}/" if name else "test/") for name in names}
        if trainer.limit_test_batches == 1.0:
            for number, name in enumerate(names):
                _check_counts(trainer.datamodule.test_sets()[number], scores[name], name)
        if not trainer.is_global_zero:
            return
        for name, part in zip(names, tagged, strict=True):
            file = self.folder / (f"test_tagged_{name}.conll" if name else "test_tagged.conll")
            write_conll(file, [s for s, _ in part], predicted=[t for _, t in part])
        _write_metrics(self.folder / "test_metrics.json", scores, trainer, pl_module)
        _print_table(
            {f"test {name}".strip(): values for name, values in scores.items()}, self.folder
        )


class PredictionWriter(Callback):
    """Writes what ``predict`` tagged to ``predictions.conll``.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tagged: list[Sentence] = []

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: Any,
        outputs: Any,
        batch: list[Sentence],
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the tagged sentences."""
        self._tagged.extend(outputs)

    def on_predict_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Write the file."""
        tagged = _gathered(self._tagged, trainer)
        if trainer.is_global_zero:
            file = self.folder / "predictions.conll"
            write_conll(file, tagged)
            print(f"{len(tagged):,} tagged sentences: {file}")


class ScoreReport(Callback):
    """Shows the dev and test scores of a method without tags, and writes ``test_metrics.json``.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_validation_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Show the scores after ``validate``."""
        if trainer.state.fn == "validate":
            self._show(trainer, "dev")

    def on_fit_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Show the scores of the last epoch."""
        self._show(trainer, "dev")

    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        """Write and show the scores."""
        if trainer.is_global_zero:
            record = {
                "method": pl_module.method,
                "corpus": trainer.datamodule.name,
                "checkpoint": str(trainer.ckpt_path),
                "scores": _scores(trainer, "test/"),
            }
            _write_record(self.folder / "test_metrics.json", record)
        self._show(trainer, "test")

    def _show(self, trainer: Trainer, split: str) -> None:
        """Print a row for all data and one for each part."""
        rows: dict[str, dict[str, float]] = {}
        for name, value in _scores(trainer, f"{split}/").items():
            part, _, key = name.rpartition("/")
            rows.setdefault(f"{split} {part}".strip(), {})[key] = value
        if trainer.is_global_zero and rows:
            _print_table(rows, self.folder, columns=tuple(next(iter(rows.values()))))


def _tensorboards(trainer: Trainer) -> list[Any]:
    """Return the TensorBoard loggers, on the first device only."""
    if not trainer.is_global_zero:
        return []
    return [logger for logger in trainer.loggers if isinstance(logger, TensorBoardLogger)]


def _gathered(mine: list[Any], trainer: Trainer) -> list[Any]:
    """Return the items of all devices in corpus order: device r of R has r, r + R and so on."""
    if trainer.world_size == 1:
        return mine
    parts: list[Any] = [None] * trainer.world_size
    torch.distributed.all_gather_object(parts, mine)
    merged: list[Any] = [None] * sum(map(len, parts))
    for rank, part in enumerate(parts):
        merged[rank :: trainer.world_size] = part
    return merged


def _scores(trainer: Trainer, prefix: str) -> dict[str, float]:
    """Return the logged scores under ``prefix``."""
    return {
        name.removeprefix(prefix): value.item()
        for name, value in trainer.callback_metrics.items()
        if name.startswith(prefix)
    }


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
        "confusion": {"types": [*module.entity_types, "none"], "counts": confusions},
    }
    _write_record(file, record)


def _write_record(file: Path, record: dict[str, Any]) -> None:
    """Write a JSON file whole or not at all."""
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(file)


def _print_table(
    rows: dict[str, dict[str, float]], folder: Path, *, columns: Sequence[str] = TAGGING
) -> None:
    """Print scores in percent (losses and counts as they are), and where the run is."""
    from rich.console import Console
    from rich.table import Table

    table = Table("", *columns)
    for name, values in rows.items():
        table.add_row(name, *(_cell(key, values[key]) for key in columns))
    console = Console()
    console.print(table)
    console.print(f"Run folder: {folder}", soft_wrap=True)


def _cell(key: str, value: float) -> str:
    """Return a score as text."""
    if key in COUNTS:
        return f"{value:.0f}"
    return f"{value:.3f}" if key == "loss" else f"{100 * value:.2f}"


def _figure(confusion: list[list[int]], types: Sequence[str]) -> Any:
    """Draw the confusion of entity types."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.6 + 0.6 * len(types), 1.4 + 0.55 * len(types)), layout="tight")
    axes = figure.subplots()
    axes.imshow(confusion, cmap="Blues")
    axes.set_xticks(range(len(types) + 1), [*types, "none"], rotation=45)
    axes.set_yticks(range(len(types) + 1), [*types, "none"])
    axes.set_xlabel("predicted")
    axes.set_ylabel("gold")
    high = max(map(max, confusion))
    for row, counts in enumerate(confusion):
        for column, count in enumerate(counts):
            colour = "white" if count > high / 2 else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=colour)
    return figure


def _as_text(sentence: Sentence, tags: Sequence[str]) -> str:
    """Return a sentence as two Markdown lines, entities in brackets: gold, then predicted."""
    return f"gold: {_bracketed(sentence)}  \npredicted: {_bracketed(sentence.with_tags(tags))}"


def _bracketed(sentence: Sentence) -> str:
    """Return the words with ``[TYPE …]`` around entities."""
    words = list(sentence.words)
    for entity in sentence.entities:
        words[entity.start] = f"**[{entity.type}** {words[entity.start]}"
        words[entity.end - 1] += "**]**"
    return " ".join(words)


def _flat(options: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested options as one level of plain values."""
    flat: dict[str, Any] = {}
    for key, value in options.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            flat |= _flat(value, f"{name}/")
        elif not key.startswith("_"):
            plain = isinstance(value, (bool, int, float, str, Tensor))
            flat[name] = value if plain else str(value)
    return flat


def _data_options(trainer: Any, folder: Path) -> dict[str, Any]:
    """Return what names the data and the run."""
    data: Any = trainer.datamodule
    return {
        "corpus": data.name,
        "seed": folder.name.removeprefix("seed_"),
        "batch_size": data.batch_size,
        "train_sentences": len(data.sentences("train")),
        "max_epochs": trainer.max_epochs or -1,
    }
