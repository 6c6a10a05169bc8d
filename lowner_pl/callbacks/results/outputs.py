"""Names of files made of an input, such that no input's file takes the place of another's."""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lowner_pl.corpus import Sentence, is_pipe, is_stdin, readable_again
from lowner_pl.runs.files import lock_beside, write_text

RECORD = "inputs.json"
_ODD = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LONGEST = 150  # bytes of an input's name; file systems allow 255 for all of the output's


def output_file(folder: Path, kind: str, data: Any) -> Path:
    """Choose the file for what is made of the input of ``predict``.

    It is ``<kind>_<name of the input>.conll``. If that is of another input, or it is not known of
    which, a hash of this input stands behind the name. ``inputs.json`` in the folder says which
    input each file is of, so that the same input always has the same file.

    Args:
        folder: The run folder.
        kind: ``predictions`` or ``generated``.
        data: The data module.
    """
    name, source = _input_of(data)
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
            write_text(record, json.dumps({**inputs, file.name: source}, indent=2) + "\n")
    return file


def _input_of(data: Any) -> tuple[str, str]:
    """Return the name of an input, and what tells it from all others."""
    path = data.predict_path
    if path is None:
        sentences: Iterable[Sentence] = data.to_predict()
        place = next((s.place for s in sentences if s.place is not None), None)
        file = "" if place is None else f", {Path(place[0]).resolve()}"
        return data.predict_split, f"{data.predict_split} data{file}"
    if not is_pipe(path):
        return _short(_stem(path)), str(Path(path).resolve())
    with readable_again(path).open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return _short(_stem(path)), f"pipe, sha256 {digest}"


def _stem(path: str | Path) -> str:
    """Return the name of an input without its suffix; numbers of descriptors say nothing."""
    if is_stdin(path):
        return "stdin"
    return "pipe" if Path(path).parent.name == "fd" else Path(path).stem


def _short(stem: str) -> str:
    """Return a name that a file can have with something before and behind it."""
    return _ODD.sub("_", stem).encode()[:_LONGEST].decode(errors="ignore")


def _read(record: Path) -> dict[str, str]:
    """Return the input of each file, as far as it is known."""
    try:
        inputs = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return inputs if isinstance(inputs, dict) else {}
