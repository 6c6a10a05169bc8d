"""Overlays for taggers in a pipeline, whose generator reads something else."""

import json
from pathlib import Path

import pytest
import yaml

from lowner_pl.__main__ import run_command
from lowner_pl.pipelines.overlays import pipeline_overlays, replaced

from ..running import CONFIGS

EMBEDDED = CONFIGS / "embedded.yaml"
STAGES = dict.fromkeys(("gold", "generate", "train"), str(CONFIGS / "melm" / "gold_conll.yaml"))


def pipeline(folder: Path, overlays: object) -> Path:
    file = folder / "row.yaml"
    file.write_text(yaml.safe_dump({"stages": STAGES, "overlays": overlays}))
    return file


def test_only_the_named_group_reads_something_else_in_the_same_place(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").touch()
    (tmp_path / "other.yaml").touch()
    instead = ["other.yaml", {"trainer.max_epochs": 3}]
    overlays = pipeline_overlays(pipeline(tmp_path, {"mine.yaml": {"generator": instead}}))
    mine, other = f"{tmp_path}/mine.yaml", f"{tmp_path}/other.yaml"
    words = ["--config=a.yaml", "--config", mine, "--x", "1", f"--config={mine}", "--y=2"]
    assert replaced("filter", words, overlays) == words
    new = [f"--config={other}", f"--config={json.dumps(instead[1])}"]
    expected = ["--config=a.yaml", *new, "--x", "1", *new, "--y=2"]
    assert replaced("generate", words, overlays) == expected


def test_a_packaged_overlay_is_found_by_its_name_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    overlays = pipeline_overlays(CONFIGS / "melm" / "melm_conll.yaml")
    (found,) = replaced("finetune", ["--config=configs/embedded.yaml"], overlays)
    assert found.endswith("overlays/embedded_generator.yaml")
    assert Path(found.removeprefix("--config=")).is_file()


@pytest.mark.parametrize(
    "overlays",
    [[str(EMBEDDED)], {"a.yaml": "b.yaml"}, {"a.yaml": {"gold": "b.yaml"}}, {"a": {"tagger": 3}}],
)
def test_overlays_of_another_form_are_refused(tmp_path: Path, overlays: object) -> None:
    with pytest.raises(ValueError, match=r"`overlays` is .*, but it must name, for"):
        run_command(["augment", f"--config={pipeline(tmp_path, overlays)}"])


def test_a_missing_overlay_is_refused(tmp_path: Path) -> None:
    file = pipeline(tmp_path, {"a.yaml": {"generator": "nowhere.yaml"}})
    with pytest.raises(FileNotFoundError, match="`overlays`, generator, names the configuration"):
        run_command(["augment", f"--config={file}"])
