"""The note of what was compared in the folder of a study, which tells whether it still holds."""

import json
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from lowner_pl.runs.files import write_json
from lowner_pl.studies.cells import Cell
from lowner_pl.studies.records import TESTED, Records
from lowner_pl.studies.study_file.spec import Study

NOTE = "compared.json"


def still_holds(study: Study, records: Records, cells: Sequence[Cell]) -> bool:
    """Tell whether the study's comparison is there, and would come out the same again.

    Args:
        study: The study.
        records: The records of its cells.
        cells: All of its cells.
    """
    try:
        note = json.loads((records.root / NOTE).read_bytes())
        whole = all((records.root / file).exists() for file in note["files"])
        return whole and note["of"] == _digest(study, records, cells)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def note_comparison(
    study: Study, records: Records, cells: Sequence[Cell], files: Sequence[Path]
) -> None:
    """Note what was compared, and what was written.

    Args:
        study: The study.
        records: The records of its cells.
        cells: All of its cells.
        files: The files and folders, in the folder of the study.
    """
    names = [str(file.relative_to(records.root)) for file in files]
    write_json(records.root / NOTE, {"of": _digest(study, records, cells), "files": names})


def _digest(study: Study, records: Records, cells: Sequence[Cell]) -> str:
    """Hash the study, and the results and configurations of its cells: when written, and sizes."""
    digest = blake2b(repr(study).encode(), digest_size=16)
    for cell in cells:
        status, record = records.status(cell)
        if status == "done" and record is not None:
            for folder in (*record.earlier, record.folder):
                run = records.root / folder
                stamps = (_stamp(run / TESTED), _stamp(run / "config.yaml"))
                digest.update(f"{cell.name} {stamps}\n".encode())
    return digest.hexdigest()


def _stamp(file: Path) -> str:
    """Write when a file was written, and its size; empty if it is missing."""
    if not file.is_file():
        return ""
    stat = file.stat()
    return f"{stat.st_mtime_ns} {stat.st_size}"
