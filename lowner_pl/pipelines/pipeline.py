"""``augment``: the row of commands from gold sentences to a tagger trained on more of them."""

import contextlib
import hashlib
import io
import json
import warnings
from copy import deepcopy
from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import ArgumentParser

from lowner_pl.augmentation import consistent
from lowner_pl.callbacks import (
    GenerationWriter,
    PredictionWriter,
    read_test_record,
    scores_by_set,
    without_advice,
)
from lowner_pl.commands.cli import NERCLI, UNTRAINED, run
from lowner_pl.commands.configs import locate
from lowner_pl.commands.failures import cause_of_ours
from lowner_pl.commands.option_parser import PROGRAM, PlainParser
from lowner_pl.corpus import AugmentationReport, ConllFile, fingerprint, write_conll
from lowner_pl.datamodules import NERDataModule
from lowner_pl.modules import BaseModule
from lowner_pl.pipelines.stage_record import Entry, StageRecord, last_checkpoint, unless_empty
from lowner_pl.pipelines.stages import (
    GROUPS,
    STAGES,
    options_of,
    refuse_checkpoint,
    stage_configs,
    without_data,
)
from lowner_pl.runs import stopping
from lowner_pl.runs.files import write_text


def augment(arguments: list[str]) -> None:
    """Run a pipeline from the command line.

    Args:
        arguments: ``--config`` of the pipeline, then configs and options for its stages: for all,
            or behind ``--tagger.`` and ``--generator.`` for one of its two models.
    """
    parser = PlainParser(prog=f"{PROGRAM} augment", words=arguments, allow_abbrev=False)
    parser.add_argument(
        "--config", action="append", required=True, help="the pipeline; further ones for all stages"
    )
    parser.add_argument("--until", choices=STAGES, default=STAGES[-1], help="the last stage to run")
    options, more = parser.parse_known_args(arguments)
    refuse_checkpoint(more)
    # Of no use to whoever typed `augment`, and long: it repeats all options, twice a stage.
    warnings.filterwarnings("ignore", message="LightningCLI's args parameter")
    pipeline, *overlays = options.config
    shared = [*(f"--config={file}" for file in overlays), *more]
    Pipeline(Path(locate(pipeline)), shared).run(until=options.until)


