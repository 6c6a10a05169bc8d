"""``lowner_pl.json``: what an exported tagger is, beside its weights."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self, cast

from lowner_pl.runs.files import reason_of, write_json

NAME = "lowner_pl.json"
FORMAT = 1
WEIGHTS = "model*.safetensors"
"""Pattern of the files of the encoder; a large one has several."""
PARTS = "tagger.safetensors"
"""The weights of the tagger that are not the encoder's."""
ONNX = "model.onnx"
SUPPORT = "support.jsonl"
VECTORS = "vectors"
RETRIEVAL = "retrieval"
FOLDERS = frozenset({VECTORS, RETRIEVAL})

Runtime = Literal["torch", "onnx"]


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """The description of an exported tagger.

    Args:
        method: Name of the method's class.
        class_path: Where to import it from.
        options: Its options that matter for tagging.
        entity_types: The types that it finds.
        marker: Token before each word.
        max_length: Most subwords in a window.
        context: Subwords of context on each side of a window.
        run: Data, seed, epoch and so on of the run, as its checkpoint describes them.
        rows: Ids of the subword vectors that adapt to a sentence, in meta-learning; ``None`` for
            all.
        support: How a meta-learned tagger finds the sentences that it adapts to: ``k``,
            ``backbone``, ``backbone_hash`` and ``pooling``.
        onnx: The file for ONNX Runtime: its number of ``bits`` and its ``checksum``.
        lowner_pl: The version that wrote it.
    """

    method: str
    class_path: str
    options: dict[str, Any]
    entity_types: tuple[str, ...]
    marker: str
    max_length: int
    context: int
    run: dict[str, Any]
    rows: list[int] | None = None
    support: dict[str, Any] | None = None
    onnx: dict[str, Any] | None = None
    lowner_pl: str = ""
    format: int = field(default=FORMAT)

    @property
    def language(self) -> str | None:
        """Language of the training data, if it is known."""
        language = self.run.get("language")
        return language if isinstance(language, str) else None

    def write(self, folder: Path) -> None:
        """Write the record into a folder."""
        write_json(folder / NAME, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the record of a folder.

        Raises:
            ValueError: If it is damaged or of another version.
        """
        file = folder / NAME
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
            number = values["format"]
            if isinstance(number, int) and number > FORMAT:
                raise _of_another_version(file, str(values.get("lowner_pl")))
            record = cls(**values | {"entity_types": tuple(values["entity_types"])})
        except OSError as error:
            raise ValueError(f"'{file}' can't be read: {reason_of(error)}.") from error
        except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
            raise _damaged(file, str(error)) from error
        kinds = {"options": dict, "run": dict, "method": str, "class_path": str, "max_length": int}
        for name, kind in kinds.items():
            if not isinstance(getattr(record, name), kind):
                raise _damaged(file, f"{name!r} is no {kind.__name__}")
        return record


def is_exported(path: Path) -> bool:
    """Tell whether a path is the folder of an exported tagger."""
    return (path / NAME).is_file()


def graph_files(folder: Path) -> list[Path]:
    """List the files of the graph for ONNX Runtime. One above 2 GB has its weights beside it."""
    return sorted(folder.glob(f"{ONNX}*"))


def chosen_runtime(folder: Path, wanted: str | None) -> Runtime:
    """Choose what computes the scores: torch if its weights are there, unless told otherwise.

    Raises:
        FileNotFoundError: If the file that it needs is missing.
    """
    there = {"torch": any(folder.glob(WEIGHTS)), "onnx": (folder / ONNX).is_file()}
    if wanted is None:
        wanted = next((name for name, found in there.items() if found), "torch")
    if not there[wanted]:
        raise FileNotFoundError(
            f"'{folder}' has no 'model.onnx'. Export the run with `--onnx`, or leave the runtime "
            "out."
            if wanted == "onnx"
            else f"'{folder}' has no 'model.safetensors'. Copy the folder again, or export the "
            "run again."
        )
    return cast(Runtime, wanted)


def _of_another_version(file: Path, version: str) -> ValueError:
    return ValueError(
        f"'{file}' was written by lowner_pl {version[:40]}, in a format that this version can't "
        "read. Use that version, or export the run again."
    )


def _damaged(file: Path, reason: str) -> ValueError:
    return ValueError(
        f"'{file}' is damaged ({' '.join(reason.split())[:120]}). Copy the folder again, or export "
        "the run again."
    )
