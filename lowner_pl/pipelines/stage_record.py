"""What a pipeline noted of its stages: what they made, and how far they came."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from lowner_pl.corpus import AugmentationReport
from lowner_pl.runs.files import claimed, reason_of, write_json

OUTPUTS = ("checkpoint", "file")
REMEDIES = {
    "generate": "Train what generates for longer, or on more sentences, or change its options "
    "(behind `--generator.`).",
    "filter": "Train the tagger of gold sentences for longer, or on more of them, or take `filter` "
    "out of the `stages`, so that all candidates are kept.",
}
Entry = dict[str, Any]


class StageRecord:
    """The file ``augment.json`` of a pipeline, written whole whenever a stage begins or is done.

    Args:
        folder: ``<corpus>/augment-<pipeline>/seed_<seed>``.

    Attributes:
        entries: What is known of each stage, by its name.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "augment.json"
        self.entries: dict[str, Entry] = {}

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Read the file, and keep other processes from it meanwhile.

        Raises:
            ValueError: If another process works on the pipeline, or the file cannot be read.
        """
        refusal = (
            f"A pipeline must be run by one process, was: '{self.folder}', which another one "
            "works on. Wait for it, or give another `--seed_everything` or `--log_root`."
        )
        with claimed(self.folder, refusal):
            self.entries = _read(self.file)
            yield

    def begin(self, stage: str, signature: str) -> Entry:
        """Return what is known of a stage, by whichever pipeline did the same.

        Args:
            stage: The stage.
            signature: What a stage is known by.
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
        """Write what is known of a stage."""
        self.entries[stage] = entry
        write_json(self.file, self.entries)

    def done(self, stage: str, entry: Entry) -> Entry:
        """Note that a stage is done."""
        entry["done"] = True
        entry["written"] = _written(entry)
        self.write(stage, entry)
        return entry

    def _others(self) -> list[dict[str, Entry]]:
        """Return what other pipelines with this data and seed have done."""
        corpus, seed = self.folder.parents[1], self.folder.name
        files = sorted(corpus.glob(f"augment-*/{seed}/{self.file.name}"))
        return [_read(file) for file in files if file != self.file]


def is_done(entry: Entry) -> bool:
    """Return whether a stage was done and what it made is still there, and the same."""
    return bool(entry.get("done")) and _written(entry) == entry.get("written")


def unless_empty(stage: str, entry: Entry) -> Path:
    """Return the file of a stage that makes sentences.

    Raises:
        ValueError: If it made none; the message has the reasons.
    """
    report = AugmentationReport.of(entry["report"])
    if not report.sentences_out:
        raise ValueError(
            f"Stage {stage} must leave sentences to go on with, was: {report}. {REMEDIES[stage]}"
        )
    return Path(entry["file"])


def last_checkpoint(settings: dict[str, Any]) -> tuple[Path | None, int | None]:
    """Return the last checkpoint of the run that has a configuration, and when it was written.

    Args:
        settings: The configuration of ``fit``.
    """
    root, seed = Path(settings["log_root"]), settings["seed_everything"]
    for file in sorted(root.glob(f"*/*/seed_{seed}/checkpoints/last.ckpt")):
        if _settings_of(file.parents[1] / "config.yaml") == settings:
            return file, file.stat().st_mtime_ns
    return None, None


def _settings_of(config: Path) -> Any:
    """Return the configuration that a run left; ``None`` where there is none, or no whole one."""
    try:
        return yaml.safe_load(config.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        print(f"The run of '{config}' is left alone: the file can't be read ({_kind(error)}).")
        return None


def _read(file: Path) -> dict[str, Entry]:
    """Return what a pipeline noted of its stages, nothing where there is no file."""
    if not file.is_file():
        return {}
    try:
        entries: dict[str, Entry] = json.loads(file.read_text(encoding="utf-8"))
        whole = all(map(_is_entry, entries.values()))
    except (ValueError, RecursionError, AttributeError):
        whole = False
    if not whole:
        raise ValueError(
            f"The record of a pipeline must be as `augment` wrote it, was: '{file}', which is cut "
            "off or changed. Move it away: its stages are then done anew, and the runs that are "
            "there are kept."
        )
    return entries


def _is_entry(entry: Any) -> bool:
    """Return whether a value is what a pipeline notes of a stage."""
    kinds: dict[str, Any] = {
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
    """Return whether a value is the report of a stage that makes sentences, or empty."""
    dropped = report.get("dropped", {})
    if not report or not isinstance(dropped, dict):
        return not report
    counts = (report.get("sentences_in"), report.get("sentences_out"), *dropped.values())
    return "dropped" in report and all(isinstance(count, int) for count in counts)


def _kind(error: Exception) -> str:
    """Return what is wrong with a file, in a word or two."""
    return reason_of(error) if isinstance(error, OSError) else "it is no YAML"


def _written(entry: Entry) -> dict[str, int | None]:
    """Return when each file that a stage made was written, in nanoseconds; ``None``: it is gone."""
    files = {key: Path(entry[key]) for key in OUTPUTS if key in entry}
    return {key: file.stat().st_mtime_ns if file.is_file() else None for key, file in files.items()}
