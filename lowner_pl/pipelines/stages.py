"""The stages of a pipeline: the configurations and the options of each."""

import json
import reprlib
from pathlib import Path
from typing import Any

from lowner_pl.commands.options.config_check import load_config, reference
from lowner_pl.commands.options.nearest import did_you_mean
from lowner_pl.commands.options.typed import Typed

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
        ValueError: If the file is not a pipeline, names an unknown stage, or lacks a needed one.
    """
    named = _named(config)
    if not named:
        raise ValueError(
            f"{config} has no `stages`, so it is no pipeline. Give `augment` one first, such as "
            "`--config melm/melm_conll.yaml`."
        )
    for stage in named:
        if stage not in STAGES:
            hint = did_you_mean(str(stage), STAGES) or f" The stages are {', '.join(STAGES)}."
            raise ValueError(f"{config}: there is no stage {str(stage)[:80]!r}.{hint}")
    named = {stage: entries for stage, entries in named.items() if entries}
    if missing := sorted(NEEDED - set(named)):
        raise ValueError(
            f"{config}: `stages` names no configuration for {', '.join(missing)}. Name one each "
            f"for {', '.join(sorted(NEEDED))}."
        )
    return {
        stage: config_values(config, f"stage {stage}", entries) for stage, entries in named.items()
    }


def config_values(config: Path, part: str, entries: Any) -> list[str]:
    """Convert the configs that a part of a pipeline names to values of ``--config``.

    Args:
        config: The file of the pipeline.
        part: The part, for messages.
        entries: A config, or a list of them; see `stage_configs`.

    Raises:
        FileNotFoundError: If a config is missing.
    """
    return [_config_value(config, part, entry) for entry in _entries(entries)]


def _config_value(config: Path, part: str, entry: str | dict[str, Any]) -> str:
    if isinstance(entry, dict):
        return json.dumps(entry)
    file = reference(config.parent, entry)
    if not file.is_file():
        raise FileNotFoundError(
            f"{config}: {part} names the configuration '{file}', which does not exist. Give its "
            "path relative to the file that names it."
        )
    return str(file)


def options_of(stage: str, words: list[str]) -> list[str]:
    """Select the options that apply to a stage, without the prefix of its group.

    Configurations come first, so that options override them.

    >>> options_of("generate", ["--a", "1", "--tagger.b=2", "--generator.config=c.yaml"])
    ['--config=c.yaml', '--a', '1']
    """
    kept: list[list[str]] = []
    for option in grouped(words):
        name, equals, value = option[0].partition("=")
        group, _, rest = name.removeprefix("--").partition(".")
        if group not in GROUPS or not rest:
            kept.append(option)
        elif stage in GROUPS[group]:
            kept.append([f"--{rest}{equals}{value}", *option[1:]])
    kept.sort(key=lambda option: option[0].partition("=")[0] != "--config")
    return [word for option in kept for word in option]


def typed_for(stage: str, words: list[str], options: list[str]) -> Typed:
    """Describe the command line of a stage, for messages that name an option as the user wrote it.

    Args:
        stage: The stage.
        words: The command line of the stage, which begins with its command.
        options: The options of the pipeline.
    """
    prefix = next(f"{group}." for group, stages in GROUPS.items() if stage in stages)
    names = (option[0].partition("=")[0].removeprefix("--") for option in grouped(options))
    prefixed = {f"--{name.removeprefix(prefix)}" for name in names if name.startswith(prefix)}
    return Typed(words, words[0], prefix, frozenset(prefixed), [*GROUPS], ["--until"])


def without_data(words: list[str]) -> list[str]:
    """Drop ``--data`` and all options that begin with ``--data.``.

    >>> without_data(["--data.language", "de", "--a=1", "--data=x.yaml", "--b", "2"])
    ['--a=1', '--b', '2']
    """
    return [
        word
        for option in grouped(words)
        if not option[0].startswith("--data.") and option[0].partition("=")[0] != "--data"
        for word in option
    ]


def refuse_checkpoint(words: list[str]) -> None:
    """Refuse ``--ckpt_path``: a pipeline finds the checkpoint of each stage itself.

    Raises:
        ValueError: If an option names a checkpoint.
    """
    for option in grouped(words):
        if option[0].partition("=")[0].endswith("ckpt_path"):
            raise ValueError(
                f"`augment` finds its checkpoints itself and can't take `{' '.join(option)[:80]}`. "
                "Leave it out; the same command goes on after a stop."
            )


def _named(config: Path) -> dict[str, Any]:
    """Read the configurations that a pipeline's file names for its stages."""
    named = load_config(config).get("stages") or {}
    if not isinstance(named, dict) or not all(map(are_configs, named.values())):
        raise ValueError(
            f"{config}: `stages` is {reprlib.repr(named)[:80]}, but it must name a configuration "
            "for each stage, or a list of them. Write it as in `melm_conll.yaml`."
        )
    return dict(named)


def are_configs(value: object) -> bool:
    """Tell whether a value is a config, a list of them, or nothing."""
    return all(isinstance(entry, str | dict) for entry in _entries(value or ""))


def _entries(value: Any) -> list[Any]:
    """List the configs of a stage, which may be written without a list."""
    return value if isinstance(value, list) else [value]


def grouped(words: list[str]) -> list[list[str]]:
    """Group each option with its values."""
    options: list[list[str]] = []
    for word in words:
        if word.startswith("--") or not options:
            options.append([word])
        else:
            options[-1].append(word)
    return options