class Pipeline:
    """MELM's algorithm 1 (`Zhou et al., 2022 <https://arxiv.org/abs/2108.13655>`_), stage by stage.

    ``gold`` trains and tests a tagger on the gold sentences, ``finetune`` trains what generates,
    ``generate`` makes candidates, ``filter`` keeps those that the gold tagger tags as they are
    tagged, ``train`` trains and tests a tagger on gold and kept sentences. Each stage is a command
    with a config of its own; they meet in CoNLL files. A stage that was done with the same options
    and data, by this pipeline or another one, is not done again; one that was stopped goes on.
    One process at a time works on a pipeline.

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
        self._parsed: dict[tuple[str, ...], dict[str, Any]] = {}
        self.configs = stage_configs(config)
        self.options = {stage: options_of(stage, options) for stage in STAGES}
        self.settings = self._settings("gold", "fit", self.options["gold"])
        data = _data_module(self.settings["data"])
        self.digest = _digest(data)
        seed = f"seed_{self.settings['seed_everything']}"
        root = Path(self.settings["log_root"])
        self.folder = root / data.name / f"augment-{self.name}" / seed
        self.record = StageRecord(self.folder)

    def run(self, *, until: str = "train") -> Path:
        """Run the stages up to one and return the folder of ``augmented.conll``.

        Raises:
            ValueError: If another process works on the pipeline, what is known of the stages
                cannot be read, or nothing was generated or kept for a stage to go on with.
        """
        todo = [s for s in STAGES[: STAGES.index(until) + 1] if s in self.configs]
        self._check_options(todo)
        try:
            with self.record.opened(), without_advice():
                self._run(todo)
        except BaseException:
            stopping.advise("The same command goes on where it was stopped.")
            raise
        print(f"Augmentation: {self.folder}")
        return self.folder

    def _check_options(self, todo: list[str]) -> None:
        """Check the options of the stages, so that a wrong one of the last does not cost the first.

        They are parsed, and what generates is made from them. What only stages before them know,
        such as checkpoints, is left out.
        """
        made: list[dict[str, Any]] = []
        for stage in todo:
            options = self.options[stage]
            if stage == "train":  # its data are made of those of the gold sentences
                data = json.dumps(self.settings["data"])
                options = [*without_data(options), f"--data={data}"]
            command = "predict" if stage in ("generate", "filter") else "fit"
            settings = self._settings(stage, command, options)
            parts = {part: settings[part] for part in ("data", "model")}
            if stage in GROUPS["generator"] and parts not in made:
                _check_model(stage, parts)
                made.append(parts)

    def _run(self, todo: list[str]) -> None:
        """Run stages."""
        gold = self._fit("gold", self.options["gold"], tested=True)
        made_by = gold
        if "finetune" in todo:
            made_by = self._fit("finetune", self.options["finetune"], tested=False)
        if "generate" in todo:
            candidates = self._generate(made_by if "finetune" in todo else None)
        if "filter" in todo:
            candidates = self._filter(gold, unless_empty("generate", candidates))
        if "train" in todo:
            last = "filter" if "filter" in todo else "generate"
            self._train(unless_empty(last, candidates), candidates["signature"])

    def _fit(self, stage: str, options: list[str], *, tested: bool, after: str = "") -> Entry:
        """Train, going on with a run that was stopped, and test."""
        settings = self._settings(stage, "fit", options)
        entry = self._begin(stage, "fit", settings, after)
        if entry.get("done"):
            return entry
        words = self._words(stage, options)
        last, written_at = last_checkpoint(settings)
        if "before" not in entry:
            # A run with this configuration may be there, of other data: it is not to go on.
            entry["before"] = written_at
            self.record.write(stage, entry)
        goes_on = [] if written_at == entry["before"] else [f"--ckpt_path={last}"]
        cli = run(["fit", *words, *goes_on])
        entry["checkpoint"] = str(cli.run.checkpoint("best"))
        if tested:
            entry["test"] = _tested(cli, ["test", *words])
        del entry["before"]
        return self.record.done(stage, entry)

    def _generate(self, made_by: Entry | None) -> Entry:
        """Make candidates of the gold sentences."""
        checkpoint = UNTRAINED if made_by is None else made_by["checkpoint"]
        options = [*self.options["generate"], f"--ckpt_path={checkpoint}"]
        after = "" if made_by is None else made_by["signature"]
        entry = self._begin(
            "generate", "predict", self._settings("generate", "predict", options), after
        )
        if not entry.get("done"):
            cli = run(["predict", *self._words("generate", options)])
            writer = _callback(cli, GenerationWriter)
            entry |= {"file": str(writer.file), "report": writer.novelty.report.as_dict()}
            self.record.done("generate", entry)
        return entry

    def _filter(self, gold: Entry, candidates: Path) -> Entry:
        """Keep the candidates whose tags the gold tagger predicts."""
        checkpoint = f"--ckpt_path={gold['checkpoint']}"
        options = [*self.options["filter"], checkpoint, f"--data.predict_path={candidates}"]
        after = gold["signature"] + self.record.entries["generate"]["signature"]
        settings = self._settings("filter", "predict", options)
        entry = self._begin("filter", "predict", settings, after)
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
        return self.record.done("filter", entry)

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
        write_text(file, yaml.safe_dump(data, allow_unicode=True))
        mine = without_data(self.options["train"])
        words = [f"--variant={self.name}", *mine, f"--data={file}"]
        return self._fit("train", words, tested=True, after=after)

    def _words(self, stage: str, options: list[str]) -> list[str]:
        """Return the words of a stage's command: its configs, then the options."""
        return [*(f"--config={file}" for file in self.configs[stage]), *options]

    def _begin(self, stage: str, command: str, settings: dict[str, Any], after: str) -> Entry:
        """Return what is known of a stage, by whichever pipeline did the same.

        Args:
            stage: The stage.
            command: Its command.
            settings: The configuration of the command.
            after: Signatures of the stages that it builds on.
        """
        text = json.dumps(settings, sort_keys=True)
        digest = self.digest
        if stage in GROUPS["generator"]:  # which may have sentences of its own
            digest += _digest(_data_module(settings["data"]))
        key = "\n".join([command, text, digest, after])
        return self.record.begin(stage, hashlib.blake2b(key.encode(), digest_size=16).hexdigest())

    def _settings(self, stage: str, command: str, options: list[str]) -> dict[str, Any]:
        """Return the whole configuration of a command, defaults included."""
        words = (command, *self._words(stage, options), "--print_config")
        if words in self._parsed:
            return self._parsed[words]
        text = io.StringIO()
        try:
            with contextlib.redirect_stdout(text):
                run([*words])
        except SystemExit as shown:
            if shown.code:  # an option was refused, and said so
                raise
        settings: dict[str, Any] = yaml.safe_load(text.getvalue())
        self._parsed[words] = settings
        return settings


def _data_module(settings: dict[str, Any]) -> NERDataModule:
    """Make the data module of a configuration, which the parser must not change."""
    parser = ArgumentParser()
    parser.add_subclass_arguments(NERDataModule, "data")
    made = parser.instantiate_classes(parser.parse_object({"data": deepcopy(settings)})).data
    assert isinstance(made, NERDataModule)
    return made


def _check_model(stage: str, settings: dict[str, Any]) -> None:
    """Make the model of a stage with its data, and forget it.

    Raises:
        ValueError: If the model refuses its options.
    """
    parser = ArgumentParser()
    parser.add_subclass_arguments(NERDataModule, "data")
    parser.add_subclass_arguments(BaseModule, "model")
    parser.link_arguments(
        "data.entity_types", "model.init_args.entity_types", apply_on="instantiate"
    )
    try:
        parser.instantiate_classes(parser.parse_object(deepcopy(settings)))
    except ValueError as error:
        raise ValueError(f"Stage {stage} can't begin: {cause_of_ours(error) or error}") from error


def _digest(data: NERDataModule) -> str:
    """Return a hash of all sentences that a data module has for a pipeline.

    Raises:
        ValueError: If it has no test sentences: a tagger would be trained and then not tested.
    """
    parts = [data.sentences("train"), data.sentences("dev"), *data.test_sets()]
    named = [] if data.predict_path is None else data.to_predict()
    return fingerprint(chain(*parts, named))


def _tested(cli: NERCLI, words: list[str]) -> dict[str, Any]:
    """Test what was just trained, into whose run nobody trains.

    Returns:
        The mean F1, and the scores of each test set by its name.
    """
    cli.run.lock()
    try:
        run(words)
    finally:
        cli.run.release()
    record = read_test_record(cli.run.path / "test_metrics.json")
    assert record is not None
    return {"f1": record["f1"], "test_sets": scores_by_set(record)}


def _callback(cli: NERCLI, kind: type[Any]) -> Any:
    """Return the callback of a kind."""
    callbacks: Any = cli.trainer.callbacks  # type: ignore[attr-defined]
    return next(part for part in callbacks if isinstance(part, kind))
