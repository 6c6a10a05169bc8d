"""The command ``augment``, which generates sentences and trains a tagger on them and the gold."""

import json
from pathlib import Path
from typing import Any, TypeVar

import yaml
from lightning.pytorch import Callback

from lowner_pl.augmentation import consistent
from lowner_pl.callbacks import (
    GenerationWriter,
    PredictionWriter,
    read_test_record,
    scores_by_set,
    without_advice,
)
from lowner_pl.commands.cli import NERCLI, run
from lowner_pl.commands.command_line import Settings
from lowner_pl.commands.configs import locate
from lowner_pl.commands.options.plain_parser import PROGRAM, PlainParser
from lowner_pl.commands.run_config import run_with, signature_of
from lowner_pl.commands.run_start import UNTRAINED
from lowner_pl.corpus import AugmentationReport, ConllFile, write_conll
from lowner_pl.modules import BaseModule
from lowner_pl.pipelines.overlays import pipeline_overlays, replaced
from lowner_pl.pipelines.stage_parts import check_stage, digest_of
from lowner_pl.pipelines.stage_record import Entry, StageRecord, unless_empty
from lowner_pl.pipelines.stages import (
    GROUPS,
    STAGES,
    options_of,
    refuse_checkpoint,
    stage_configs,
    typed_for,
    without_data,
)
from lowner_pl.runs import stopping
from lowner_pl.runs.files import write_text
from lowner_pl.tagging.run_data import data_of

_Callback = TypeVar("_Callback", bound=Callback)


def augment(arguments: list[str]) -> None:
    """Run a pipeline from the command line.

    Args:
        arguments: ``--config`` of the pipeline, then configurations and options for all stages.
            Those that begin with ``--tagger.`` or ``--generator.`` apply only to the stages of
            that model.
    """
    parser = PlainParser(prog=f"{PROGRAM} augment", words=arguments)
    parser.add_argument(
        "--config",
        action="append",
        required=True,
        help="the pipeline; further files apply to all stages",
    )
    parser.add_argument("--until", choices=STAGES, default=STAGES[-1], help="the last stage to run")
    options, more = parser.parse_known_args(arguments)
    refuse_checkpoint(more)
    pipeline, *overlays = options.config
    shared = [*(f"--config={file}" for file in overlays), *more]
    Pipeline(Path(locate(pipeline)), shared).run(until=options.until)


