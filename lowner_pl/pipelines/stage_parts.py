"""Data and models of the stages: made to check the options, and hashed to know a stage again."""

import json
from copy import deepcopy
from itertools import chain
from typing import Any

from jsonargparse import ArgumentParser

from lowner_pl.corpus import fingerprint
from lowner_pl.datamodules import NERDataModule
from lowner_pl.modules import BaseModule
from lowner_pl.runs.trainer.options import check_trainer_options
from lowner_pl.tagging.run_data import cause_of_ours


def check_stage(
    stage: str, command: str, settings: dict[str, Any], made: dict[str, BaseModule]
) -> None:
    """Make a stage's model, and check the options of Trainer.

    Args:
        stage: The stage.
        command: Its command.
        settings: The configuration of the command.
        made: The models made for earlier stages, by their options; a new one is added.

    Raises:
        ValueError: If data, model or Trainer would refuse their options.
    """
    parts = {part: settings[part] for part in ("data", "model")}
    key = json.dumps(parts, sort_keys=True, default=str)
    trainer = {**settings["trainer"]}
    if not isinstance(trainer["strategy"], str):  # a class is checked once it is made
        trainer["strategy"] = "auto"
    try:
        if key not in made:
            made[key] = _model(parts)
        check_trainer_options(trainer, made[key], command=command)
    except ValueError as error:
        cause = cause_of_ours(error) or error
        raise ValueError(f"Stage {stage} can't begin: {cause}") from error


def digest_of(data: NERDataModule) -> str:
    """Hash all sentences of a data module that a pipeline uses.

    Raises:
        ValueError: If there are no test sentences: a tagger would be trained and never tested.
    """
    parts = [data.sentences("train"), data.sentences("dev"), *data.test_sets()]
    named = [] if data.predict_path is None else data.to_predict()
    return fingerprint(chain(*parts, named))


def _model(settings: dict[str, Any]) -> BaseModule:
    """Make the model of a configuration for its data.

    Raises:
        ValueError: If data or model refuse their options.
    """
    parser = ArgumentParser()
    parser.add_subclass_arguments(NERDataModule, "data")
    parser.add_subclass_arguments(BaseModule, "model")
    parser.link_arguments(
        "data.entity_types", "model.init_args.entity_types", apply_on="instantiate"
    )
    made = parser.instantiate_classes(parser.parse_object(deepcopy(settings))).model
    assert isinstance(made, BaseModule)
    return made
