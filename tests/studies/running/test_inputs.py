import os
from pathlib import Path

import pytest

from lowner_pl.studies.running import inputs
from lowner_pl.studies.running.inputs import Digests, Unchanged, inputs_of


def test_the_digest_follows_the_contents_of_configs_also_of_those_they_name(tmp_path: Path) -> None:
    (tmp_path / "part.yaml").write_text("batch_size: 1\n")
    config = tmp_path / "whole.yaml"
    config.write_text("data: part.yaml\n")
    words = [f"--config={config}", "--data.language=sw"]
    first = Digests().of("fit", words)
    assert Digests().of("fit", words) == first
    (tmp_path / "part.yaml").write_text("batch_size: 2\n")
    assert Digests().of("fit", words) != first


def test_the_digest_depends_on_options_command_and_version_not_on_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.yaml").write_text("x: 1\n")
    monkeypatch.chdir(tmp_path)
    first = Digests().of("fit", ["--config=a.yaml"])
    assert Digests().of("fit", [f"--config={tmp_path / 'a.yaml'}"]) == first
    assert Digests().of("augment", ["--config=a.yaml"]) != first
    assert Digests().of("fit", ["--config=a.yaml", "--b=1"]) != first
    monkeypatch.setattr(inputs, "__version__", "9")
    assert Digests().of("fit", ["--config=a.yaml"]) != first


def test_inputs_are_the_files_of_the_corpus_its_language_only_and_of_a_backbone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("wikiann-sw/train.conll", "wikiann-sw/test.conll", "wikiann-yo/train.conll"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("Nairobi\tB-LOC\n")
    (tmp_path / "backbone").mkdir()
    (tmp_path / "backbone" / "config.json").write_text("{}")
    data = {
        "class_path": "lowner_pl.datamodules.WikiANNDataModule",
        "init_args": {"root": str(tmp_path), "language": "sw"},
    }
    found = inputs_of({"data": data, "model": {"init_args": {"backbone": "backbone"}}})
    names = {Path(file).relative_to(tmp_path).as_posix() for file in found}
    assert names == {"wikiann-sw/train.conll", "wikiann-sw/test.conll", "backbone/config.json"}


def test_a_touched_file_is_unchanged_and_an_edited_or_missing_one_is_not(tmp_path: Path) -> None:
    file = tmp_path / "train.conll"
    file.write_text("a O\n")
    known = inputs_of({"data": {"train_path": str(file)}})
    os.utime(file, ns=(1, 1))
    assert Unchanged()(known)
    file.write_text("b O\n")
    assert not Unchanged()(known)
    file.unlink()
    assert not Unchanged()(known)
