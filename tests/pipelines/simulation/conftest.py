"""Simulations in tests share their parsers, which take longer to make than all else."""

import pytest

from lowner_pl.commands.command_line import Settings
from lowner_pl.commands.options.typed import Typed
from lowner_pl.pipelines.simulation import simulation

_made: dict[str, Settings] = {}


def _settings(words: list[str], typed: Typed | None = None) -> Settings:
    if words[0] not in _made:
        _made[words[0]] = Settings(words, typed)
    else:
        _made[words[0]].parse_again(words, typed)
    return _made[words[0]]


@pytest.fixture(autouse=True)
def _one_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "Settings", _settings)
