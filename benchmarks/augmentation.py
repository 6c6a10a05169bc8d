"""MELM and the methods it is compared with, on real corpora, through the command line.

python benchmarks/augmentation.py --data FOLDER --rows gold label_wise melm --out results.jsonl
python benchmarks/augmentation.py --data FOLDER FOLDER --rows gold mix_random melm_multi

One folder after ``--data`` is the monolingual setting, several are the multilingual one: as many
gold sentences of each, trained and tested together.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from common import ROOT, SPLITS, Record, Stopwatch, append, copy_corpus, one_thread

from lowner_pl.corpus import read_conll

FITTED = {"label_wise": "labelwise_conll", "mix_random": "mix_random_conll"}
FITTED |= {"mix_ess": "mix_ess_conll"}
AUGMENTED = {"mlm_entity": "mlm_entity_conll", "daga": "daga_conll"}
AUGMENTED |= {
    "melm_plain": "melm_plain_conll",
    "melm": "melm_conll",
    "melm_multi": "melm_multi_conll",
}
ROWS = ("gold", *FITTED, *AUGMENTED)
MONOLINGUAL = ("gold", "label_wise", "mlm_entity", "daga", "melm_plain", "melm")

ALL: Record = {"train_size": None, "dev_size": None}  # else the sizes of the configs below count


def main() -> None:
    """Run each row with each seed and report its test scores."""
    options = _options()
    one_thread()
    with tempfile.TemporaryDirectory() as name:
        study = Study(Path(name), options)
        for seed in options.seeds:
            for row in options.rows:
                append(options.out, study.run(row, seed))


class Study:
    """The gold sentences, and the rows on them.

    Args:
        folder: Where to work.
        options: The command line.
    """

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self.folder, self.options = folder, options
        sizes = {"train": None, "dev": None, "test": options.test}
        for data in options.data:
            copy_corpus(data, folder / data.name, sizes)
        self.languages = [data.name.rpartition("-")[2] for data in options.data]
        self.name = "+".join(data.name for data in options.data)
        self.gold = self._write("gold", self._source())

    def run(self, row: str, seed: int) -> Record:
        """Train and test a row's tagger; return scores in percent and what was added."""
        record: Record = {"benchmark": "augmentation", "data": self.name, "row": row, "seed": seed}
        record |= {key: getattr(self.options, key) for key in ("train", "steps", "backbone")}
        watch = Stopwatch()
        with watch:
            made = self._fit(row, seed) if row in FITTED else self._augment(row, seed)
        return record | made | {"cpu_s": round(watch.cpu, 1)}

    def _augment(self, row: str, seed: int) -> Record:
        """Run a pipeline: the stages that another row has done are not done again."""
        from lowner_pl.pipeline import Pipeline

        config = ROOT / "configs" / f"{AUGMENTED.get(row, AUGMENTED['melm'])}.yaml"
        words = [f"--tagger.config={self._tagger()}", f"--tagger.data={self.gold}"]
        words += [f"--generator.config={self._generator(row)}"]
        words += [f"--generator.data={self._mixed() if row == 'melm_multi' else self.gold}"]
        if row not in ("gold", "daga"):
            words.append("--generator.data.batch_size=30")
        pipeline = Pipeline(config, [*words, *self._run_options(seed)])
        pipeline.run(until="gold" if row == "gold" else "train")
        stages = pipeline.record
        if row == "gold":
            return _scores(stages["gold"]["test"])
        made = _scores(stages["train"]["test"])
        made["added"] = len(read_conll(stages.get("filter", stages["generate"])["file"]))
        return made | ({"filter": stages["filter"]["report"]} if "filter" in stages else {})

    def _fit(self, row: str, seed: int) -> Record:
        """Train and test on gold sentences and those of an augmenter, which needs no training."""
        from lowner_pl.cli import run

        config = ROOT / "configs" / f"{FITTED[row]}.yaml"
        words = [f"--config={config}", f"--config={self._tagger()}", f"--data.source={self.gold}"]
        if row == "mix_ess":
            words.append(f"--data.augmenters={json.dumps([self._most_similar()])}")
        words += self._run_options(seed)
        cli = run(["fit", *words])
        run(["test", *words])
        report = json.loads((cli.run.path / "test_metrics.json").read_text(encoding="utf-8"))
        (counts,) = cli.datamodule.reports.values()
        return _scores(report["scores"]) | {"added": counts.sentences_out}

    def _run_options(self, seed: int) -> list[str]:
        return [f"--seed_everything={seed}", f"--log_root={self.folder / 'logs'}"]

    def _source(self) -> Record:
        """Return the data module of the gold sentences."""
        options = self.options
        sizes = {"train_size": options.train, "dev_size": options.train}
        sources = []
        for data, language in zip(options.data, self.languages, strict=True):
            paths = {f"{s}_path": str(self.folder / data.name / f"{s}.conll") for s in SPLITS}
            names = {"name": data.name, "language": language}
            sources.append(_object("datamodules.ConllDataModule", paths | names | sizes))
        if len(sources) == 1:
            return sources[0]
        return _object("datamodules.MultilingualDataModule", {"sources": sources} | ALL)

    def _mixed(self) -> Path:
        """Return the data of MELM on gold and code-mixed sentences."""
        init = {"source": self._source(), "augmenters": [self._most_similar()]} | ALL
        return self._write("mixed", _object("datamodules.AugmentedDataModule", init))

    def _most_similar(self) -> Record:
        vectors = _object("nn.BackboneVectors", {"backbone": self.options.backbone})
        return _object("augmentation.EntitySimilarityCodeMixing", {"vectors": vectors})

    def _tagger(self) -> Path:
        """Write the tagger's options: the same number of updates in all rows."""
        options = self.options
        model: Record = {"backbone": options.backbone, "head_lr_factor": options.head_lr_factor}
        model["optimizer"] = {"init_args": {"lr": options.rate}}
        trainer = self._trainer() | {"max_epochs": -1, "max_steps": options.steps}
        return self._write("tagger", {"model": {"init_args": model}, "trainer": trainer})

    def _generator(self, row: str) -> Path:
        """Write the options of what generates."""
        model: Record = {}
        if row != "daga":
            model["backbone"] = self.options.backbone
            model["optimizer"] = {"init_args": {"lr": self.options.generator_rate}}
        if row == "melm_multi":
            model["languages"] = self.languages
        return self._write(
            f"generator_{row}", {"model": {"init_args": model}, "trainer": self._trainer()}
        )

    def _trainer(self) -> Record:
        quiet = {"enable_progress_bar": False, "enable_model_summary": False}
        return {"accelerator": "cpu", "precision": self.options.precision} | quiet

    def _write(self, name: str, config: Record) -> Path:
        file = self.folder / f"{name}.json"
        file.write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
        return file


