"""The four methods on real corpora with 100 training sentences, through the command line.

python benchmarks/methods.py --data FOLDER --data FOLDER --data FOLDER --out results.jsonl
"""

import argparse
import json
import tempfile
from pathlib import Path

from common import (
    Record,
    Stopwatch,
    add_backbone_options,
    append,
    backbone,
    best_dev_f1,
    copy_corpus,
    one_thread,
    tested_scores,
    write_config,
)

from lowner_pl.corpus import read_conll, subset

METHODS = ("sner", "maner", "mlm_ner", "maner_rand")
TYPES = ("PER", "LOC", "ORG")


def main() -> None:
    """Train and test each method on each corpus."""
    options = _options()
    one_thread()
    for data in options.data:
        with tempfile.TemporaryDirectory() as name:
            study = Study(data, Path(name), options)
            for method in options.methods:
                for record in study.run(method):
                    append(options.out, record)


def untrained(name: str, folder: Path) -> str:
    """Write a copy of a backbone with random weights."""
    import torch
    from transformers import AutoModelForMaskedLM

    from lowner_pl.nn import load_backbone

    trained, _, tokenizer = load_backbone(name)
    torch.manual_seed(0)
    config = trained.encoder.config
    config._attn_implementation = "sdpa"
    AutoModelForMaskedLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


class Study:
    """A corpus with its own backbone, and the runs on it.

    Args:
        data: Folder of the corpus.
        folder: Working folder.
        options: Options of the command line.
    """

    def __init__(self, data: Path, folder: Path, options: argparse.Namespace) -> None:
        self.options = options
        self.folder = folder
        self.corpus = folder / data.name
        parts = copy_corpus(data, self.corpus, {"test": options.test})
        read = subset(parts["train"], options.train, seed=0)  # as `train_size` selects
        if options.backbone is None:
            self.backbone = str(backbone(folder / "backbone", read, options))
        elif options.untrained:
            self.backbone = untrained(options.backbone, folder / "backbone")
        else:
            self.backbone = options.backbone
        found = {entity.type for part in parts.values() for s in part for entity in s.entities}
        self.type_map = json.dumps(dict.fromkeys(sorted(found - {*TYPES})))
        self.known = {s.words[e.start : e.end] for s in read for e in s.entities}
        self.test_sentences = len(parts["test"])

    def run(self, method: str) -> list[Record]:
        """Choose the learning rate by dev F1 with the first seed, then test every seed."""
        first, *others = self.options.seeds
        dev = {rate: self._fit(method, rate, first) for rate in self.options.rates}
        best = max(dev, key=lambda rate: dev[rate]["dev_f1"])
        records = []
        for seed in (first, *others):
            record: Record = {"benchmark": "methods", "data": self.corpus.name, "method": method}
            record |= {"backbone": self.options.backbone, "untrained": self.options.untrained}
            record["head_lr_factor"] = self.options.head_lr_factor
            record |= {"seed": seed, "lr": best, "test_sentences": self.test_sentences}
            record["dev_f1_by_lr"] = {str(rate): report["dev_f1"] for rate, report in dev.items()}
            record |= dev[best] if seed == first else self._fit(method, best, seed)
            records.append(record | self._test(method, best, seed))
        return records

    def _fit(self, method: str, rate: float, seed: int) -> Record:
        """Train; return the best dev F1 in percent and the seconds."""
        watch = Stopwatch()
        with watch:
            self._command("fit", method, rate, seed)
        dev_f1 = best_dev_f1(self._run_folder(method, rate, seed))
        return {"dev_f1": dev_f1, "fit_cpu_s": round(watch.cpu, 1)}

    def _test(self, method: str, rate: float, seed: int) -> Record:
        """Test the best checkpoint; return the scores in percent."""
        self._command("test", method, rate, seed)
        folder = self._run_folder(method, rate, seed)
        (scores,) = tested_scores(folder, "best").values()
        keys = ("f1", "precision", "recall", "word_accuracy")
        report: Record = {f"test_{key}": round(100 * scores[key], 2) for key in keys}
        return report | self._recall(folder / "test_tagged.conll")

    def _recall(self, tagged: Path) -> Record:
        """Compute the recall of entities seen in training, with any type, and of unseen ones."""
        found: dict[bool, list[bool]] = {True: [], False: []}
        pairs = zip(read_conll(tagged, tag_column=1), read_conll(tagged, tag_column=2), strict=True)
        for gold, predicted in pairs:
            for entity in gold.entities:
                words = gold.words[entity.start : entity.end]
                found[words in self.known].append(entity in predicted.entities)
        return {
            f"test_recall_{name}": round(100 * sum(found[known]) / (len(found[known]) or 1), 2)
            for name, known in (("seen", True), ("unseen", False))
        } | {
            "test_seen_share": round(
                100 * len(found[True]) / (sum(map(len, found.values())) or 1), 2
            )
        }

    def _command(self, command: str, method: str, rate: float, seed: int) -> None:
        from lowner_pl.commands.cli import run

        config = write_config(self.folder / f"{method}.json", method, self.corpus)
        run(
            [
                command,
                f"--config={config}",
                f"--seed_everything={seed}",
                f"--log_root={self.folder / 'logs'}",
                f"--variant=lr_{rate}",
                f"--model.init_args.backbone={self.backbone}",
                f"--model.init_args.optimizer.init_args.lr={rate}",
                f"--model.init_args.head_lr_factor={self.options.head_lr_factor}",
                f"--data.init_args.train_size={self.options.train}",
                f"--data.init_args.dev_size={self.options.dev}",
                f"--data.init_args.type_map={self.type_map}",
                f"--trainer.max_epochs={self.options.epochs}",
                f"--trainer.precision={self.options.precision}",
                "--trainer.accelerator=cpu",
                "--trainer.enable_progress_bar=false",
                "--trainer.enable_model_summary=false",
            ]
        )

    def _run_folder(self, method: str, rate: float, seed: int) -> Path:
        place = f"{method}-lr_{rate}"
        return self.folder / "logs" / self.corpus.name / place / f"seed_{seed}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, action="append", required=True, help="corpus folder")
    parser.add_argument("--train", type=int, default=100, help="training sentences")
    parser.add_argument("--dev", type=int, default=100, help="dev sentences")
    parser.add_argument("--test", type=int, default=500, help="maximum number of test sentences")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--rates", type=float, nargs="+", default=[5e-4, 1e-3])
    parser.add_argument(
        "--head-lr-factor", type=float, default=1.0, help="factor on the head's rate"
    )
    parser.add_argument("--precision", default="32-true", help="of the trainer, e.g. bf16-mixed")
    parser.add_argument("--seeds", type=int, nargs="+", default=[12345, 23451])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--backbone", help="backbone to use instead of a fresh one, e.g. embedded")
    parser.add_argument("--untrained", action="store_true", help="randomise its weights")
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    add_backbone_options(parser, layers=2, hidden=128, heads=4)
    parser.set_defaults(vocabulary=1000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
