"""The configs of the corpora, parsed as on the command line."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonargparse import ArgumentParser, Namespace

from lowner_pl.datamodules import MultilingualDataModule, NERDataModule
from tests.datamodules.corpus_folders import DATA, TESTS, vectors

FOLDER = TESTS.parent / "configs" / "parts" / "data"
CONFIGS = sorted({*FOLDER.glob("*.yaml")} - {FOLDER / "text.yaml"})


def instantiate(config: dict[str, object], *arguments: str) -> NERDataModule:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(NERDataModule, "data", required=True)
    parsed = parser.parse_object({"data": config})
    parsed = parser.parse_args(list(arguments), namespace=parsed) if arguments else parsed
    # A run must be repeatable from the config that it saves.
    again = parser.parse_string(parser.dump(parsed))
    built: Namespace = parser.instantiate(again)
    data = built.data
    assert isinstance(data, NERDataModule)
    return data


def _as_small_as_toys(config: dict[str, Any]) -> dict[str, Any]:
    """Adapt subset sizes to the toy corpora, and use the embedded backbone."""
    options = config["init_args"]
    if "retrieval_backbone" in options:
        options |= {"retrieval_backbone": "embedded", "vector_cache": vectors()}
    small = {"train_size": 20, "dev_size": 8, "size_each": 8}
    options |= {key: size for key, size in small.items() if options.get(key)}
    return config


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_corpus_config_can_be_loaded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Relative to this folder, `data/conll2003` and the like are the toy corpora.
    monkeypatch.chdir(TESTS)
    config = yaml.safe_load(path.read_text())
    if path.stem == "wikiann":
        config["init_args"]["root"] = "data/wikiann"
    data = instantiate(_as_small_as_toys(config))
    data.setup("fit")
    assert data.sentences("train")
    assert data.sentences("dev")
    assert data.sentences("test")


def test_every_corpus_has_a_config() -> None:
    used = {yaml.safe_load(path.read_text())["class_path"] for path in CONFIGS}
    from lowner_pl import datamodules

    concrete = {name for name in datamodules.__all__ if name.endswith("DataModule")}
    without = {
        "NERDataModule",
        "SentenceDataModule",
        "TextDataModule",  # has no entities
        "AnnotatedDataModule",  # `simulate` writes its configurations
    }
    assert used == {f"lowner_pl.datamodules.{name}" for name in concrete - without}


def test_yaml_can_nest_corpora_and_map_types() -> None:
    config = yaml.safe_load(f"""
        class_path: lowner_pl.datamodules.MultilingualDataModule
        init_args:
          batch_size: 4
          sources:
            - class_path: lowner_pl.datamodules.CoNLL2003DataModule
              init_args:
                root: {DATA}/conll2003
                type_map: {{MISC: null, PER: PERSON}}
                train_size: 3
            - class_path: CrossLingualDataModule
              init_args:
                source: {{class_path: MSRADataModule, init_args: {{root: {DATA}/msra}}}}
                targets:
                  - {{class_path: MSRADataModule, init_args: {{root: {DATA}/msra}}}}
    """)
    data = instantiate(config)
    assert isinstance(data, MultilingualDataModule)
    assert data.batch_size == 4
    assert data.sources[0].train_size == 3
    assert data.entity_types == ("PER", "ORG", "LOC", "PERSON")


def test_options_shared_by_all_corpora_are_accepted_but_typos_are_not() -> None:
    config: dict[str, object] = {"class_path": "lowner_pl.datamodules.SampleDataModule"}
    assert instantiate(config, "--data.train_size=20").train_size == 20
    with pytest.raises(Exception, match="train_sise"):
        instantiate({**config, "init_args": {"train_sise": 20}})
