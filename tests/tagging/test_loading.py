from pathlib import Path
from typing import Any, cast

import pytest
import torch

import lowner_pl
from lowner_pl.corpus import Sentence, entities_of
from lowner_pl.modules import MetaLightningModule, checkpoints
from lowner_pl.modules.meta.adaptive import AdaptiveModule
from lowner_pl.tagging import TextTagger
from lowner_pl.tagging.loading import load
from lowner_pl.tagging.run_files import RunFiles
from lowner_pl.tagging.support import support_of

from ..running import finished, folder

TEXT = "Wangari Maathai alizaliwa Nyeri. Alifariki Nairobi, Kenya."
EPISODES = {
    "data": {
        "class_path": "lowner_pl.datamodules.EpisodicDataModule",
        "init_args": {
            "source": {
                "class_path": "lowner_pl.datamodules.SampleDataModule",
                "init_args": {"language": "sw"},
            },
            "vector_cache": None,
        },
    }
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder."""
    return folder(finished(tmp_path))


def changed(run: Path, **entries: Any) -> Path:
    """Write a checkpoint that differs from that of a run."""
    saved = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)
    identity = {**saved["lowner_pl"], **entries.pop("identity", {})}
    file = run / "changed.ckpt"
    torch.save({**saved, "lowner_pl": identity, **entries}, file)
    return file


def test_a_run_and_its_checkpoint_tag_as_the_method_does(run: Path) -> None:
    tagger = lowner_pl.load(run)
    assert tagger.language == "sw"
    words = ("Wangari", "Maathai", "alizaliwa", "Nyeri", ".")
    with torch.inference_mode():
        (tags,) = tagger.module.tag_batch([Sentence(words)])
        tagger.module.tagger.head.linear.bias[1:] += 1  # so that there are entities
        (more,) = tagger.module.tag_batch([Sentence(words)])
    plain = load(run / "checkpoints" / "best.ckpt").tag_words([words])[0]
    assert [(e.start, e.end, e.type) for e in plain] == [
        (e.start, e.end, e.type) for e in entities_of(tags)
    ]
    found = tagger.tag_words([words])[0]
    assert [(e.start, e.end, e.type) for e in found] == [
        (e.start, e.end, e.type) for e in entities_of(more)
    ]
    assert found
    assert all(0 < e.confidence <= 1 for e in found)
    assert all(TEXT[e.start : e.end] == e.text for e in tagger(TEXT))
    assert not any(module.training for module in tagger.module.modules())


def test_a_meta_learned_tagger_adapts_to_its_source(tiny: str) -> None:
    module = MetaLightningModule(entity_types=("PER", "ORG", "LOC"), backbone=tiny).eval()
    episodes = support_of(EPISODES, RunFiles(Path("x.ckpt"), None))
    words = ("Wangari", "Maathai", "alizaliwa", "Nyeri")
    (episode,) = episodes([Sentence(words)])
    assert len(episode.support) == 2
    assert all(sentence.tags for sentence in episode.support)
    before = {name: weight.clone() for name, weight in module.state_dict().items()}
    adaptations = 0
    original = AdaptiveModule.adaptations

    def counted(self: AdaptiveModule, batch: Any) -> Any:
        nonlocal adaptations
        adaptations += 1
        return original(self, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AdaptiveModule, "adaptations", counted)
        found = TextTagger(module, batches=episodes).tag_words([words])[0]
    assert adaptations == 1
    (tags,) = module.tag_batch([episode])
    assert [(e.start, e.end, e.type) for e in found] == [
        (e.start, e.end, e.type) for e in entities_of(tags)
    ]
    assert all(weight.equal(before[name]) for name, weight in module.state_dict().items())


def test_a_meta_learned_checkpoint_needs_the_config_of_its_run() -> None:
    with pytest.raises(ValueError, match="is meta-learned"):
        support_of({}, RunFiles(Path("x.ckpt"), None))
    data = {"data": cast(Any, EPISODES["data"]["init_args"])["source"]}
    with pytest.raises(ValueError, match="are a SampleDataModule"):
        support_of(data, RunFiles(Path("x.ckpt"), None))


def test_wrong_runs_are_refused_in_one_sentence(run: Path) -> None:
    root = run.parents[2]
    with pytest.raises(FileNotFoundError, match=rf"no run '.*typo'\. Runs in '.*': {run}\."):
        load(run.parent / "typo")
    with pytest.raises(FileNotFoundError, match=rf"no run folder: .*Runs in '{root}': {run}"):
        load(root)
    (run / "checkpoints" / "best.ckpt").rename(run / "moved.ckpt")
    with pytest.raises(FileNotFoundError, match=r"no dev scores yet.*--ckpt_path last"):
        load(run)
    (run / "checkpoints" / "last.ckpt").unlink()
    with pytest.raises(FileNotFoundError, match="stopped before its first checkpoint"):
        load(run)
    with pytest.raises(FileNotFoundError, match="Give the folder of a run"):
        load(run / "config")
    assert load(run / "moved.ckpt").entity_types == ("PER", "ORG", "LOC")


def test_wrong_checkpoints_are_refused_in_one_sentence(run: Path) -> None:
    with pytest.raises(ValueError, match="damaged, truncated or no checkpoint"):
        load(run / "config.yaml")
    with pytest.raises(ValueError, match="was not written by lowner_pl"):
        load(changed(run, lowner_pl={}))
    with pytest.raises(ValueError, match="method 'NewModule', which is not in this version"):
        load(changed(run, identity={"method": "NewModule"}))
    with pytest.raises(ValueError, match="MLMLightningModule, which finds no entities"):
        load(changed(run, identity={"method": "MLMLightningModule"}))
    with pytest.raises(ValueError, match="`device` is 'gpu7'"):
        load(run, device="gpu7")


def test_an_unchanged_backbone_is_not_hashed_twice(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = 0

    def identity(_: object) -> str:
        nonlocal hashed
        hashed += 1
        return "another"

    monkeypatch.setattr(checkpoints, "tokenizer_identity", identity)
    load(run)
    assert hashed == 0
    described = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)["lowner_pl"]["run"]
    with pytest.raises(ValueError, match="has another tokenizer"):
        load(changed(run, identity={"run": {**described, "backbone_hash": "of other files"}}))


def test_a_method_of_ones_own_is_found_by_its_config(run: Path) -> None:
    config = run / "config.yaml"
    text = config.read_text().replace("lowner_pl.modules.SNER", "tests.tagging.own_method.Own")
    config.write_text(text)
    options = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)["hyper_parameters"]
    options["_class_path"] = "tests.tagging.own_method.OwnLightningModule"
    identity = {"method": "OwnLightningModule"}
    file = changed(run, identity=identity, hyper_parameters=options)
    file.rename(run / "checkpoints" / "own.ckpt")
    assert type(load(run / "checkpoints" / "own.ckpt").module).__name__ == "OwnLightningModule"
