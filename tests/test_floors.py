import ast
from pathlib import Path

import pytest

from .conftest import ROOT

PACKAGE = ROOT / "lowner_pl"
# What each part may import of the project: everything below it, never beside it but where named.
ALLOWED: dict[str, set[str]] = {
    "runs": set(),
    "corpus": {"runs"},
    "encoding": {"corpus"},
    "augmentation": {"corpus", "runs"},
    "metrics": {"corpus"},
    "statistics": {"runs"},
    "auditing": {"corpus", "encoding", "runs"},
    "nn": {"corpus", "encoding", "augmentation", "runs"},
    "modules": {"corpus", "encoding", "augmentation", "nn", "metrics", "runs"},
    "datamodules": {"corpus", "augmentation", "nn", "runs"},  # nn: to find the support of episodes
    "callbacks": {"auditing", "corpus", "runs"},
    "tagging": {"corpus", "datamodules", "encoding", "modules", "nn", "runs"},
    "annotation": {"corpus", "datamodules", "modules", "nn", "runs", "tagging"},
    "exporting": {"callbacks", "modules", "nn", "runs", "statistics", "tagging"},
    "serving": {"annotation", "corpus", "runs", "tagging"},  # annotation: its page
    "commands": {
        "annotation",
        "auditing",
        "augmentation",
        "callbacks",
        "corpus",
        "datamodules",
        "encoding",
        "exporting",
        "modules",
        "nn",
        "runs",
        "serving",
        "tagging",
    },
    "pipelines": {
        "annotation",
        "augmentation",
        "callbacks",
        "commands",
        "corpus",
        "datamodules",
        "modules",
        "runs",
        "statistics",
        "tagging",
    },
    "results": {"corpus", "runs", "statistics", "commands"},
    "studies": {
        "callbacks",
        "commands",
        "datamodules",
        "nn",
        "pipelines",
        "results",
        "runs",
        "tagging",
    },
    "__main__": {"runs", "commands", "pipelines", "results", "studies"},
    "__init__": {"results", "tagging"},
}


def imported_parts(file: Path) -> set[str]:
    """Return the parts of the project that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{file}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    ours = [name.split(".") for name in names if name.split(".")[0] == "lowner_pl"]
    return {parts[1] for parts in ours if parts[1] != "__version__"}


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("*.py")), ids=lambda file: file.name)
def test_imports_point_down(file: Path) -> None:
    here = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
    beside = imported_parts(file) - {here} - ALLOWED[here]
    assert not beside, f"{here} may not import {sorted(beside)}"


@pytest.mark.parametrize(
    "file",
    sorted((PACKAGE / "corpus").rglob("*.py")),
    ids=lambda f: f.name,
)
def test_the_corpus_floor_needs_the_standard_library_only(file: Path) -> None:
    import sys

    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            top = node.module.split(".")[0]
            assert top == "lowner_pl" or top in sys.stdlib_module_names


# What a room of a part may import of the part's other rooms.
ROOMS: dict[str, dict[str, set[str]]] = {
    "annotation": {"formats": set(), "suggest": {"formats"}, "session": {"suggest"}},
    "annotation/formats": {"brat": {"json_formats"}, "json_formats": set(), "webanno": set()},
    "nn": {
        "backbones": set(),
        "tagging": {"backbones"},
        "meta": {"backbones", "tagging"},
        "retrieval": {"backbones"},
        "generation": set(),
    },
    "nn/backbones": {"files": set(), "making": {"files"}, "training": set()},
    "callbacks": {
        "screen": set(),
        "results": {"screen"},
        "errors": {"results", "screen"},
        "tensorboard": set(),
    },
    "auditing": {"findings": set(), "numbers": set(), "report": {"numbers"}},
    "commands": {
        "options": set(),
        "annotation": {"options"},
        "backbones": {"options"},
        "tagger": {"options"},
    },
    "corpus": {"conll": set()},
    "corpus/conll": {"checking": set()},
    "datamodules": {"corpora": set(), "composed": set()},
    "pipelines": {"simulation": set()},
    "results": {
        "pictures": set(),
        "learning": {"tables", "tested"},
        "tensorboard": {"pictures"},
        "report": {"learning", "pictures", "tables", "tensorboard", "tested"},
        "tables": set(),
        "tested": set(),
    },
    "serving": {"annotate": set()},
    "runs": {"page": set(), "logs": {"page"}, "trainer": set()},
    "tagging": {"exported": set(), "splitting": set()},
    "modules": {"tagging": set(), "meta": {"tagging"}, "generation": set()},
    "studies": {"engines": {"running"}, "running": set(), "study_file": set()},
}


@pytest.mark.parametrize("part", ROOMS)
def test_every_room_of_a_part_is_in_the_table(part: str) -> None:
    rooms = {init.parent.name for init in (PACKAGE / part).glob("*/__init__.py")}
    assert rooms == set(ROOMS[part])


@pytest.mark.parametrize(
    ("part", "room"), [(part, room) for part, rooms in ROOMS.items() for room in rooms]
)
def test_rooms_of_a_part_import_down_only(part: str, room: str) -> None:
    for file in sorted((PACKAGE / part / room).rglob("*.py")):
        beside = imported_rooms(file, part) & set(ROOMS[part]) - {room} - ROOMS[part][room]
        assert not beside, f"{file.name}: {part}.{room} may not import {sorted(beside)}"


def imported_rooms(file: Path, part: str) -> set[str]:
    """Return the rooms of a part that a file imports."""
    modules = {
        node.module
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module
    }
    prefix = f"lowner_pl.{part.replace('/', '.')}."
    return {name.removeprefix(prefix).split(".")[0] for name in modules if name.startswith(prefix)}
