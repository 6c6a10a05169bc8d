"""Times what a Lightning Trainer does."""

from typing import Any

from common import Stopwatch
from lightning.pytorch import Callback


class Clock(Callback):
    """Times the training batches apart from the rest of ``fit``, and the whole of a command."""

    def __init__(self) -> None:
        self.batches, self.whole = Stopwatch(), Stopwatch()

    def on_train_start(self, *_: Any) -> None:
        """Begin the whole."""
        self.whole.start()

    def on_train_epoch_start(self, *_: Any) -> None:
        """Begin the batches of an epoch."""
        self.batches.start()

    def on_validation_start(self, *_: Any) -> None:
        """End the batches of an epoch: scoring the dev set follows."""
        self.batches.stop()

    def on_train_end(self, *_: Any) -> None:
        """End the whole."""
        self.whole.stop()

    def on_test_start(self, *_: Any) -> None:
        """Begin the whole."""
        self.whole.start()

    def on_predict_start(self, *_: Any) -> None:
        """Begin the whole."""
        self.whole.start()

    def teardown(self, *_: Any, **__: Any) -> None:
        """End the whole, files and tables included."""
        self.whole.stop()
