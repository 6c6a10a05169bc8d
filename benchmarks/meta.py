"""Meta-learning and its ablations: Tables 3, 4 and 6 of Wu et al. (2020), by the command line.

python benchmarks/meta.py --source FOLDER --targets FOLDER FOLDER --out results.jsonl
python benchmarks/meta.py --source FOLDER --targets FOLDER --rows full --tune --rates 5e-4 1e-3

Every row takes as many updates on as many source sentences; the best epoch by source dev F1 is
tested. ``--tune`` leaves the tests out: rates are chosen by the dev F1 of the source alone.
With ``--shares``, the rows ``base`` and ``full`` are then trained on that share of each target's
training data (Table 6), for ten epochs as in the paper's released code, and the last weights are
tested.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from common import (
    ROOT,
    SPLITS,
    Record,
    Stopwatch,
    append,
    best_dev_f1,
    copy_corpus,
    one_thread,
    tested_scores,
)

CONFIGS = ROOT / "configs"
PAPER = ["base", "full", "no_max", "no_mask", "no_both"]
BASE, META, TARGET = (
    CONFIGS / "meta" / f"meta_{name}conll.yaml" for name in ("base_", "", "target_")
)
NO_MAX, NO_MASK = (CONFIGS / "overlays" / f"meta_no_{name}.yaml" for name in ("max", "mask"))
ROWS = {
    "base": [BASE],
    "base_words": [BASE],
    "full": [META],
    "no_max": [META, NO_MAX],
    "no_mask": [META, NO_MASK],
    "no_both": [META, NO_MAX, NO_MASK],
    "full_words": [META],
    "no_both_words": [META, NO_MAX, NO_MASK],
    "full_from_base": [META],  # which goes on from the base model of the same seed
}
"""The paper's rows and, with another average, ours: `words` lets long sentences count for more."""


def main() -> None:
    """Train and test each row with each seed."""
    options = _options()
    one_thread()
    with tempfile.TemporaryDirectory() as name:
        study = Study(Path(name), options)
        for seed in options.seeds:
            for row in options.rows:
                study.row(row, seed)


