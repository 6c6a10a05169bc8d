"""Overlays for taggers that a pipeline's generator can't read, and what it reads instead."""

import reprlib
from pathlib import Path
from typing import Any

from lowner_pl.commands.configs import locate
from lowner_pl.commands.options.config_check import load_config, reference
from lowner_pl.pipelines.stages import GROUPS, are_configs, config_values, grouped

Overlays = dict[Path, dict[str, list[str]]]
"""The values of ``--config`` that each group of stages reads in place of a file."""


def pipeline_overlays(config: Path) -> Overlays:
    """Read the ``overlays`` of a pipeline.

    They map a configuration, such as ``../embedded.yaml``, to what ``tagger`` and ``generator``
    read in its place: a config, or a list of them, as in ``stages``. A group that is not named
    reads the configuration itself.

    Args:
        config: The file of the pipeline.

    Raises:
        FileNotFoundError: If a config is missing.
        ValueError: If ``overlays`` has another form.
    """
    named = load_config(config).get("overlays") or {}
    if not isinstance(named, dict) or not all(map(_is_overlay, named.values())):
        raise ValueError(
            f"{config}: `overlays` is {reprlib.repr(named)[:80]}, but it must name, for a "
            f"configuration, what {' or '.join(GROUPS)} reads in its place. Write it as in "
            "`melm_conll.yaml`."
        )
    return {
        reference(config.parent, str(overlay)).resolve(): {
            group: config_values(config, f"`overlays`, {group},", entries)
            for group, entries in instead.items()
        }
        for overlay, instead in named.items()
    }


def replaced(stage: str, words: list[str], overlays: Overlays) -> list[str]:
    """Replace each ``--config`` of a stage for which the pipeline names something else.

    Args:
        stage: The stage.
        words: The options of the stage.
        overlays: See `pipeline_overlays`.
    """
    (group,) = (group for group, stages in GROUPS.items() if stage in stages)
    new: list[str] = []
    for option in grouped(words):
        name, _, value = "=".join(option).partition("=")
        instead = None
        if name == "--config":
            instead = overlays.get(Path(locate(value)).expanduser().resolve(), {}).get(group)
        new += option if instead is None else [f"--config={config}" for config in instead]
    return new


def _is_overlay(value: Any) -> bool:
    """Tell whether a value names configs for groups of stages."""
    return (
        isinstance(value, dict) and {*value} <= {*GROUPS} and all(map(are_configs, value.values()))
    )
