"""An exported folder tags as its run does, needs nothing of it, and says what it is."""

import json
import shutil
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from transformers import AutoConfig, AutoModelForTokenClassification, pipeline

import lowner_pl
from lowner_pl.corpus import Sentence
from lowner_pl.exporting import export
from lowner_pl.modules import (
    MANERLightningModule,
    MetaLightningModule,
    MLMNERLightningModule,
    NERModule,
    SNERLightningModule,
)
from lowner_pl.runs.calibration import calibration_of, write_calibration
from lowner_pl.tagging import TextTagger

from ..tagging.own_method import OwnLightningModule
from .saved import found, moved, save

TYPES = ("PER", "ORG", "LOC")
METHODS: dict[str, tuple[type[NERModule], dict[str, Any]]] = {
    "sner": (SNERLightningModule, {}),
    "sner, io": (SNERLightningModule, {"tag_scheme": "io", "max_length": 24, "context": 4}),
    "mlm_ner": (MLMNERLightningModule, {}),
    "crf": (SNERLightningModule, {"head": "crf"}),
    "maner": (MANERLightningModule, {"mlm_weight": 0.1}),
    "maner_rand": (MANERLightningModule, {"marker": "random"}),
    "frozen": (MANERLightningModule, {"frozen_layers": 1, "train_embeddings": "none"}),
    "lora": (SNERLightningModule, {"lora_rank": 2}),
    "own": (OwnLightningModule, {}),
}
pytestmark = pytest.mark.usefixtures("offline")


@pytest.mark.parametrize("name", METHODS)
def test_an_export_tags_as_its_run_without_the_backbone_of_the_run(
    name: str, backbones: dict[str, Path], swahili: list[Sentence], tmp_path: Path
) -> None:
    kind, options = METHODS[name]
    backbone = moved(backbones["xlm-roberta"], tmp_path)
    run = tmp_path / "run"
    file = save(
        kind(entity_types=TYPES, backbone=backbone, **options), run / "checkpoints" / "best.ckpt"
    )
    (run / "config.yaml").write_text(
        json.dumps({"model": {"class_path": f"{kind.__module__}.{kind.__name__}"}})
    )
    expected = found(lowner_pl.load(file), swahili[:12])
    assert sum(map(len, expected)) > 12
    folder = tmp_path / "folder"
    folder.mkdir()
    export(file, folder)
    shutil.rmtree(backbone)
    assert str(tmp_path) not in "".join(f.read_text() for f in folder.glob("*.json"))
    shutil.rmtree(run)
    tagger = lowner_pl.load(folder.rename(tmp_path / "elsewhere"))
    assert found(tagger, swahili[:12]) == expected
    assert (tagger.temperature, tagger.language) == (1.7, "sw")
    config = AutoConfig.from_pretrained(tmp_path / "elsewhere")
    assert tuple(config.id2label.values()) == tagger.module.tag_set.tags


@pytest.mark.filterwarnings("ignore:Tokenizer does not support real words")
def test_a_plain_tagger_works_in_a_pipeline_with_equal_tags(
    backbones: dict[str, Path], swahili: list[Sentence], tmp_path: Path
) -> None:
    for kind in ("xlm-roberta", "bert"):
        module = SNERLightningModule(entity_types=TYPES, backbone=str(backbones[kind]))
        folder = tmp_path / kind
        folder.mkdir()
        done = export(save(module, tmp_path / f"{kind}.ckpt"), folder)
        assert done.in_pipeline
        tagger = lowner_pl.load(folder)
        sentences = [_words_of_both(s.words, tagger) for s in swahili[:20]]
        expected = [
            [(row[e.start], row[e.end - 1], e.type) for e in entities]
            for row, entities in zip(sentences, tagger.tag_words(sentences), strict=True)
        ]
        pipe: Any = pipeline("token-classification", str(folder), aggregation_strategy="first")
        assert pipe.tokenizer.model_max_length == 512
        for row, wanted in zip(sentences, expected, strict=True):
            (entities,) = pipe([row], is_split_into_words=True)
            text = " ".join(row)
            words = [text[e["start"] : e["end"]].split(" ") for e in entities]
            given = zip(words, (e["entity_group"] for e in entities), strict=True)
            assert [(w[0], w[-1], type_) for w, type_ in given] == wanted


def _words_of_both(words: tuple[str, ...], tagger: TextTagger) -> list[str]:
    """Leave out words of which the pipeline makes several.

    These begin with a subword that is only the space before them, or contain punctuation, which
    BERT's tokenizer parts off.
    """
    encoder = cast(SNERLightningModule, tagger.module).word_encoder
    first = encoder.tokenizer.convert_ids_to_tokens([encoder.subwords(w)[0] for w in words])
    pairs = zip(words, first, strict=True)
    return [word for word, subword in pairs if subword != "▁" and word.isalnum()]


@pytest.mark.parametrize(
    ("kind", "options", "backbone", "reason"),
    [
        (MANERLightningModule, {}, "bert", "a marker that it puts before the word"),
        (SNERLightningModule, {"head": "crf"}, "bert", "a CRF chooses"),
        (SNERLightningModule, {}, "modernbert", "has other layers"),
    ],
)
def test_what_a_pipeline_would_tag_wrongly_is_no_classifier_and_says_so(
    kind: type[NERModule],
    options: dict[str, Any],
    backbone: str,
    reason: str,
    backbones: dict[str, Path],
    tmp_path: Path,
) -> None:
    module = kind(entity_types=TYPES, backbone=str(backbones[backbone]), **options)
    folder = tmp_path / "folder"
    folder.mkdir()
    assert not export(save(module, tmp_path / "a.ckpt"), folder).in_pipeline
    card = (folder / "README.md").read_text()
    assert "**wrong tags**" in card
    assert reason in card
    assert "from transformers import" not in card
    config = json.loads((folder / "config.json").read_text())
    assert not config["architectures"][0].endswith("ForTokenClassification")
    _, report = AutoModelForTokenClassification.from_pretrained(folder, output_loading_info=True)
    assert "classifier.weight" in report["missing_keys"]


