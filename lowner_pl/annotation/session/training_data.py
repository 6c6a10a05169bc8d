"""The data and the configuration of a training that also has the annotated sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lowner_pl.corpus import SeenSentences, Sentence, write_conll
from lowner_pl.datamodules import EpisodicDataModule, NERDataModule
from lowner_pl.datamodules.entity_types import types_in
from lowner_pl.runs.files import write_text
from lowner_pl.tagging.run_files import RunFiles

_LOADING = ("batch_size", "eval_batch_size", "num_workers")
_OFF = "Add --retrain_every 0 to annotate without training."


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a run was trained on.

    Args:
        config: The configuration of the run.
        train: Its training sentences.
        dev: Its development sentences.
        language: Their language, or ``None`` if unknown.
        dev_types: The entity types that the development sentences are annotated with.
    """

    config: Mapping[str, Any]
    train: Sequence[Sentence]
    dev: Sequence[Sentence]
    language: str | None
    dev_types: Sequence[str]

    @classmethod
    def of(cls, run: RunFiles, data: NERDataModule | None) -> "TrainingData":
        """Read the data of a run.

        Args:
            run: The files of the run.
            data: Its data module; ``None`` for a checkpoint without its run folder.

        Raises:
            FileNotFoundError: If a file of the data is missing.
            ValueError: If the run can't be trained again.
        """
        config = run.config()
        if data is None or "model" not in config:
            raise ValueError(
                f"'{run.checkpoint}' lies in no run folder with a config.yaml, so that it can't be "
                f"trained again. {_OFF}"
            )
        if isinstance(data, EpisodicDataModule):
            raise ValueError(
                f"The tagger of the run '{run.folder}' is meta-learned: annotated sentences can't "
                f"be added to its training. {_OFF}"
            )
        train, dev = data.sentences("train"), data.sentences("dev")
        types = data.entity_types if data.dev_types is None else data.dev_types
        return cls(config, train, dev, data.language, types)

    def write(self, folder: Path, annotated: Sequence[Sentence]) -> Path:
        """Write the data with further training sentences, and a configuration to train on them.

        Sentences that are development or training sentences already are left out. Entity types that
        nobody has marked in the dev data don't count as wrong there.

        Args:
            folder: Where to write; the run is written below it.
            annotated: The further sentences.

        Returns:
            The configuration.

        Raises:
            OSError: If a file can't be written.
        """
        known = SeenSentences([*self.dev, *self.train])
        new = [one for one in annotated if known.add(one)]
        write_conll(folder / "train.conll", [*self.train, *new])
        write_conll(folder / "dev.conll", self.dev)
        options: dict[str, Any] = {
            "train_path": str((folder / "train.conll").absolute()),
            "dev_path": str((folder / "dev.conll").absolute()),
            "language": self.language,
            "name": "annotated",
        }
        if (dev_types := self._dev_types(new)) is not None:
            options["dev_types"] = dev_types
        given = self.config["data"].get("init_args") or {}
        options |= {one: given[one] for one in _LOADING if one in given}
        before = self.config.get("variant")
        config = {
            **self.config,
            "data": {"class_path": "lowner_pl.datamodules.ConllDataModule", "init_args": options},
            "log_root": str((folder / "runs").absolute()),
            # Without a name of its own, `compare` would take it for a repetition of the first run.
            "variant": "-".join(filter(None, (before, f"annotated-{len(annotated)}"))),
            "ckpt_path": None,
        }
        trainer = {**(self.config.get("trainer") or {}), "enable_progress_bar": False}
        target = folder / "config.yaml"
        text = yaml.safe_dump({**config, "trainer": trainer}, sort_keys=False, allow_unicode=True)
        write_text(target, text)
        return target

    def _dev_types(self, annotated: Sequence[Sentence]) -> list[str] | None:
        """List the types that the dev sentences are annotated with; ``None`` for all."""
        types = types_in([*self.train, *self.dev, *annotated])
        known = {*self.dev_types, *types_in(self.dev)}
        return None if known.issuperset(types) else [one for one in types if one in known]
