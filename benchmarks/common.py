"""Helpers of the benchmarks: processes, Trainers, data folders, stopwatches and memory."""

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lowner_pl.corpus import Sentence, read_conll, subset, write_conll

if TYPE_CHECKING:
    from lightning.pytorch import Trainer

ROOT = Path(__file__).parents[1]
SPLITS = ("train", "dev", "test")
Record = dict[str, Any]


def child_environment() -> dict[str, str]:
    """Return the environment for a measured process: one thread, no network."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


def one_thread() -> None:
    """Limit torch to one thread. Call this before measuring."""
    import torch

    torch.set_num_threads(1)


def processor() -> str:
    """Name the processor and, of its instructions, those that decide about speed."""
    import torch

    name = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "unknown",
    )
    known = torch.cpu.get_capabilities()
    flags = [flag for flag in ("avx2", "avx512_f", "avx512_bf16", "amx_bf16") if known.get(flag)]
    return f"{name} ({', '.join(flags)})"


def product_rate(dtype: Any = None, size: int = 1024, rounds: int = 15) -> float:
    """Measure floating-point operations per CPU second in square matrix products, best of several.

    Args:
        dtype: Data type of torch; 32-bit floats by default.
        size: Number of rows and columns.
        rounds: Number of products.
    """
    import torch

    left, right = (torch.randn(size, size).to(dtype or torch.float32) for _ in range(2))
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        left @ right
        seconds.append(time.process_time() - start)
    return 2 * size**3 / min(seconds)


def quiet_trainer(folder: str | Path, **options: Any) -> "Trainer":
    """Create a Trainer on the CPU that prints and saves nothing.

    Args:
        folder: Folder for files that Lightning always writes.
        options: More options of the Trainer.
    """
    from lowner_pl.runs.trainer.precision import RunTrainer

    return RunTrainer(
        default_root_dir=folder,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
    )


def append(out: Path | None, record: Record) -> None:
    """Print a record, and append it to the results file as a line of JSON."""
    line = json.dumps(record, ensure_ascii=False)
    print(line, flush=True)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def copy_corpus(
    source: Path, target: Path, sizes: dict[str, int | None], *, seed: int = 0
) -> dict[str, list[Sentence]]:
    """Write seeded subsets of ``source/{train,dev,test}.conll`` to ``target`` and return them.

    Args:
        source: Folder of a corpus.
        target: Folder to write.
        sizes: Maximum number of sentences per split; ``None`` keeps all.
        seed: Seed of the subsets.
    """
    target.mkdir(parents=True, exist_ok=True)
    parts = {}
    for split in SPLITS:
        sentences = read_conll(source / f"{split}.conll")
        size = min(sizes.get(split) or len(sentences), len(sentences))
        parts[split] = subset(sentences, size, seed=seed)
        write_conll(target / f"{split}.conll", parts[split])
    return parts


def grown(real: list[Sentence], size: int) -> Iterator[Sentence]:
    """Yield ``size`` sentences: repeat the real ones, with a new word at the end of each."""
    for number, sentence in enumerate(islice(cycle(real), size)):
        yield Sentence((*sentence.words, f"w{number}"), (*(sentence.tags or ()), "O"))


def texts(sentences: Iterable[Sentence]) -> list[str]:
    """Join the words of each sentence with spaces."""
    return [" ".join(sentence.words) for sentence in sentences]


def backbone(folder: Path, sentences: Iterable[Sentence], options: Any) -> Path:
    """Create an untrained backbone with a new vocabulary; see `add_backbone_options`."""
    from lowner_pl.nn.backbones.making.fresh import fresh_backbone

    return fresh_backbone(
        folder,
        texts(sentences),
        kind=options.kind,
        vocabulary=options.vocabulary,
        layers=options.layers,
        hidden=options.hidden,
        heads=options.heads,
    )


def add_backbone_options(parser: Any, *, layers: int, hidden: int, heads: int) -> None:
    """Add options for the shape of an untrained backbone to a command line."""
    parser.add_argument("--kind", default="xlm-roberta", help="xlm-roberta, bert or modernbert")
    parser.add_argument("--vocabulary", type=int, default=8000, help="subwords, trained on train")
    parser.add_argument("--layers", type=int, default=layers)
    parser.add_argument("--hidden", type=int, default=hidden)
    parser.add_argument("--heads", type=int, default=heads)


def write_config(file: Path, model: str, corpus: Path) -> Path:
    """Write a config for a run on a corpus folder, built from the parts in ``configs/``.

    Args:
        file: File to write.
        model: Name of a file in ``configs/parts/model``.
        corpus: Folder with ``train.conll``, ``dev.conll`` and ``test.conll``.
    """
    config = {
        "seed_everything": 12345,
        "trainer": {"max_epochs": 30},
        "model": str(ROOT / "configs" / "parts" / "model" / f"{model}.yaml"),
        "data": {
            "class_path": "lowner_pl.datamodules.ConllDataModule",
            "init_args": {f"{split}_path": str(corpus / f"{split}.conll") for split in SPLITS}
            | {"name": corpus.name},
        },
    }
    file.write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
    return file


def best_dev_f1(run: Path) -> float:
    """Read the best dev F1, in percent, from the ``metrics.csv`` of a run folder."""
    with (run / "metrics.csv").open(newline="") as rows:
        f1s = [float(value) for row in csv.DictReader(rows) if (value := row.get("dev/f1"))]
    return round(100 * max(f1s), 2)


def tested_scores(run: Path, which: str) -> dict[str, dict[str, float]]:
    """Read the scores that a run's test wrote for each test set.

    Args:
        run: The run folder.
        which: The tested checkpoint, ``best`` or ``last``.
    """
    from lowner_pl.callbacks import read_test_record, scores_by_set

    suffix = "" if which == "best" else f"_{which}"
    record = read_test_record(run / f"test_metrics{suffix}.json")
    assert record is not None, f"{run} has no test of {which}"
    return scores_by_set(record)


def in_child(script: str, job: Record, *, code: Path | None = None) -> Record:
    """Run a script of this folder in a process of its own, and return its report.

    Args:
        script: Name of a script that calls `answer`.
        job: Its input, passed as JSON.
        code: Checkout whose ``lowner_pl`` the script imports; by default the installed package.
    """
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name(script))],
        input=json.dumps(job),
        env=child_environment() | ({"PYTHONPATH": str(code.resolve())} if code else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{script} {job} failed:\n{done.stderr[-4000:]}")
    report: Record = json.loads(done.stdout.strip().splitlines()[-1])
    return report


def answer(work: Callable[[Record], Record]) -> None:
    """Run in the child of `in_child`: read the job, work, report the result and peak memory."""
    job = json.loads(sys.stdin.read())
    one_thread()
    report = work(job)
    print("\n" + json.dumps(report | {"peak_mb": peak_megabytes()}))


class Stopwatch:
    """A stopwatch for wall time and CPU time, summed over several spans."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0
        self._started: tuple[float, float] | None = None

    def start(self) -> None:
        """Begin a span, unless one has begun."""
        if self._started is None:
            self._started = (time.perf_counter(), time.process_time())

    def stop(self) -> None:
        """End the span, if one has begun."""
        if self._started is not None:
            self.wall += time.perf_counter() - self._started[0]
            self.cpu += time.process_time() - self._started[1]
            self._started = None

    def __enter__(self) -> "Stopwatch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def report(self, prefix: str) -> Record:
        """Return wall and CPU seconds."""
        return {f"{prefix}_wall": round(self.wall, 4), f"{prefix}_cpu": round(self.cpu, 4)}


def peak_megabytes() -> float:
    """Return the peak memory of this process.

    ``ru_maxrss`` is of no use here: in a child it starts at the memory of its parent.
    """
    return memory_megabytes("VmHWM")


def memory_megabytes(which: str) -> float:
    """Return the current memory (``VmRSS``) or peak memory (``VmHWM``) of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith(f"{which}:"))
    return round(int(kilobytes) / 1024, 1)