def test_low_rank_updates_are_merged(backbones: dict[str, Path], tmp_path: Path) -> None:
    module = SNERLightningModule(
        entity_types=TYPES, backbone=str(backbones["xlm-roberta"]), lora_rank=2
    )
    folder = tmp_path / "folder"
    folder.mkdir()
    export(save(module, tmp_path / "a.ckpt"), folder)
    model, report = AutoModelForTokenClassification.from_pretrained(
        folder, output_loading_info=True
    )
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    layer = model.base_model.encoder.layer[0].attention.self.query
    updated: Any = module.tagger.backbone.encoder.encoder.layer[0].attention.self.query  # type: ignore[union-attr, index]
    pair = updated.lora_B["default"].weight @ updated.lora_A["default"].weight
    torch.testing.assert_close(layer.weight, updated.base_layer.weight + 2.0 * pair)


@pytest.mark.parametrize("retrieval", ["embedded", "tiny"])
def test_a_meta_learned_tagger_carries_its_source(
    retrieval: str, backbones: dict[str, Path], swahili: list[Sentence], tmp_path: Path
) -> None:
    tiny, place = moved(backbones["bert"], tmp_path), tmp_path / "retrieval"
    shutil.copytree(backbones["xlm-roberta"], place)
    options: dict[str, Any] = {"lora_rank": 2} if retrieval == "tiny" else {"frozen_layers": 1}
    module = MetaLightningModule(
        entity_types=TYPES,
        backbone=tiny,
        adaptation_lr=0.05,
        adaptation_steps=2,
        train_embeddings="used",
        **options,
    )
    module.train_rows(module.word_encoder.ids(w for s in swahili[:30] for w in s.words))
    run = tmp_path / "logs" / "toy-sw" / "meta" / "seed_1"
    save(module, run / "checkpoints" / "best.ckpt")
    data = {
        "source": {
            "class_path": "lowner_pl.datamodules.SampleDataModule",
            "init_args": {"language": "sw", "train_size": 30},
        },
        "retrieval_backbone": "embedded" if retrieval == "embedded" else str(place),
    }
    path = "lowner_pl.datamodules.EpisodicDataModule"
    (run / "config.yaml").write_text(json.dumps({"data": {"class_path": path, "init_args": data}}))
    expected = found(lowner_pl.load(run), swahili[40:46])
    folder = tmp_path / "folder"
    folder.mkdir()
    done = export(run, folder)
    assert (done.carries_sentences, done.in_pipeline) == (30, False)
    for gone in (tiny, place, tmp_path / "logs"):
        shutil.rmtree(gone)
    tagger = lowner_pl.load(folder)
    assert found(tagger, swahili[40:46]) == expected
    cast(MetaLightningModule, tagger.module).adaptation_steps = 0
    assert found(tagger, swahili[40:46]) != expected
    assert "contains 30 training sentences" in (folder / "README.md").read_text()
    vectors = [file.name for file in (folder / "vectors").glob("*.npz")]
    assert len(vectors) == 1  # those of the source were read, none were added


def test_the_calibration_travels(backbones: dict[str, Path], tmp_path: Path) -> None:
    module = SNERLightningModule(entity_types=TYPES, backbone=str(backbones["bert"]))
    run, record = tmp_path / "run", {"temperature": 1.7, "sentences": 50}
    file = save(module, run / "checkpoints" / "best.ckpt")
    write_calibration(run, record)
    folders = [tmp_path / name for name in ("one", "two", "three")]
    for folder in folders:
        folder.mkdir()
    export(run, folders[0])
    assert json.loads((folders[0] / "calibration.json").read_text()) == record
    write_calibration(run, {"temperature": 3.0})  # of other weights
    export(run, folders[1])
    assert json.loads((folders[1] / "calibration.json").read_text()) == {"temperature": 1.7}
    saved = torch.load(file, weights_only=True)
    del saved["lowner_pl"]["run"]["temperature"]
    torch.save(saved, file)
    export(run, folders[2])
    assert calibration_of(folders[2]) is None
    assert lowner_pl.load(folders[2]).temperature == 1.0
    assert "not calibrated" in (folders[2] / "README.md").read_text()


def test_what_cannot_be_exported_is_refused_in_one_sentence(
    backbones: dict[str, Path], tmp_path: Path
) -> None:
    backbone = str(backbones["bert"])
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(FileNotFoundError, match=r"There is no run '.*none'"):
        export(tmp_path / "none", folder)
    meta = save(MetaLightningModule(entity_types=TYPES, backbone=backbone), tmp_path / "meta.ckpt")
    with pytest.raises(ValueError, match="it changes its weights for each sentence"):
        export(meta, folder, onnx=True)
    with pytest.raises(ValueError, match=r"config\.yaml of its run folder names"):
        export(meta, folder)
    module = SNERLightningModule(entity_types=TYPES, backbone=backbone)
    file = save(module, tmp_path / "a.ckpt")
    other = tmp_path / "other"
    other.mkdir()
    export(file, other)
    with pytest.raises(ValueError, match="is an exported folder already"):
        export(other, folder)
    saved = torch.load(file, weights_only=True)
    saved["lowner_pl"]["method"] = "NewLightningModule"
    torch.save(saved, file)
    with pytest.raises(ValueError, match="which is not in this version of lowner_pl"):
        export(file, folder)
