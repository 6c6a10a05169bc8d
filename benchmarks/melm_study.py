"""What the analyses of MELM share: options, a corpus at several sizes, runs, rows, tables."""

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from common import ROOT, SPLITS, Record, Stopwatch, best_dev_f1, copy_corpus, one_thread

from lowner_pl.corpus import Sentence

CONFIGS = ROOT / "configs"
GOLD = CONFIGS / "melm_1_gold.yaml"
FINETUNE = CONFIGS / "melm_2_finetune.yaml"
PLAIN = CONFIGS / "melm_plain.yaml"


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of the options that all analyses have.

    Rates, factor and epochs are those that the embedded backbone wants. The paper's: ``--backbone
    xlm-roberta-large --generator-backbone xlm-roberta-base --tagger-rate 2e-5 --head-lr-factor 1
    --generator-rate 1e-5 --epochs 10``.
    """
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = made.add_argument
    add("--data", type=Path, required=True, help="corpus folder")
    add("--dev", type=int, help="dev sentences; as many as for training without")
    add("--test", type=int, default=500, help="test sentences at most")
    add("--seeds", type=int, nargs="+", default=[12345], help="of the runs")
    add("--backbone", default="embedded", help="of the taggers")
    add("--generator-backbone", help="of what generates; the taggers' without")
    add("--tagger-rate", type=float, default=5e-4, help="learning rate of the taggers")
    add("--head-lr-factor", type=float, default=10.0, help="of the taggers' heads")
    add("--epochs", type=int, default=20, help="of the taggers")
    add("--generator-rate", type=float, default=5e-4, help="learning rate of MELM")
    add("--generator-epochs", type=int, default=20, help="of MELM")
    add("--precision", default="32-true", help="bf16-mixed saves time")
    add("--accelerator", default="auto", help="cpu or gpu")
    add("--work", type=Path, default=Path("lightning_logs/melm_study"), help="where runs land")
    add("--out", type=Path, help="results file, one JSON record a line")
    return made


class Study:
    """One corpus, and runs on it through the command line, all below one folder.

    Rows of `augment` that were done before, in this study or another one in the same folder, are
    not done again.

    Args:
        options: Those of `parser`.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        one_thread()
        self.options = options
        self.logs = options.work / "logs"
        self.corpus = options.work / "corpora" / f"{options.data.name}-{options.test}"
        self.parts = copy_corpus(options.data, self.corpus, {"test": options.test})
        self.setting: Record = {"data": options.data.name, "test_sentences": options.test}
        keys = ("backbone", "tagger_rate", "head_lr_factor", "epochs", "generator_rate")
        more = ("generator_epochs", "precision")
        self.setting |= {key: getattr(options, key) for key in (*keys, *more)}

    def data(self, size: int | None) -> Path:
        """Write the config of the corpus with so many gold sentences, all without."""
        name = f"{self.corpus.name}-{size or 'all'}"
        paths = {f"{split}_path": str(self.corpus / f"{split}.conll") for split in SPLITS}
        dev = None if size is None else self.options.dev or size
        return self.write(
            f"{name}.json",
            {
                "class_path": "lowner_pl.datamodules.ConllDataModule",
                "init_args": {**paths, "name": name, "train_size": size, "dev_size": dev},
            },
        )

    def augmented(self, size: int, name: str, file: Path) -> Path:
        """Write the config of so many gold sentences and those of a file."""
        source = json.loads(self.data(size).read_text(encoding="utf-8"))
        more: Record = {"files": [str(file)], "augmenters": [], "train_size": None}
        return self.write(
            f"{self.corpus.name}-{size}-{name}.json",
            {
                "class_path": "lowner_pl.datamodules.AugmentedDataModule",
                "init_args": {"source": source, "dev_size": None, **more},
            },
        )

    def write(self, name: str, config: Record) -> Path:
        """Write a config; JSON is YAML."""
        file: Path = self.options.work / "configs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(config), encoding="utf-8")
        return file.resolve()

    def run(self, command: str, configs: Sequence[Path], data: Path, *more: str) -> Any:
        """Run a command and return what ran it."""
        from lowner_pl.cli import run

        files = [f"--config={file}" for file in configs]
        return run([command, *files, f"--data={data}", *self._common(), *more])

    def tagger(self, data: Path, seed: int, *, variant: str, epochs: int | None = None) -> Record:
        """Train and test a tagger; return its scores in percent, and its checkpoint."""
        words = [f"--seed_everything={seed}", f"--variant={variant}", *self.tagger_words()]
        if epochs is not None:
            words.append(f"--trainer.max_epochs={epochs}")
        with Stopwatch() as watch:
            folder: Path = self.run("fit", [GOLD], data, *words).run.path
            self.run("test", [GOLD], data, *words)
        scores = json.loads((folder / "test_metrics.json").read_text())["scores"]
        record: Record = {"dev_f1": best_dev_f1(folder), "test_f1": round(100 * scores["f1"], 2)}
        checkpoint = str(folder / "checkpoints" / "best.ckpt")
        return record | watch.report("seconds") | {"checkpoint": checkpoint}

    def augment(
        self, row: Path, data: Path, seed: int, *, until: str, generator: bool = True
    ) -> Record:
        """Run the stages of a row up to one and return what they noted.

        Args:
            row: Its config.
            data: The corpus.
            seed: Of the runs.
            until: The last stage.
            generator: Whether what generates takes the options of MELM; DAGA does not.
        """
        from lowner_pl.commands import run_command

        words = [f"--data={data}", f"--seed_everything={seed}", f"--until={until}"]
        words += [*self._common(), *self.tagger_words("tagger.")]
        words += self.generator_words("generator.") if generator else []
        run_command(["augment", f"--config={row}", *words])
        name = json.loads(data.read_text(encoding="utf-8"))["init_args"]["name"]
        file = self.logs / name / f"augment-{row.stem}" / f"seed_{seed}" / "augment.json"
        noted: Record = json.loads(file.read_text(encoding="utf-8"))
        return noted

    def tagger_words(self, group: str = "") -> list[str]:
        """Return the options of the taggers."""
        chosen = self.options
        return _words(
            group,
            {
                "model.backbone": chosen.backbone,
                "model.optimizer.init_args.lr": chosen.tagger_rate,
                "model.head_lr_factor": chosen.head_lr_factor,
                "trainer.max_epochs": chosen.epochs,
            },
        )

    def generator_words(self, group: str = "") -> list[str]:
        """Return the options of MELM."""
        chosen = self.options
        return _words(
            group,
            {
                "model.backbone": self.generator_backbone,
                "model.optimizer.init_args.lr": chosen.generator_rate,
                "trainer.max_epochs": chosen.generator_epochs,
            },
        )

    @property
    def generator_backbone(self) -> str:
        """The backbone of what generates."""
        return str(self.options.generator_backbone or self.options.backbone)

    def _common(self) -> list[str]:
        """Return the options of all runs."""
        chosen = self.options
        return _words(
            "",
            {
                "log_root": self.logs,
                "trainer.accelerator": chosen.accelerator,
                "trainer.precision": chosen.precision,
                "trainer.enable_progress_bar": "false",
                "trainer.enable_model_summary": "false",
            },
        )


def entity_types(sentences: Iterable[Sentence]) -> tuple[str, ...]:
    """Return the entity types of sentences, in alphabetical order."""
    return tuple(sorted({entity.type for sentence in sentences for entity in sentence.entities}))


def show(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table in Markdown."""
    lines = [heading, ["---"] * len(heading), *rows]
    print("\n" + "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines), flush=True)


def mean(values: Iterable[float]) -> float:
    """Return the mean, rounded to two places."""
    listed = list(values)
    return round(sum(listed) / len(listed), 2)


def _words(group: str, values: Record) -> list[str]:
    """Return options of the command line."""
    return [f"--{group}{key}={value}" for key, value in values.items()]
