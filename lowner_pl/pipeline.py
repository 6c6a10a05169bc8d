"""``augment``: the row of commands from gold sentences to a tagger trained on more of them."""

import argparse
import contextlib
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import ArgumentParser

from lowner_pl.augmentation import consistent
from lowner_pl.callbacks import GenerationWriter, PredictionWriter
from lowner_pl.callbacks.shared import write_record
from lowner_pl.cli import NERCLI, UNTRAINED, run
from lowner_pl.corpus import AugmentationReport, ConllFile, fingerprint, write_conll
from lowner_pl.datamodules import NERDataModule
from lowner_pl.stages import (
    STAGES,
    Entry,
    is_done,
    options_of,
    stage_configs,
    without_data,
    written,
)


def augment(arguments: list[str]) -> None:
    """Run a pipeline from the command line.

    Args:
        arguments: ``--config`` of the pipeline, then configs and options for its stages: for all,
            or behind ``--tagger.`` and ``--generator.`` for one of its two models.
    """
    parser = argparse.ArgumentParser(prog="python -m lowner_pl augment", allow_abbrev=False)
    parser.add_argument(
        "--config", action="append", required=True, help="the pipeline; further ones for all stages"
    )
    parser.add_argument("--until", choices=STAGES, default=STAGES[-1], help="the last stage to run")
    options, more = parser.parse_known_args(arguments)
    pipeline, *overlays = options.config
    shared = [*(f"--config={file}" for file in overlays), *more]
    Pipeline(Path(pipeline), shared).run(until=options.until)


