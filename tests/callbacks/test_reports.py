"""Reports see the tagged sentences, whether a batch holds sentences or episodes."""

from pathlib import Path
from typing import Any

import pytest

from lowner_pl import callbacks
from lowner_pl.corpus import Episode, Sentence

SENTENCES = [Sentence((name, "left"), ("B-PER", "O")) for name in ("Ann", "Ben")]
EPISODES = [Episode((Sentence(("x",)),), query, n) for n, query in enumerate(SENTENCES)]
OUTPUTS = {"tags": [("O", "O"), ("B-LOC", "O")]}


@pytest.mark.parametrize("batch", [SENTENCES, EPISODES], ids=["sentences", "episodes"])
def test_queries_of_episodes_are_reported_like_sentences(batch: list[Any], tmp_path: Path) -> None:
    nothing: Any = None
    board = callbacks.TensorBoardReport(tmp_path, "c/m/seed_1", tmp_path, "c/m/seed_1")
    test = callbacks.TestReport(tmp_path)
    board.on_validation_batch_end(nothing, nothing, OUTPUTS, batch, 0)
    test.on_test_batch_end(nothing, nothing, OUTPUTS, batch, 0)
    assert test._tagged == [list(zip(SENTENCES, OUTPUTS["tags"], strict=True))]
    assert board._tagged == list(zip(SENTENCES, OUTPUTS["tags"], strict=True))