class Study:
    """A source, its targets, and the rows on them.

    Args:
        folder: Where to work.
        options: The command line.
    """

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self.folder, self.options = folder, options
        self.bases: dict[int, Path] = {}
        sizes = {"train": None, "dev": options.dev, "test": options.test}
        for data in (options.source, *options.targets):
            copy_corpus(data, folder / data.name, sizes)

    def row(self, row: str, seed: int) -> None:
        """Train a row, test it, and train it on shares of the targets."""
        options = self.options
        record: Record = {"benchmark": "meta", "source": options.source.name, "row": row}
        record |= {"targets": [target.name for target in options.targets], "seed": seed}
        keys = ("train", "tasks", "steps", "rate", "inner_rate", "adaptation_rate", "frozen_layers")
        record |= {key: getattr(options, key) for key in keys}
        words = self._words(row, seed)
        with Stopwatch() as watch:
            folder = self._run("fit", words)
            record["dev_f1"] = best_dev_f1(folder)
            if self._is_base(row):
                self.bases[seed] = folder / "checkpoints" / "best.ckpt"
            if not options.tune:
                record |= self._tested(folder, words)
                if not self._is_base(row):
                    unadapted = [*words, "--model.adaptation_steps=0"]
                    record |= {
                        f"unadapted_{k}": v for k, v in self._tested(folder, unadapted).items()
                    }
        append(options.out, record | {"cpu_s": round(watch.cpu, 1)})
        if row in ("base", "base_words", "full") and not options.tune:
            for target in options.targets:
                for share in options.shares:
                    start = folder / "checkpoints" / "best.ckpt"
                    append(options.out, self._low_resource(row, seed, target, share, start))

    def _low_resource(self, row: str, seed: int, target: Path, share: float, start: Path) -> Record:
        """Train a row on a share of a target's training data; return its test F1."""
        options = self.options
        words = [
            f"--config={CONFIGS / 'meta' / 'meta_target_conll.yaml'}",
            f"--model.start={start}",
        ]
        words += [f"--data={self._write(f'target-{target.name}', self._corpus(target))}"]
        words += [f"--data.train_share={share}", "--data.train_size=null", "--data.batch_size=32"]
        words += ["--data.dev_size=20"]  # nothing is chosen by it: the last weights are tested
        words += [f"--data.type_map={json.dumps(self._dropped(start, target))}"]
        words += [f"--variant={row}-{share:g}", *self._common(seed)]
        words += [f"--trainer.max_epochs={options.target_epochs}"]
        words += [f"--model.optimizer.init_args.lr={options.target_rate}"]
        with Stopwatch() as watch:
            folder = self._run("fit", words)
            tested = self._tested(folder, [*words, "--ckpt_path=last"])
        record: Record = {"benchmark": "meta_low_resource", "row": row, "target": target.name}
        record |= {"share": share, "seed": seed, "epochs": options.target_epochs}
        return record | {"rate": options.target_rate} | tested | {"cpu_s": round(watch.cpu, 1)}

    def _dropped(self, start: Path, target: Path) -> Record:
        """Return the type map that leaves the target the entity types of the start."""
        from lowner_pl.corpus import read_conll
        from lowner_pl.runs.checkpoints import read_checkpoint

        known = read_checkpoint(start)["lowner_pl"]["entity_types"]
        train = read_conll(self.folder / target.name / "train.conll")
        found = {entity.type for sentence in train for entity in sentence.entities}
        return {type_: None for type_ in sorted(found) if type_ not in known}

    def _run(self, command: str, words: list[str]) -> Path:
        """Run a command; return its run folder."""
        from lowner_pl.commands.cli import run

        path: Path = run([command, *words]).run.path
        return path

    def _tested(self, folder: Path, words: list[str]) -> Record:
        """Test, and return the F1 in percent: of each target and the mean."""
        self._run("test", words)
        parts = tested_scores(folder, "last" if "--ckpt_path=last" in words else "best")
        each = {name: round(100 * part["f1"], 2) for name, part in parts.items()}
        return {"test_f1": round(statistics.mean(each.values()), 2), "test_f1_by_target": each}

    def _words(self, row: str, seed: int) -> list[str]:
        """Return the options of a row."""
        options, meta = self.options, not self._is_base(row)
        source = self._corpus(options.source)
        init: Record = {"source": source, "targets": [self._corpus(t) for t in options.targets]}
        init |= {"train_size": options.train, "dev_size": None, "batch_size": options.tasks}
        kind = "EpisodicDataModule" if meta else "CrossLingualDataModule"
        if meta:
            init |= {"k": 2, "retrieval_backbone": options.backbone}
            init["vector_cache"] = str(self.folder / "vectors")
        data = self._write(
            f"data-{kind}", {"class_path": f"lowner_pl.datamodules.{kind}", "init_args": init}
        )
        words = [*(f"--config={file}" for file in ROWS[row]), f"--variant={row}"]
        words += [f"--data={data}", *self._common(seed), f"--trainer.max_steps={options.steps}"]
        words += [f"--model.optimizer.init_args.lr={options.rate}"]
        if row.endswith("_words"):
            words += ["--model.average=words"]
        if row == "full_from_base":
            words += [f"--model.start={self.bases[seed]}"]
        if meta:
            words += [f"--model.inner_optimizer.init_args.lr={options.inner_rate}"]
            words += [f"--model.adaptation_lr={options.adaptation_rate}"]
        return words

    def _common(self, seed: int) -> list[str]:
        """Return the options of all runs."""
        options = self.options
        return [
            f"--seed_everything={seed}",
            f"--log_root={self.folder / 'logs'}",
            f"--model.backbone={options.backbone}",
            f"--model.frozen_layers={options.frozen_layers}",
            f"--model.head_lr_factor={options.head_lr_factor:g}",
            "--trainer.accelerator=cpu",
            f"--trainer.precision={options.precision}",
            "--trainer.enable_progress_bar=false",
            "--trainer.enable_model_summary=false",
        ]

    def _is_base(self, row: str) -> bool:
        """Return whether a row is not meta-learnt."""
        return row.startswith("base")

    def _corpus(self, data: Path) -> Record:
        """Return the data module of a corpus."""
        paths = {
            f"{split}_path": str(self.folder / data.name / f"{split}.conll") for split in SPLITS
        }
        init = {**paths, "name": data.name, "language": data.name.rpartition("-")[2]}
        return {"class_path": "lowner_pl.datamodules.ConllDataModule", "init_args": init}

    def _write(self, name: str, config: Record) -> Path:
        file = self.folder / f"{name}.json"
        file.write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
        return file


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, required=True, help="corpus folder")
    parser.add_argument("--targets", type=Path, nargs="+", required=True, help="corpus folders")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=PAPER)
    parser.add_argument("--shares", type=float, nargs="*", default=[], help="of target data")
    parser.add_argument("--train", type=int, default=2000, help="source sentences")
    parser.add_argument("--dev", type=int, default=200, help="dev sentences at most")
    parser.add_argument(
        "--test", type=int, default=300, help="test sentences of each target at most"
    )
    parser.add_argument(
        "--tasks", type=int, default=16, help="of an update; sentences for the base"
    )
    parser.add_argument("--steps", type=int, default=250, help="updates")
    parser.add_argument("--backbone", default="embedded")
    parser.add_argument("--frozen-layers", type=int, default=1)
    parser.add_argument("--rate", type=float, default=5e-4, help="of the updates")
    parser.add_argument("--inner-rate", type=float, default=1e-4, help="alpha")
    parser.add_argument("--adaptation-rate", type=float, default=1e-4, help="gamma")
    parser.add_argument("--head-lr-factor", type=float, default=10.0)
    parser.add_argument("--target-epochs", type=int, default=10, help="on the target data")
    parser.add_argument("--target-rate", type=float, default=2e-4, help="of these updates")
    parser.add_argument("--precision", default="32-true")
    parser.add_argument("--tune", action="store_true", help="train only; report source dev F1")
    parser.add_argument("--seeds", type=int, nargs="+", default=[12345, 23451])
    parser.add_argument("--out", type=Path, help="results file, one JSON record a line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