def _object(name: str, init: Record) -> Record:
    """Return the config of an object of the package."""
    return {"class_path": f"lowner_pl.{name}", "init_args": init}


def _scores(scores: Record) -> Record:
    """Return the F1 in percent: of the test set, or of each and their mean."""
    if "f1" in scores:
        return {"test_f1": round(100 * scores["f1"], 2)}
    each = {name: round(100 * part["f1"], 2) for name, part in scores.items()}
    return {"test_f1": round(statistics.mean(each.values()), 2), "test_f1_by_corpus": each}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="corpus folders")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=MONOLINGUAL)
    parser.add_argument("--train", type=int, default=100, help="training and dev sentences, each")
    parser.add_argument("--test", type=int, default=500, help="test sentences at most")
    parser.add_argument("--steps", type=int, default=280, help="updates of each tagger")
    parser.add_argument("--backbone", default="embedded")
    parser.add_argument("--rate", type=float, default=5e-4, help="of the taggers")
    parser.add_argument("--head-lr-factor", type=float, default=10.0, help="of their heads")
    parser.add_argument("--generator-rate", type=float, default=5e-4, help="of MELM")
    parser.add_argument("--precision", default="bf16-mixed", help="of the trainer")
    parser.add_argument("--seeds", type=int, nargs="+", default=[12345, 23451, 34512])
    parser.add_argument("--out", type=Path, help="results file, one JSON record a line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
