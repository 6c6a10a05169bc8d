"""Signals while a Trainer runs."""

from multiprocessing import active_children
from typing import Any

from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.pytorch import Callback, Trainer

from lowner_pl.runs import stopping


class StopSignals(Callback):
    """Stops at SIGTERM as `runs.stopping` does, where Lightning waits for the end of a batch.

    Lightning sets its handler before each of the hooks below, and on several devices exchanges
    messages in it, which hangs if it comes amid another exchange. Under SLURM its handling stays:
    there SIGTERM also follows when a job is queued again.
    """

    def setup(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        """Name the processes of the other devices, which must end with this one."""
        stopping.end_with(getattr(trainer.strategy.launcher, "procs", ()))
        stopping.defer(SLURMEnvironment.detect())

    def teardown(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        """Handle signals as before."""
        stopping.defer(False)

    def on_exception(self, trainer: Trainer, pl_module: Any, exception: BaseException) -> None:
        """End the workers of loaders, for which PyTorch would wait some seconds."""
        if stopping.received():
            for worker in active_children():
                worker.terminate()

    def on_sanity_check_start(self, trainer: Trainer, pl_module: Any) -> None:
        """Take SIGTERM back."""
        _take_back()

    def on_train_start(self, trainer: Trainer, pl_module: Any) -> None:
        """Take SIGTERM back."""
        _take_back()

    def on_validation_start(self, trainer: Trainer, pl_module: Any) -> None:
        """Take SIGTERM back."""
        _take_back()

    def on_test_start(self, trainer: Trainer, pl_module: Any) -> None:
        """Take SIGTERM back."""
        _take_back()

    def on_predict_start(self, trainer: Trainer, pl_module: Any) -> None:
        """Take SIGTERM back."""
        _take_back()


def _take_back() -> None:
    """Set our handler again, but under SLURM."""
    if not SLURMEnvironment.detect():
        stopping.take_back()
