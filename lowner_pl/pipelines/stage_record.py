"""The record of a pipeline: the results of each stage, and which stages are done."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any

from lowner_pl.corpus import AugmentationReport
from lowner_pl.runs.files import claimed, write_json

OUTPUTS = ("checkpoint", "file")
REMEDIES = {
    "generate": "Train the generator for longer or on more sentences, or change its options "
    "(written with `--generator.`).",
    "filter": "Train the gold tagger for longer or on more sentences, or remove `filter` from the "
    "`stages` to keep all candidates.",
}
Entry = dict[str, Any]


class StageRecord:
    """The file ``augment.json`` of a pipeline, rewritten whenever a stage begins or is done.

    Args:
        folder: ``<corpus>/augment-<pipeline>/seed_<seed>``.

    Attributes:
        entries: The record of each stage, by its name.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "augment.json"
        self.entries: dict[str, Entry] = {}

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Read the file, and lock the pipeline for the length of a ``with`` block.

        Raises:
            ValueError: If another process works on the pipeline, or the file cannot be read.
        """
        refusal = (
            f"Another process works on the pipeline in '{self.folder}'. Wait for it, or give "
            "another `--seed_everything` or `--log_root`."
        )
        with claimed(self.folder, refusal):
            self.entries = _read(self.file)
            yield

    def begin(self, stage: str, signature: str) -> Entry:
        """Look up a stage's record, also in other pipelines that ran the same stage.

        Args:
            stage: The stage.
            signature: A hash of everything that the stage's result depends on.
        """
        mine = self.entries.get(stage, {})
        others = [entries[stage] for entries in self._others() if stage in entries]
        same = [entry for entry in (mine, *others) if entry.get("signature") == signature]
        begun = mine if mine in same and not mine.get("done") else {"signature": signature}
        entry = next(filter(is_done, same), begun)
        print(f"Stage {stage}: {'done before' if entry.get('done') else 'running'}.")
        self.write(stage, entry)
        return entry

    def write(self, stage: str, entry: Entry) -> None:
        """Write the record of a stage."""
        self.entries[stage] = entry
        write_json(self.file, self.entries)

    def done(self, stage: str, entry: Entry) -> Entry:
        """Record that a stage is done."""
        entry["done"] = True
        entry["written"] = _written(entry)
        self.write(stage, entry)
        return entry

    def _others(self) -> list[dict[str, Entry]]:
        """Read the records of other pipelines with this corpus and seed."""
        corpus, seed = self.folder.parents[1], self.folder.name
        files = sorted(corpus.glob(f"augment-*/{seed}/{self.file.name}"))
        return [_read(file) for file in files if file != self.file]


def is_done(entry: Entry) -> bool:
    """Tell whether a stage was done and its files are still there, unchanged."""
    return bool(entry.get("done")) and _written(entry) == entry.get("written")


def unless_empty(stage: str, entry: Entry) -> Path:
    """Look up the file of a stage that makes sentences.

    Raises:
        ValueError: If the stage left no sentences; the message says why.
    """
    report = AugmentationReport.of(entry["report"])
    if not report.sentences_out:
        raise ValueError(
            f"Stage {stage} left no sentences to go on with: {report}. {REMEDIES[stage]}"
        )
    return Path(entry["file"])


def _read(file: Path) -> dict[str, Entry]:
    """Read the records of all stages; empty if there is no file."""
    if not file.is_file():
        return {}
    try:
        entries: dict[str, Entry] = json.loads(file.read_text(encoding="utf-8"))
        whole = all(map(_is_entry, entries.values()))
    except (ValueError, RecursionError, AttributeError):
        whole = False
    if not whole:
        raise ValueError(
            f"'{file}' is truncated or was changed, so the pipeline can't go on from it. Move it "
            "away; its stages are then done anew, and existing runs are kept."
        )
    return entries


def _is_entry(entry: object) -> bool:
    """Tell whether a value is the record of a stage."""
    kinds: dict[str, type | UnionType] = {
        "signature": str,
        "done": bool,
        "checkpoint": str,
        "file": str,
        "before": int | None,
        "written": dict,
        "report": dict,
        "test": dict,
    }
    if not isinstance(entry, dict) or "signature" not in entry:
        return False
    made = any(key in entry for key in OUTPUTS)
    good = all(isinstance(entry[key], kind) for key, kind in kinds.items() if key in entry)
    return good and (made or not entry.get("done")) and _is_report(entry.get("report", {}))


def _is_report(report: dict[str, Any]) -> bool:
    """Tell whether a value is the report of a stage that makes sentences, or empty."""
    dropped = report.get("dropped", {})
    if not report or not isinstance(dropped, dict):
        return not report
    counts = (report.get("sentences_in"), report.get("sentences_out"), *dropped.values())
    return "dropped" in report and all(isinstance(count, int) for count in counts)


def _written(entry: Entry) -> dict[str, int | None]:
    """Note when each file of a stage was written, in nanoseconds; ``None`` if it is gone."""
    files = {key: Path(entry[key]) for key in OUTPUTS if key in entry}
    return {key: file.stat().st_mtime_ns if file.is_file() else None for key, file in files.items()}
