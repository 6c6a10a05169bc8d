"""Shared parts of the studies of MELM: options, corpora of several sizes, runs and tables."""

import argparse
import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from common import (
    ROOT,
    SPLITS,
    Record,
    Stopwatch,
    best_dev_f1,
    copy_corpus,
    one_thread,
    tested_scores,
)

from lowner_pl.corpus import Sentence

CONFIGS = ROOT / "configs"
MELM = CONFIGS / "melm"
GOLD = MELM / "gold_conll.yaml"
FINETUNE = MELM / "generators" / "melm.yaml"
WHOLE: Record = {"train_size": None, "dev_size": None}  # otherwise the sizes in the configs apply


def parser(description: str | None) -> argparse.ArgumentParser:
    """Create a parser with the options that all studies share.

    The defaults suit the embedded backbone. The paper's values are ``--backbone xlm-roberta-large
    --generator-backbone xlm-roberta-base --tagger-rate 2e-5 --head-lr-factor 1 --generator-rate
    1e-5 --epochs 10``.
    """
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = made.add_argument
    add("--data", type=Path, nargs=1, required=True, help="corpus folder")
    add("--dev", type=int, help="dev sentences (default: as many as for training)")
    add("--test", type=int, default=500, help="maximum number of test sentences")
    add("--seeds", type=int, nargs="+", default=[12345], help="seeds of the runs")
    add("--backbone", default="embedded", help="backbone of the taggers")
    add("--generator-backbone", help="backbone of the generator (default: the taggers')")
    add("--tagger-rate", type=float, default=5e-4, help="learning rate of the taggers")
    add(
        "--head-lr-factor",
        type=float,
        default=10.0,
        help="factor on the heads' rate",
    )
    add("--epochs", type=int, default=20, help="epochs of the taggers")
    add("--generator-rate", type=float, default=5e-4, help="learning rate of MELM")
    add("--generator-epochs", type=int, default=20, help="epochs of MELM")
    add("--precision", default="32-true", help="bf16-mixed saves time")
    add("--accelerator", default="auto", help="cpu or gpu")
    add("--work", type=Path, default=Path("lightning_logs/melm_study"), help="folder of the runs")
    add("--out", type=Path, help="results file, one JSON record per line")
    made.set_defaults(steps=-1)  # the number of epochs applies
    return made


