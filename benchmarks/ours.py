"""Child process: times one command of lowner_pl. Other benchmarks start it."""

from pathlib import Path
from typing import Any

from clock import Clock
from common import Record, answer, write_config


def work(job: Record) -> Record:
    """Run ``job["command"]`` with the method ``job["model"]`` on the folder ``job["corpus"]``."""
    import torch

    from lowner_pl.commands.cli import run

    corpus = Path(job["corpus"])
    config = write_config(corpus / f"{job['model']}.json", job["model"], corpus)
    cli = run(
        [
            job["command"],
            f"--config={config}",
            f"--log_root={job['log_root']}",
            f"--model.init_args.backbone={job['backbone']}",
            f"--model.init_args.optimizer.init_args.lr={job['lr']}",
            f"--data.init_args.batch_size={job['batch_size']}",
            f"--data.init_args.eval_batch_size={job['eval_batch_size']}",
            f"--trainer.max_epochs={job['epochs']}",
            "--trainer.accelerator=cpu",
            "--trainer.callbacks+=clock.Clock",
            *job.get("more", []),
        ]
    )
    assert torch.get_num_threads() == 1
    callbacks: Any = cli.trainer.callbacks  # type: ignore[attr-defined]
    clock = next(part for part in callbacks if isinstance(part, Clock))
    scores = {name: float(value) for name, value in cli.trainer.callback_metrics.items()}
    report = clock.batches.report("batches") | clock.whole.report("whole")
    return report | {"f1": scores.get("test/f1", scores.get("dev/f1", 0.0))}


if __name__ == "__main__":
    answer(work)
