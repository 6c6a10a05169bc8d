"""Handling of signals while a Trainer runs."""

from multiprocessing import active_children

from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.pytorch import Callback, LightningModule, Trainer

from lowner_pl.runs import stopping


class StopSignals(Callback):
    """Stops on SIGTERM as `runs.stopping` does; Lightning would wait for the end of a batch.

    Lightning sets its own handler before each of the hooks below. On several devices that handler
    exchanges messages, which hangs in the middle of another exchange. Under SLURM it stays in
    place, because SIGTERM may also mean that the job is requeued.
    """

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Register the processes of the other devices, which must end with this one."""
        stopping.end_with(getattr(trainer.strategy.launcher, "procs", ()))
        stopping.defer(SLURMEnvironment.detect())

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Handle signals as before."""
        stopping.defer(False)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Kill the workers of loaders; PyTorch would wait some seconds for them."""
        if stopping.received():
            for worker in active_children():
                worker.terminate()

    def on_sanity_check_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Handle SIGTERM again."""
        _take_back()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Handle SIGTERM again."""
        _take_back()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Handle SIGTERM again."""
        _take_back()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Handle SIGTERM again."""
        _take_back()

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Handle SIGTERM again."""
        _take_back()


def _take_back() -> None:
    """Handle SIGTERM again, except under SLURM."""
    if not SLURMEnvironment.detect():
        stopping.take_back()
