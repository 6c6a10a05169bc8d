"""The record of a simulation: the sentences, the run and the scores of each round."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from lowner_pl.runs.files import write_json

RECORD = "simulation.json"


@dataclass
class Round:
    """One round: some sentences are annotated, and a tagger is trained on all so far.

    Args:
        size: Number of annotated sentences.
        chosen: Positions in the pool of the sentences that are new in this round.
        sha256: Hash of the file with all annotated sentences.
        words: Number of annotated words.
        run: The run folder, relative to that of the simulation; empty until it is tested.
        scores: F1 of each test set, from 0 to 1.
    """

    size: int
    chosen: list[int]
    sha256: str
    words: int
    run: str = ""
    scores: dict[str, float] = field(default_factory=dict)

    @property
    def f1(self) -> float:
        """Mean F1 of the test sets, from 0 to 1."""
        return sum(self.scores.values()) / len(self.scores)


@dataclass
class SimulationRecord:
    """The file ``simulation.json``, rewritten whenever sentences were chosen or a tagger tested.

    Args:
        signature: Hash of everything that the rounds depend on but the sizes.
        strategy: How sentences are chosen.
        rounds: The rounds so far.
    """

    signature: str
    strategy: str
    rounds: list[Round] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Write the record, whole or not at all."""
        write_json(folder / RECORD, asdict(self))


def read_simulation(folder: Path) -> SimulationRecord | None:
    """Read the record of a simulation; ``None`` if there is none.

    Raises:
        ValueError: If it can't be read.
    """
    file = folder / RECORD
    if not file.is_file():
        return None
    try:
        content: Any = json.loads(file.read_bytes())
        rounds = content.pop("rounds")
        if not all(map(_is_round, rounds)):
            raise ValueError
        return SimulationRecord(**content, rounds=[Round(**one) for one in rounds])
    except (ValueError, RecursionError, TypeError, AttributeError, KeyError) as error:
        raise ValueError(
            f"'{file}' is truncated or was changed, so the simulation can't go on from it. Move "
            f"'{folder}' away to begin anew."
        ) from error


def _is_round(content: Mapping[str, object]) -> bool:
    """Tell whether a value is the record of a round."""
    kinds = {"size": int, "chosen": list, "sha256": str, "words": int, "run": str, "scores": dict}
    assert kinds.keys() == {one.name for one in fields(Round)}
    return content.keys() == kinds.keys() and all(
        isinstance(content[key], kind) for key, kind in kinds.items()
    )