class Pipeline:
    """MELM's algorithm 1 (`Zhou et al., 2022 <https://arxiv.org/abs/2108.13655>`_), stage by stage.

    ``gold`` trains and tests a tagger on the gold sentences, ``finetune`` trains the generator,
    ``generate`` makes candidates, ``filter`` keeps those whose tags the gold tagger confirms, and
    ``train`` trains and tests a tagger on gold and kept sentences. Each stage is a command with its
    own configuration. New sentences pass from stage to stage in CoNLL files. A stage that this or
    another pipeline has finished with the same options and data is skipped, and a stopped stage
    continues. Only one process at a time can work on a pipeline.

    Args:
        config: A file whose ``stages`` name the configurations; see `stage_configs`. Without
            ``finetune`` the pretrained backbone generates; without ``filter`` all candidates stay.
        options: Options for the commands, as on the command line; see `options_of`. The pipeline's
            ``overlays`` replace some of its configurations; see `pipeline_overlays`.

    Raises:
        FileNotFoundError: If a configuration is missing.
        ValueError: If a stage is unknown, or a needed one has no configuration.
    """

    def __init__(self, config: Path, options: list[str]) -> None:
        self.name = config.stem
        self._parsed: dict[tuple[str, ...], Settings] = {}
        self.configs = stage_configs(config)
        self.typed = options
        overlays = pipeline_overlays(config)
        self.options = {s: replaced(s, options_of(s, options), overlays) for s in STAGES}
        self.settings = self._parse("gold", "fit", self.options["gold"]).values
        data = data_of(self.settings["data"])
        self.digest = digest_of(data)
        seed = f"seed_{self.settings['seed_everything']}"
        root = Path(self.settings["log_root"])
        self.folder = root / data.name / f"augment-{self.name}" / seed
        self.record = StageRecord(self.folder)

    def run(self, *, until: str = "train") -> Path:
        """Run the stages up to ``until``, and return the folder of the pipeline.

        Raises:
            ValueError: If another process works on the pipeline, its record can't be read, or a
                stage left no sentences for the next one.
        """
        todo = [s for s in STAGES[: STAGES.index(until) + 1] if s in self.configs]
        self._check_options(todo)
        try:
            with self.record.opened(), without_advice():
                self._run(todo)
        except BaseException:
            stopping.advise("Repeat the command to go on.")
            raise
        print(f"Augmentation: {self.folder}")
        return self.folder

    def _check_options(self, todo: list[str]) -> None:
        """Check the options of all stages before the first one trains.

        Each model is made once and discarded. Checkpoints and other results of earlier stages
        can't be checked yet.
        """
        made: dict[str, BaseModule] = {}
        for stage in todo:
            options = self.options[stage]
            if stage == "train":  # the gold data stand in for the augmented data
                data = json.dumps(self.settings["data"])
                options = [*without_data(options), f"--data={data}"]
            command = "predict" if stage in ("generate", "filter") else "fit"
            check_stage(stage, command, self._parse(stage, command, options).values, made)

    def _run(self, todo: list[str]) -> None:
        """Run the stages."""
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
        """Train a model or resume its stopped run; then test it if ``tested``."""
        parsed = self._parse(stage, "fit", options)
        settings = parsed.values
        entry = self._begin(stage, "fit", settings, after)
        if entry.get("done"):
            return entry
        last, written_at = _last_checkpoint(settings)
        if "before" not in entry:
            # An earlier run with this configuration but other data must not be continued.
            entry["before"] = written_at
            self.record.write(stage, entry)
        elif last is None:
            print(
                f"Stage {stage} was begun before and starts anew: it left no checkpoint, or an "
                "earlier version of lowner_pl wrote it, whose runs can't be recognised."
            )
        if written_at == entry["before"]:
            cli = run(parsed.words, parsed)
        else:
            cli = run([*parsed.words, f"--ckpt_path={last}"])
        entry["checkpoint"] = str(cli.run.checkpoint("best"))
        if tested:
            entry["test"] = _tested(cli, ["test", *self._words(stage, options)])
        del entry["before"]
        return self.record.done(stage, entry)

    def _generate(self, made_by: Entry | None) -> Entry:
        """Generate candidates from the gold sentences."""
        checkpoint = UNTRAINED if made_by is None else made_by["checkpoint"]
        options = [*self.options["generate"], f"--ckpt_path={checkpoint}"]
        after = "" if made_by is None else made_by["signature"]
        parsed = self._parse("generate", "predict", options)
        entry = self._begin("generate", "predict", parsed.values, after)
        if not entry.get("done"):
            cli = run(parsed.words, parsed)
            writer = _callback(cli, GenerationWriter)
            entry |= {"file": str(writer.file), "report": writer.novelty.report.as_dict()}
            self.record.done("generate", entry)
        return entry

    def _filter(self, gold: Entry, candidates: Path) -> Entry:
        """Keep the candidates whose tags the gold tagger confirms."""
        checkpoint = f"--ckpt_path={gold['checkpoint']}"
        options = [*self.options["filter"], checkpoint, f"--data.predict_path={candidates}"]
        after = gold["signature"] + self.record.entries["generate"]["signature"]
        parsed = self._parse("filter", "predict", options)
        entry = self._begin("filter", "predict", parsed.values, after)
        if entry.get("done"):
            return entry
        cli = run(parsed.words, parsed)
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
        # Set explicitly: a limit on the gold sentences in another config must not cut the union.
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
        """Assemble the command line of a stage: its configurations, then the options."""
        return [*(f"--config={file}" for file in self.configs[stage]), *options]

    def _begin(self, stage: str, command: str, settings: dict[str, Any], after: str) -> Entry:
        """Look up the record of a stage, also in other pipelines that ran the same stage.

        Args:
            stage: The stage.
            command: Its command.
            settings: The configuration of the command.
            after: Signatures of the earlier stages whose results this one uses.
        """
        digest = self.digest
        if stage in GROUPS["generator"]:  # the generator may read other sentences
            digest += digest_of(data_of(settings["data"]))
        return self.record.begin(stage, signature_of(settings, command, digest, after))

    def _parse(self, stage: str, command: str, options: list[str]) -> Settings:
        """Parse the command line of a stage, once: parsing takes longer than a small model."""
        words = [command, *self._words(stage, options)]
        key = tuple(words)
        if key not in self._parsed:
            self._parsed[key] = Settings(words, typed_for(stage, words, self.typed))
        return self._parsed[key]


def _last_checkpoint(settings: dict[str, Any]) -> tuple[Path | None, int | None]:
    """Find the last checkpoint of the run with exactly this configuration, and when it was written.

    Args:
        settings: The configuration of ``fit``.
    """
    run = run_with(settings)
    last = None if run is None else run / "checkpoints" / "last.ckpt"
    if last is None or not last.is_file():
        return None, None
    return last, last.stat().st_mtime_ns


def _tested(cli: NERCLI, words: list[str]) -> dict[str, Any]:
    """Test the run that was just trained, and lock its folder meanwhile.

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


def _callback(cli: NERCLI, kind: type[_Callback]) -> _Callback:
    """Find the Trainer's callback of a class."""
    callbacks = cli.trainer.callbacks  # type: ignore[attr-defined]
    return next(part for part in callbacks if isinstance(part, kind))
