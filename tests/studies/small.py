"""Small studies for tests."""

from pathlib import Path

import yaml

from lowner_pl.studies.cells import Cell, expand
from lowner_pl.studies.study_file.reading import read_study
from lowner_pl.studies.study_file.spec import Study

from ..conftest import ROOT
from ..running import PLAIN, small_backbone

CONFIGS = ROOT / "configs"
AXES = {
    "method": {
        "sner": {"config": str(CONFIGS / "sner_wikiann.yaml")},
        "maner": {"config": str(CONFIGS / "maner_wikiann.yaml")},
    },
    "language": {"option": "data.language", "values": ["sw", "en"]},
    "seed": {"option": "seed_everything", "values": [1, 2]},
}


def written(folder: Path, **more: object) -> Path:
    """Write a study of two methods, languages and seeds."""
    file = folder / "small.yaml"
    file.write_text(yaml.safe_dump({"axes": AXES} | more, sort_keys=False), encoding="utf-8")
    return file


def options() -> list[str]:
    """Return options with which a cell takes a second."""
    return [
        f"--model.backbone={small_backbone()}",
        *PLAIN,
        "--trainer.max_epochs=1",
        "--data.train_size=20",
        "--data.dev_size=10",
    ]


def study(folder: Path, **more: object) -> Study:
    """Read a study with the overlay for the embedded backbone."""
    return read_study(written(folder, **more), embedded=str(CONFIGS / "embedded.yaml"))


def cells(folder: Path, **more: object) -> list[Cell]:
    """Expand a study; its folder is ``small-embedded``."""
    return expand(study(folder, **more), folder / "small-embedded", options())
