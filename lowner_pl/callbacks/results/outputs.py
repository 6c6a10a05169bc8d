"""Names of output files, so that the output of one input never replaces that of another."""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Protocol

from lowner_pl.corpus import Sentence, is_pipe, is_stdin, readable_again
from lowner_pl.runs.files import lock_beside, write_text

RECORD = "inputs.json"
_ODD = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LONGEST = 150  # bytes of the input's name; file systems allow 255 for the whole file name


class Input(Protocol):
    """A data module with an input for ``predict``: a file or a split of its corpus."""

    predict_path: str | Path | None
    predict_split: Literal["train", "test"]

    def to_predict(self) -> Iterable[Sentence]:
        """Return the sentences of the input."""


def output_file(folder: Path, kind: str, data: Input) -> Path:
    """Choose the output file for the input of ``predict``.

    It is ``<kind>_<name of the input>.conll``. If that file belongs to another input or to an
    unknown one, a hash of this input is appended to the name. ``inputs.json`` in the folder records
    the input of each file, so that the same input always gets the same file.

    Args:
        folder: The run folder.
        kind: ``predictions`` or ``generated``.
        data: The data module.
    """
    name, source = _name_and_source(data)
    plain = folder / f"{kind}_{name}.conll"
    digest = hashlib.blake2b(source.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
    record = folder / RECORD
    with lock_beside(record, wait=True):
        inputs = _read(record)
        known = inputs.get(plain.name)
        if known == source or (known is None and not plain.exists()):
            file = plain
        else:
            file = plain.with_name(f"{kind}_{name}-{digest}.conll")
        if inputs.get(file.name) != source:
            # Paths may have bytes that are not UTF-8, so other letters than ASCII are escaped.
            write_text(record, json.dumps({**inputs, file.name: source}, indent=2) + "\n")
    return file


def _name_and_source(data: Input) -> tuple[str, str]:
    """Return the name of an input, and a text that identifies it among all inputs."""
    path = data.predict_path
    if path is None:
        place = next((s.place for s in data.to_predict() if s.place is not None), None)
        file = "" if place is None else f", {Path(place[0]).resolve()}"
        return data.predict_split, f"{data.predict_split} data{file}"
    if not is_pipe(path):
        return _short(_stem(path)), str(Path(path).resolve())
    with readable_again(path).open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return _short(_stem(path)), f"pipe, sha256 {digest}"


def _stem(path: str | Path) -> str:
    """Return the name of an input without its suffix; the number of a pipe means nothing."""
    if is_stdin(path):
        return "stdin"
    return "pipe" if Path(path).parent.name == "fd" else Path(path).stem


def _short(stem: str) -> str:
    """Cut a name so that a file name has room for a prefix and a suffix."""
    return _ODD.sub("_", stem).encode()[:_LONGEST].decode(errors="ignore")


def _read(record: Path) -> dict[str, str]:
    """Read the recorded input of each file."""
    try:
        inputs = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return inputs if isinstance(inputs, dict) else {}
