"""The stages of a pipeline: the configs and the options of each."""

import json
import reprlib
from pathlib import Path
from typing import Any

from lowner_pl.commands.config_check import load_config

STAGES = ("gold", "finetune", "generate", "filter", "train")
NEEDED = {"gold", "generate", "train"}
GROUPS = {"tagger": ("gold", "filter", "train"), "generator": ("finetune", "generate")}


def stage_configs(config: Path) -> dict[str, list[str]]:
    """Read the configs of each stage of a pipeline, in their order.

    Args:
        config: A file whose ``stages`` map each stage to a config, or to a list of which later
            entries win. An entry is a file, relative to this one, or a mapping of options.

    Returns:
        The values of ``--config`` for each stage: paths, and options as JSON.

    Raises:
        FileNotFoundError: If a config is missing.
        ValueError: If the file is no configuration, a stage is unknown, or a needed one has no
            config.
    """
    named = _named(config)
    if unknown := sorted(set(named) - set(STAGES)):
        raise ValueError(f"{config}: Stages must be of {', '.join(STAGES)}, was: {unknown}.")
    named = {stage: entries for stage, entries in named.items() if entries}
    if missing := sorted(NEEDED - set(named)):
        raise ValueError(
            f"{config}: `stages` must name a config for each of {', '.join(sorted(NEEDED))}, was: "
            f"none for {', '.join(missing)}."
        )
    return {
        stage: [_config_value(config, stage, entry) for entry in _entries(entries)]
        for stage, entries in named.items()
    }


def _config_value(config: Path, stage: str, entry: str | dict[str, Any]) -> str:
    """Write an entry of a stage as a value of ``--config``."""
    if isinstance(entry, dict):
        return json.dumps(entry)
    file = config.parent / entry
    if not file.is_file():
        raise FileNotFoundError(f"{config}: Stage {stage} needs its config, was: no '{file}'.")
    return str(file)


def options_of(stage: str, words: list[str]) -> list[str]:
    """Return the options of a stage: those of all, and those of its group, without its prefix.

    Configs come first, so that an option wins over any of them.

    >>> options_of("generate", ["--a", "1", "--tagger.b=2", "--generator.config=c.yaml"])
    ['--config=c.yaml', '--a', '1']
    """
    kept: list[list[str]] = []
    for option in _parted(words):
        group, _, rest = option[0].removeprefix("--").partition(".")
        if group not in GROUPS:
            kept.append(option)
        elif stage in GROUPS[group]:
            kept.append([f"--{rest}", *option[1:]])
    kept.sort(key=lambda option: option[0].partition("=")[0] != "--config")
    return [word for option in kept for word in option]


def without_data(words: list[str]) -> list[str]:
    """Return the options but those of the data.

    >>> without_data(["--data.language", "de", "--a=1", "--data=x.yaml", "--b", "2"])
    ['--a=1', '--b', '2']
    """
    return [
        word
        for option in _parted(words)
        if not option[0].startswith("--data.") and option[0].partition("=")[0] != "--data"
        for word in option
    ]


def refuse_checkpoint(words: list[str]) -> None:
    """Refuse to be told where to go on: a pipeline knows, and no checkpoint is of all stages.

    Raises:
        ValueError: If an option names a checkpoint.
    """
    for option in _parted(words):
        if option[0].partition("=")[0].endswith("ckpt_path"):
            raise ValueError(
                f"`augment` must find its checkpoints itself, was: `{' '.join(option)}`. Leave it "
                "out: the same command goes on where it was stopped."
            )


def _named(config: Path) -> dict[str, Any]:
    """Return the configs that a pipeline's file names for its stages."""
    named = load_config(config).get("stages") or {}
    if not isinstance(named, dict) or not all(map(_are_configs, named.values())):
        raise ValueError(
            f"{config}: `stages` must name a config for each stage, or a list of them, was: "
            f"{reprlib.repr(named)}. Write them as in `melm_conll.yaml`."
        )
    return dict(named)


def _are_configs(value: object) -> bool:
    """Tell whether a value is a config, a list of them, or nothing."""
    return all(isinstance(entry, str | dict) for entry in _entries(value or ""))


def _entries(value: Any) -> list[Any]:
    """List the configs of a stage, which may be written without a list."""
    return value if isinstance(value, list) else [value]


def _parted(words: list[str]) -> list[list[str]]:
    """Return each option with its values."""
    options: list[list[str]] = []
    for word in words:
        if word.startswith("--") or not options:
            options.append([word])
        else:
            options[-1].append(word)
    return options
