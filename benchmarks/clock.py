"""A callback that times a Lightning Trainer."""

from typing import Any

from common import Stopwatch
from lightning.pytorch import Callback


class Clock(Callback):
    """Timers of the training batches and of the whole command."""

    def __init__(self) -> None:
        self.batches, self.whole = Stopwatch(), Stopwatch()

    def on_train_start(self, *_: Any) -> None:
        """Begin the command."""
        self.whole.start()

    def on_train_epoch_start(self, *_: Any) -> None:
        """Begin the batches of an epoch."""
        self.batches.start()

    def on_validation_start(self, *_: Any) -> None:
        """End the batches of an epoch, before the dev set is scored."""
        self.batches.stop()

    def on_train_end(self, *_: Any) -> None:
        """End the command."""
        self.whole.stop()

    def on_test_start(self, *_: Any) -> None:
        """Begin the command."""
        self.whole.start()

    def on_predict_start(self, *_: Any) -> None:
        """Begin the command."""
        self.whole.start()

    def teardown(self, *_: Any, **__: Any) -> None:
        """End the command, which includes writing files and tables."""
        self.whole.stop()