class Study:
    """Corpora in one folder, and runs on them through the command line.

    Several corpora are used together, with equally many sentences of each. Stages of `augment` that
    were run before, by this study or another one in the same folder, are not repeated.

    Args:
        options: Options of `parser`. ``steps``, the updates of the taggers, can replace ``epochs``.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        one_thread()
        self.options = options
        self.logs = options.work / "logs"
        self.corpora: dict[str, dict[str, list[Sentence]]] = {}
        for data in options.data:
            name = f"{data.name}-{options.test}"
            self.corpora[name] = copy_corpus(data, self._folder(name), {"test": options.test})
        self.parts = next(iter(self.corpora.values()))
        self.languages = [data.name.rpartition("-")[2] for data in options.data]
        self.name = "+".join(data.name for data in options.data)
        self.setting: Record = {"data": self.name, "test_sentences": options.test}
        keys = ("backbone", "tagger_rate", "head_lr_factor", "epochs", "generator_rate")
        more = ("generator_epochs", "precision")
        self.setting |= {key: getattr(options, key) for key in (*keys, *more)}

    def source(self, size: int | None) -> Record:
        """Return the config of ``size`` gold sentences per corpus, or all of them for ``None``."""
        dev = None if size is None else self.options.dev or size
        sources = []
        for name, language in zip(self.corpora, self.languages, strict=True):
            paths = {
                f"{split}_path": str(self._folder(name) / f"{split}.conll") for split in SPLITS
            }
            more = {"name": f"{name}-{size or 'all'}", "language": language}
            sizes = {"train_size": size, "dev_size": dev}
            sources.append(config_of("datamodules.ConllDataModule", **paths, **more, **sizes))
        if len(sources) == 1:
            return sources[0]
        whole = {"size_each": None, **WHOLE}
        return config_of("datamodules.MultilingualDataModule", sources=sources, **whole)

    def data(self, size: int | None) -> Path:
        """Write the config of `source`."""
        return self.write(f"gold-{self.name}-{size or 'all'}.json", self.source(size))

    def augmented(self, size: int, name: str, **added: Any) -> Path:
        """Write the config of ``size`` gold sentences plus those of files or augmenters."""
        config = config_of(
            "datamodules.AugmentedDataModule", source=self.source(size), **added, **WHOLE
        )
        return self.write(f"{self.name}-{size}-{name}.json", config)

    def write(self, name: str, config: Record) -> Path:
        """Write a config as JSON, which is valid YAML."""
        file: Path = self.options.work / "configs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(config), encoding="utf-8")
        return file.resolve()

    def run(self, command: str, configs: Sequence[Path], *words: str) -> Any:
        """Run a command; return its CLI."""
        from lowner_pl.commands.cli import run

        return run([command, *(f"--config={file}" for file in configs), *self._common(), *words])

    def tested(self, config: Path, seed: int, *words: str) -> tuple[Any, Record]:
        """Train and test a tagger; return the CLI that trained it and its scores in percent."""
        options = [*self.tagger_words(), f"--seed_everything={seed}", *words]
        cli = self.run("fit", [config], *options)
        self.run("test", [config], *options)
        return cli, percent(tested_scores(cli.run.path, "best"))

    def tagger(self, data: Path, seed: int, *, variant: str, epochs: int | None = None) -> Record:
        """Train and test a tagger; return its scores in percent and its checkpoint."""
        words = [f"--data={data}", f"--variant={variant}"]
        if epochs is not None:
            words.append(f"--trainer.max_epochs={epochs}")
        with Stopwatch() as watch:
            cli, scores = self.tested(GOLD, seed, *words)
        record: Record = {"dev_f1": best_dev_f1(cli.run.path), **scores}
        checkpoint = str(cli.run.path / "checkpoints" / "best.ckpt")
        return record | watch.report("seconds") | {"checkpoint": checkpoint}

    def augment(self, row: Path, data: Path, seed: int, *words: str, until: str) -> Record:
        """Run the stages of `augment` up to one; return their records.

        Args:
            row: Config of `augment`.
            data: Config of the corpora.
            seed: Seed of the runs.
            words: Options of the generator, such as `generator_words`. DAGA accepts no others.
            until: The last stage to run.
        """
        from lowner_pl.pipelines.pipeline import Pipeline

        common = [f"--seed_everything={seed}", *self._common(), *self.tagger_words("tagger.")]
        if not any(word.startswith("--generator.data=") for word in words):
            common.append(f"--generator.data={data}")
        pipeline = Pipeline(row, [*common, f"--tagger.data={data}", *words])
        pipeline.run(until=until)
        return pipeline.record.entries

    def tagger_words(self, group: str = "") -> list[str]:
        """Command-line options of the taggers."""
        chosen = self.options
        return _words(
            group,
            {
                "model.backbone": chosen.backbone,
                "model.optimizer.init_args.lr": chosen.tagger_rate,
                "model.head_lr_factor": chosen.head_lr_factor,
                "trainer.max_epochs": chosen.epochs,
                "trainer.max_steps": chosen.steps,
            },
        )

    def generator_words(self, group: str = "") -> list[str]:
        """Command-line options of MELM."""
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
        """Backbone of the generator."""
        return str(self.options.generator_backbone or self.options.backbone)

    def _folder(self, name: str) -> Path:
        """Folder of a corpus."""
        folder: Path = self.options.work / "corpora" / name
        return folder

    def _common(self) -> list[str]:
        """Command-line options of all runs."""
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


def config_of(name: str, /, **init: Any) -> Record:
    """Config of an object of the package."""
    return {"class_path": f"lowner_pl.{name}", "init_args": init}


def percent(scores: Mapping[str, Mapping[str, float]]) -> Record:
    """Read the test F1 in percent; for several test sets, each F1 and the mean."""
    each = {name: round(100 * part["f1"], 2) for name, part in scores.items()}
    if len(each) == 1:
        return {"test_f1": next(iter(each.values()))}
    return {"test_f1": round(statistics.mean(each.values()), 2), "test_f1_by_corpus": each}


def entity_types(sentences: Iterable[Sentence]) -> tuple[str, ...]:
    """Collect the entity types of sentences in alphabetical order."""
    return tuple(sorted({entity.type for sentence in sentences for entity in sentence.entities}))


def show(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a Markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    print("\n" + "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines), flush=True)


def mean(values: Iterable[float]) -> float:
    """Compute the mean, rounded to two decimals."""
    listed = list(values)
    return round(sum(listed) / len(listed), 2)


def _words(group: str, values: Record) -> list[str]:
    """Format options for the command line."""
    return [f"--{group}{key}={value}" for key, value in values.items()]
