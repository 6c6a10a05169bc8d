"""What a cell of a study costs beyond its training and its test, in a warm worker.

python benchmarks/study_overhead.py --cells 5

A cell is SNER or MANER on the sample corpus with the embedded backbone. Training and test are what
happens between the first and the last hook of Trainer's stage: batches, validation, checkpoints.
Processor time says more than wall time on a machine that others use, too.
"""

import argparse
import contextlib
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from common import append, processor
from lightning.pytorch import Trainer

from lowner_pl.studies.cells import expand
from lowner_pl.studies.engines.warm import warmed
from lowner_pl.studies.records import Records
from lowner_pl.studies.schedule import job_of
from lowner_pl.studies.study_file.reading import read_study

WARM_UP = 2  # cells of each method
STUDY = """axes:
  method:
    sner: {config: sner_wikiann.yaml}
    maner: {config: maner_wikiann.yaml}
  seed: {option: seed_everything, values: [SEEDS]}
"""


class StageClock:
    """A clock of the time inside Trainer's stages."""

    def __init__(self) -> None:
        self.wall = self.processor = 0.0
        run_stage = Trainer._run_stage

        def timed(trainer: Trainer) -> Any:
            wall, used = time.perf_counter(), time.process_time()
            try:
                return run_stage(trainer)
            finally:
                self.wall += time.perf_counter() - wall
                self.processor += time.process_time() - used

        Trainer._run_stage = timed  # type: ignore[method-assign, assignment]


def main() -> None:
    """Run cells and print the medians of what they cost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=5, help="cells of each method")
    parser.add_argument("--out", type=Path, help="file for the raw results")
    options = parser.parse_args()
    torch.set_num_threads(1)
    run_job, clock = warmed(), StageClock()
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "overhead.yaml"
        seeds = ", ".join(map(str, range(options.cells + WARM_UP)))
        file.write_text(STUDY.replace("SEEDS", seeds), encoding="utf-8")
        study = read_study(file, embedded="configs/embedded.yaml")
        more = ["--trainer.max_epochs=1", "--data.train_size=20"]
        cells, records = expand(study, Path(name), more), Records(Path(name))
        print(processor())
        print(f"{'method':8} {'cell s':>8} {'beyond training s':>18} {'processor s':>12}")
        for method in ("sner", "maner"):
            rows = []
            for cell in (cell for cell in cells if cell.values["method"] == method):
                job = job_of(records, cell, None)
                clock.wall = clock.processor = 0.0
                wall, used = time.perf_counter(), time.process_time()
                with contextlib.redirect_stdout(Path(os.devnull).open("w")):
                    outcome = run_job(job)
                assert outcome.state == "done", outcome.error
                whole = time.perf_counter() - wall
                rows.append(
                    (whole, whole - clock.wall, time.process_time() - used - clock.processor)
                )
            medians = [statistics.median(column) for column in zip(*rows[WARM_UP:], strict=True)]
            print(f"{method:8} {medians[0]:8.2f} {medians[1]:18.2f} {medians[2]:12.2f}", flush=True)
            append(options.out, {"method": method, "rows": rows[WARM_UP:]})


if __name__ == "__main__":
    main()