class Pipeline:
    """MELM's algorithm 1 (`Zhou et al., 2022 <https://arxiv.org/abs/2108.13655>`_), stage by stage.

    ``gold`` trains and tests a tagger on the gold sentences, ``finetune`` trains what generates,
    ``generate`` makes candidates, ``filter`` keeps those that the gold tagger tags as they are
    tagged, ``train`` trains and tests a tagger on gold and kept sentences. Each stage is a command
    with a config of its own; they meet in CoNLL files. A stage that was done with the same options
    and data, by this pipeline or another one, is not done again; one that was stopped goes on.

    Args:
        config: A file whose ``stages`` name the configs of each; see `stage_configs`. Without
            ``finetune`` the backbone generates as it comes; without ``filter`` all are kept.
        options: Options for the commands, as on the command line; see `options_of`.

    Raises:
        FileNotFoundError: If a config is missing.
        ValueError: If a stage is unknown, or a needed one has no config.
    """

    def __init__(self, config: Path, options: list[str]) -> None:
        self.name = config.stem
        self.configs = stage_configs(config)
        self.options = {stage: options_of(stage, options) for stage in STAGES}
        self.settings = self._settings("gold", "fit", self.options["gold"])
        data = _data_module(self.settings["data"])
        data.setup("fit")
        self.digest = fingerprint(s for split in ("train", "dev") for s in data.sentences(split))
        seed = f"seed_{self.settings['seed_everything']}"
        root = Path(self.settings["log_root"])
        self.folder = root / data.name / f"augment-{self.name}" / seed
        self.file = self.folder / "augment.json"
        self.record: dict[str, Entry] = {}
        if self.file.is_file():
            self.record = json.loads(self.file.read_text(encoding="utf-8"))

    def run(self, *, until: str = "train") -> Path:
        """Run the stages up to one and return the folder of ``augmented.conll``."""
        todo = [stage for stage in STAGES[: STAGES.index(until) + 1] if stage in self.configs]
        gold = self._fit("gold", self.options["gold"], tested=True)
        made_by = gold
        if "finetune" in todo:
            made_by = self._fit("finetune", self.options["finetune"], tested=False)
        if "generate" in todo:
            candidates = self._generate(made_by if "finetune" in todo else None)
        if "filter" in todo:
            candidates = self._filter(gold, Path(candidates["file"]))
        if "train" in todo:
            self._train(Path(candidates["file"]), candidates["signature"])
        print(f"Augmentation: {self.folder}")
        return self.folder

    def _fit(self, stage: str, options: list[str], *, tested: bool, after: str = "") -> Entry:
        """Train, going on with a run that was stopped, and test."""
        entry, begun = self._begun(stage, "fit", options, after)
        if entry.get("done"):
            return entry
        words = self._words(stage, options)
        cli = (_resumed(words) if begun else None) or run(["fit", *words])
        entry["checkpoint"] = str(cli.run.checkpoint("best"))
        if tested:
            run(["test", *words])
            scores = json.loads((cli.run.path / "test_metrics.json").read_text(encoding="utf-8"))
            entry["test"] = scores["scores"]
        return self._done(stage, entry)

    def _generate(self, made_by: Entry | None) -> Entry:
        """Make candidates of the gold sentences."""
        checkpoint = UNTRAINED if made_by is None else made_by["checkpoint"]
        options = [*self.options["generate"], f"--ckpt_path={checkpoint}"]
        after = "" if made_by is None else made_by["signature"]
        entry, _ = self._begun("generate", "predict", options, after)
        if not entry.get("done"):
            cli = run(["predict", *self._words("generate", options)])
            entry["file"] = str(_callback(cli, GenerationWriter).file)
            self._done("generate", entry)
        return entry

    def _filter(self, gold: Entry, candidates: Path) -> Entry:
        """Keep the candidates whose tags the gold tagger predicts."""
        checkpoint = f"--ckpt_path={gold['checkpoint']}"
        options = [*self.options["filter"], checkpoint, f"--data.predict_path={candidates}"]
        after = gold["signature"] + self.record["generate"]["signature"]
        entry, _ = self._begun("filter", "predict", options, after)
        if entry.get("done"):
            return entry
        cli = run(["predict", *self._words("filter", options)])
        tagged = ConllFile(_callback(cli, PredictionWriter).file)
        predicted = (sentence.tags or () for sentence in tagged)
        report = AugmentationReport()
        gold_sentences = cli.datamodule.sentences("train")
        # Candidates are read, compared and written one by one: there may be many.
        kept = consistent(ConllFile(candidates), predicted, gold=gold_sentences, report=report)
        entry["file"] = str(self.folder / "augmented.conll")
        write_conll(Path(entry["file"]), kept)
        entry["report"] = report.as_dict()
        print(f"Filter: {report}.")
        return self._done("filter", entry)

    def _train(self, augmented: Path, after: str) -> Entry:
        """Train and test a tagger on the gold sentences and the new ones."""
        source = self.settings["data"]
        options = {key: source["init_args"][key] for key in ("batch_size", "eval_batch_size")}
        # Said in full: what another config says of the gold sentences must not cut the union.
        options |= {"train_size": None, "dev_size": None, "type_map": None}
        data = {
            "class_path": "lowner_pl.datamodules.AugmentedDataModule",
            "init_args": {"source": source, "files": [str(augmented)], "augmenters": [], **options},
        }
        file = self.folder / "train_data.yaml"
        file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
        mine = without_data(self.options["train"])
        words = [f"--variant={self.name}", *mine, f"--data={file}"]
        return self._fit("train", words, tested=True, after=after)

    def _words(self, stage: str, options: list[str]) -> list[str]:
        """Return the words of a stage's command: its configs, then the options."""
        return [*(f"--config={file}" for file in self.configs[stage]), *options]

    def _begun(
        self, stage: str, command: str, options: list[str], after: str
    ) -> tuple[Entry, bool]:
        """Return what is known of a stage, and whether it was begun with the same options.

        Args:
            stage: The stage.
            command: Its command.
            options: Its options.
            after: Signatures of the stages that it builds on.
        """
        settings = json.dumps(self._settings(stage, command, options), sort_keys=True)
        key = "\n".join([command, settings, self.digest, after])
        signature = hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
        mine = self.record.get(stage, {})
        begun = mine.get("signature") == signature and not mine.get("done")
        entries = [record[stage] for record in (self.record, *self._others()) if stage in record]
        same = (e for e in entries if e["signature"] == signature and is_done(e))
        entry = next(same, {"signature": signature})
        print(f"Stage {stage}: {'done before' if entry.get('done') else 'running'}.")
        self._write(stage, entry)
        return entry, begun

    def _done(self, stage: str, entry: Entry) -> Entry:
        """Note that a stage is done."""
        entry["done"] = True
        entry["written"] = written(entry)
        self._write(stage, entry)
        return entry

    def _write(self, stage: str, entry: Entry) -> None:
        """Write what is known of a stage."""
        self.record[stage] = entry
        self.folder.mkdir(parents=True, exist_ok=True)
        write_record(self.file, self.record)

    def _others(self) -> list[dict[str, Entry]]:
        """Return what other pipelines with this data and seed have done."""
        corpus, seed = self.folder.parents[1], self.folder.name
        files = sorted(corpus.glob(f"augment-*/{seed}/{self.file.name}"))
        return [json.loads(f.read_text(encoding="utf-8")) for f in files if f != self.file]

    def _settings(self, stage: str, command: str, options: list[str]) -> dict[str, Any]:
        """Return the whole configuration of a command, defaults included."""
        text = io.StringIO()
        try:
            with contextlib.redirect_stdout(text):
                run([command, *self._words(stage, options), "--print_config"])
        except SystemExit as shown:
            if shown.code:  # an option was refused, and said so
                raise
        settings: dict[str, Any] = yaml.safe_load(text.getvalue())
        return settings


def _data_module(settings: dict[str, Any]) -> NERDataModule:
    """Return the data module of a configuration."""
    parser = ArgumentParser()
    parser.add_subclass_arguments(NERDataModule, "data")
    made = parser.instantiate_classes(parser.parse_object({"data": settings})).data
    assert isinstance(made, NERDataModule)
    return made


def _resumed(words: list[str]) -> NERCLI | None:
    """Go on with a run that was stopped, or return ``None`` if it left no checkpoint."""
    with contextlib.suppress(FileNotFoundError):
        return run(["fit", *words, "--ckpt_path=last"])
    return None


def _callback(cli: NERCLI, kind: type[Any]) -> Any:
    """Return the callback of a kind."""
    callbacks: Any = cli.trainer.callbacks  # type: ignore[attr-defined]
    return next(part for part in callbacks if isinstance(part, kind))
