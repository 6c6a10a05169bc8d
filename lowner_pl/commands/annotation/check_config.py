"""What ``check`` reads from a configuration: its data, and the trainings of a learning curve."""

import io
import sys
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import Any

from lowner_pl.auditing import Finding, Kind, Severity, Split, splits_of
from lowner_pl.auditing.numbers.learning_curve import Curve, Point, fitted
from lowner_pl.callbacks import BestCheckpoint
from lowner_pl.callbacks.screen.next_command import without_advice
from lowner_pl.callbacks.screen.quiet import hush
from lowner_pl.commands.cli import run
from lowner_pl.commands.command_line import Settings
from lowner_pl.commands.options.typed import Typed
from lowner_pl.datamodules import NERDataModule
from lowner_pl.encoding import WordEncoder
from lowner_pl.nn import load_tokenizer
from lowner_pl.tagging.run_data import data_of

PARTS = (4, 2, 1)
"""Shares of the training sentences that are trained on: a quarter, half and all of them."""
LEAST = 20
"""Training sentences that a learning curve needs."""
WINDOW = 512
"""Subwords in a window of a tagger, if its backbone reads as many."""


class Experiment:
    """The data and the trainings of a configuration.

    Args:
        configs: Files of the configuration; later ones win.
        rest: More options of ``fit``.

    Raises:
        ValueError: If the configuration is no good, or its data have no tags.
    """

    def __init__(self, configs: Sequence[str], rest: Sequence[str]) -> None:
        hush()
        self._words = ["fit", *(f"--config={file}" for file in configs), *rest]
        typed = Typed([*(f"--config={file}" for file in configs), *rest], "check")
        self._settings = Settings(self._words, typed).values
        kind = _class_of(self._settings["data"])
        if not issubclass(kind, NERDataModule):
            raise ValueError(
                f"The data of the configuration are a {kind.__name__}, which has no tags to check."
            )
        self._data = data_of(self._settings["data"])

    def splits(self) -> tuple[list[Split], list[Finding]]:
        """Read the data that a run would use, and collect what their reader warns about."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            splits = splits_of(self._data)
        found = [Finding(Kind.FILE, Severity.WARNING, str(one.message)) for one in caught]
        return splits, found

    def check_curve(self) -> None:
        """Check that a learning curve can be measured.

        Raises:
            ValueError: If the method does not tag, or there are too few sentences.
        """
        kind: Any = _class_of(self._settings["model"])
        if kind.kind != "tagger":
            raise ValueError(
                f"`--curve` measures how well entities are found, but {kind.__name__} does not tag."
            )
        sentences = len(self._data.sentences("train"))
        if sentences < LEAST:
            raise ValueError(
                f"`--curve` needs at least {LEAST} training sentences, but there are {sentences}."
            )

    def curve(self) -> Curve:
        """Train on parts of the training sentences, and fit a learning curve to the dev scores."""
        sentences = len(self._data.sentences("train"))
        sizes = [sentences // part for part in PARTS]
        points = []
        for number, size in enumerate(sizes, 1):
            print(
                f"Training {number} of {len(sizes)}, on {size:,} sentences …",
                file=sys.stderr,
                flush=True,
            )
            points.append(Point(size, self._dev_f1(size)))
        return fitted(points)

    def _dev_f1(self, size: int) -> float:
        """Train on some sentences, in a folder that is removed, and return the best dev F1."""
        with TemporaryDirectory(prefix="lowner_pl-") as folder:
            words = [
                *self._words,
                f"--log_root={folder}",
                "--data.train_share=null",
                f"--data.train_size={size}",
                "--trainer.enable_progress_bar=false",
            ]
            with redirect_stdout(io.StringIO()), without_advice():
                callbacks = run(words).trainer.checkpoint_callbacks
            best = next(one for one in callbacks if isinstance(one, BestCheckpoint))
            score = best.best_model_score
        return 0.0 if score is None else 100 * float(score)


def encoder_of(backbone: str) -> WordEncoder:
    """Make the encoder of a backbone.

    Args:
        backbone: A hub id, a folder or ``embedded``.

    Raises:
        FileNotFoundError: If it can't be found.
        ValueError: If it is no backbone.
    """
    tokenizer, most = load_tokenizer(backbone)
    return WordEncoder(tokenizer, max_length=min(WINDOW, most))


def _class_of(settings: dict[str, Any]) -> type:
    """Import the class that a part of a configuration names."""
    module, _, name = str(settings["class_path"]).rpartition(".")
    kind: type = getattr(import_module(module), name)
    return kind
