"""Child process of `streaming.py`: runs one stage of an augmentation and measures it."""

from pathlib import Path
from typing import Any

from common import ROOT, Record, Stopwatch, answer


def work(job: Record) -> Record:
    """Run a stage like the command line does. The pipeline runs `filter` after `tag`."""
    clock = Stopwatch()
    with clock:
        report = {"filter": _filter, "raw": _raw}.get(job["stage"], _command)(job)
    return report | clock.report("stage")


def _command(job: Record) -> Record:
    """Train a tagger, generate candidates, or tag them."""
    from lowner_pl.commands.cli import run

    model, *more = {
        "fit": ("sner", "fit", "--trainer.max_epochs=1"),
        "generate": ("melm", "predict", "--ckpt_path=none"),
        "tag": ("sner", "predict"),
    }[job["stage"]]
    if "file" in job:
        more.append(f"--data.predict_path={job['file']}")
    cli = run(
        [
            *more[:1],
            "--trainer.max_epochs=30",
            f"--model={ROOT / 'configs' / 'parts' / 'model' / f'{model}.yaml'}",
            f"--model.backbone={job['backbone']}",
            "--data=ConllDataModule",
            f"--data.train_path={job['gold']}",
            "--data.dev_size=50",
            f"--log_root={job['folder']}",
            "--trainer.accelerator=cpu",
            "--trainer.enable_progress_bar=false",
            "--trainer.enable_model_summary=false",
            *more[1:],
        ]
    )
    callbacks: Any = cli.trainer.callbacks  # type: ignore[attr-defined]
    files = [getattr(part, "file", None) for part in callbacks]
    return {"file": next((str(file) for file in files if file), None)}


def _raw(job: Record) -> Record:
    """Tag lines of raw text into a file."""
    from lowner_pl.__main__ import run_command

    file = Path(job["file"])
    run = Path(job["folder"]) / "gold" / "sner" / "seed_0"
    words = [str(file), f"--run={run}", f"--out={file.with_suffix('.jsonl')}", "--overwrite"]
    run_command(["tag", *words])
    return {"file": str(file.with_suffix(".jsonl"))}


def _filter(job: Record) -> Record:
    """Keep the candidates whose tags equal the predicted ones, like the pipeline does."""
    from lowner_pl.augmentation import consistent
    from lowner_pl.corpus import AugmentationReport, ConllFile, write_conll

    report = AugmentationReport()
    predicted = (sentence.tags or () for sentence in ConllFile(job["tagged"]))
    kept = consistent(ConllFile(job["file"]), predicted, gold=ConllFile(job["gold"]), report=report)
    write_conll(Path(job["folder"]) / "augmented.conll", kept)
    return dict(report.as_dict())


if __name__ == "__main__":
    answer(work)
