"""Running the cells of a study with an engine; those that others start from come first."""

from collections.abc import Iterable, Sequence

from lowner_pl.studies.cells import Cell
from lowner_pl.studies.engines.engine import Engine
from lowner_pl.studies.records import Record, Records
from lowner_pl.studies.running.job import Job, fail
from lowner_pl.studies.screen import Screen
from lowner_pl.studies.study_file.spec import Study


class Starts:
    """The cells whose checkpoints other cells start from.

    Args:
        cells: All cells of the study.

    Raises:
        ValueError: If a cell starts from one that does not exist, or in a circle from itself.
    """

    def __init__(self, cells: Sequence[Cell]) -> None:
        by_values = {frozenset(cell.values.items()): cell for cell in cells}
        self._starts: dict[str, Cell] = {}
        for cell in cells:
            if not cell.start:
                continue
            found = by_values.get(frozenset(cell.start.items()))
            if found is None or found is cell:
                named = ",".join(f"{axis}={value}" for axis, value in sorted(cell.start.items()))
                raise ValueError(
                    f"The cell {cell.name} starts from {named}, which is "
                    f"{'the same cell' if found else 'no cell of the study'}. Correct `start`."
                )
            self._starts[cell.name] = found
        for cell in cells:
            self._check_circle(cell)

    def of(self, cell: Cell) -> Cell | None:
        """Find the cell whose checkpoint a cell starts from, if there is one."""
        return self._starts.get(cell.name)

    def _check_circle(self, cell: Cell) -> None:
        """Refuse a cell that starts from one that starts from the first, and so on."""
        passed = [cell.name]
        while following := self._starts.get(passed[-1]):
            if following.name in passed:
                raise ValueError(
                    f"The cell {following.name} starts from itself, by way of {passed[-1]}. "
                    "Correct `start`."
                )
            passed.append(following.name)

    def keeps(self, cell: Cell) -> bool:
        """Tell whether other cells need a cell's checkpoint."""
        return cell in self._starts.values()

    def in_order(self, cells: Iterable[Cell]) -> list[list[Cell]]:
        """Divide cells into rounds, so that a cell comes after the one that it starts from."""
        waiting, rounds = list(cells), []
        while waiting:
            names = {cell.name for cell in waiting}
            ready = [c for c in waiting if (s := self.of(c)) is None or s.name not in names]
            rounds.append(ready)
            waiting = [cell for cell in waiting if cell not in ready]
        return rounds


def run_all(
    study: Study,
    records: Records,
    starts: Starts,
    todo: Sequence[Cell],
    screen: Screen,
    engine: Engine,
) -> None:
    """Run cells; `Progress` then knows which failed.

    Raises:
        OSError: If the disk is full.
    """
    for cells in starts.in_order(todo):
        jobs = []
        for cell in cells:
            keeps = study.checkpoints == "best" or starts.keeps(cell)
            first = starts.of(cell)
            status, record = ("done", None) if first is None else records.status(first)
            job = job_of(records, cell, record, keeps=keeps)
            if status == "done":
                jobs.append(job)
            else:
                assert first is not None
                screen.ended(
                    job, fail(job, f"It starts from the cell {first.name}, which is not done.")
                )
        for event in engine.run(jobs):
            match event.kind, event.job:
                case "started", Job() as job:
                    screen.begun(job)
                case "lost", Job() as job:
                    screen.lost(job)
                case "ended", Job() as job:
                    assert event.outcome is not None
                    screen.ended(job, event.outcome)
                    if event.outcome.is_full:
                        raise OSError(
                            f"The study stops at {job.cell}: {event.outcome.error} Finished cells "
                            "are kept; repeat the command."
                        )
                case _:
                    screen.refresh()


def job_of(records: Records, cell: Cell, start: Record | None, *, keeps: bool = True) -> Job:
    """Describe a cell for a worker.

    Args:
        records: The records of the study.
        cell: The cell.
        start: The record of the cell that it starts from, if there is one.
        keeps: Whether its checkpoints stay.
    """
    checkpoint = None if start is None else str(records.root / start.checkpoint)
    return Job(
        cell=cell.name,
        command=cell.command,
        configs=list(cell.configs),
        words=[*cell.words, *([f"--model.start={checkpoint}"] if checkpoint else [])],
        folder=str(records.folder(cell)),
        digest=records.digest(cell),
        values=dict(cell.values),
        label=cell.label,
        by_hand=cell.by_hand(checkpoint),
        keeps_checkpoints=keeps,
    )
