"""The model card says what the run says, with the scores of exactly these weights."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from huggingface_hub import ModelCard

from lowner_pl.corpus import Sentence, write_conll
from lowner_pl.exporting.card import Card
from lowner_pl.exporting.scores import scores_of
from lowner_pl.modules import MANERLightningModule
from lowner_pl.statistics.tagged_counts import read_counts
from lowner_pl.tagging.exported.record import ExportRecord

RUN = {
    "corpus": "toy|sw",
    "backbone": "xlm/roberta",
    "train_sentences": 1234,
    "train_entities": {"PER": 7, "LOC": 1500},
    "dev_score": 0.5,
    "language": "sw",
    "seed": 3,
    "epoch": 4,
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder with a test of two sets, of which one was tagged."""
    sentences = [Sentence(("Anna", "left"), ("B-PER", "O"))] * 6
    predicted = [("B-PER", "O")] * 4 + [("O", "O"), ("B-LOC", "O")]
    write_conll(tmp_path / "test_tagged_sw.conll", sentences, predicted=predicted)
    scores = {"f1": 8 / 11, "precision": 0.8, "recall": 2 / 3, "f1/PER": 0.8, "f1/LOC": 0.0}
    part = {"name": "sw", "sentences_scored": 6, "scores": scores | {"calibration_error": 0.05}}
    record = {
        "corpus": "toy|sw",
        "checkpoint": {"step": 7},
        "test_sets": [part, {"name": "yo", "sentences_scored": 6, "scores": scores}],
    }
    (tmp_path / "test_metrics.json").write_text(json.dumps(record))
    return tmp_path


def card(tiny: str, **changes: Any) -> Card:
    module = MANERLightningModule(entity_types=("PER", "LOC"), backbone=tiny)
    record = ExportRecord(
        method="MANERLightningModule",
        class_path="",
        options={},
        entity_types=("PER", "LOC"),
        marker="mask",
        max_length=512,
        context=64,
        run=RUN,
        lowner_pl="9.9",
    )
    options: dict[str, Any] = {"scores": [], "in_pipeline": False, "licence": None}
    return Card(record, module, **options | changes)


def test_the_interval_is_the_bootstrap_of_the_tagged_sentences(run: Path) -> None:
    first, second = scores_of(run, "best", 7)
    # Correct, predicted and gold of each sentence: four right, one missed, one of a wrong type.
    counts = read_counts(run / "test_tagged_sw.conll")
    assert counts.tolist() == [[1, 1, 1]] * 4 + [[0, 0, 1], [0, 1, 1]]
    rows = np.random.default_rng(0).integers(6, size=(10_000, 6), dtype=np.int32)
    sums = counts[rows].sum(1)
    f1s = 2 * sums[:, 0] / (sums[:, 1] + sums[:, 2])
    assert first.f1_interval == pytest.approx(tuple(np.quantile(f1s, [0.025, 0.975])))
    assert second.f1_interval is None  # it was not tagged


def test_scores_of_other_weights_are_passed_over(run: Path) -> None:
    assert scores_of(run, "best", 8) == []
    assert scores_of(run, "last", 7) == []
    assert scores_of(run, "mine", 7) == []
    assert scores_of(None, "best", 7) == []
    write_conll(run / "test_tagged_sw.conll", [Sentence(("a",), ("O",))], predicted=[("O",)])
    assert scores_of(run, "best", 7)[0].f1_interval is None


def test_the_card_is_filled_from_the_run(run: Path, tiny: str) -> None:
    text = card(tiny, scores=scores_of(run, "best", 7), licence="cc-by-4.0").text()
    for line in (
        "| Method | maner: Mask augmented NER ([Sonkar et al., 2023](https://arxiv.org/abs/"
        "2212.09723)). |",
        "| Training sentences | 1,234 |",
        "| Entities in them | LOC 1,500, PER 7 |",
        "| Dev F1 | 50.0 |",
        "| Corpus | toy\\|sw |",
        "| Seed, epoch | 3, 4 |",
        "F1 by type (sw): PER 80.0, LOC 0.0.",
        "Calibration error of the confidences: 5.0.",
        "cc-by-4.0, as named by whoever exported the run.",
        'tagger = lowner_pl.load("FOLDER")',
    ):
        assert line in text.splitlines()
    assert "| toy\\|sw, sw | 6 | 72.7 | 3" in text
    assert "| toy\\|sw, yo | 6 | 72.7 | – | 80.0 | 66.7 |" in text


def test_the_dev_score_has_its_types_if_dev_data_have_some_only(tiny: str) -> None:
    one = card(tiny)
    one.run = RUN | {"dev_types": ["PER", "LOC"]}
    assert "| Dev F1 | 50.0, for PER, LOC only |" in one.text()


def test_the_hub_reads_its_head(run: Path, tiny: str) -> None:
    text = card(tiny, scores=scores_of(run, "best", 7), licence="cc-by-4.0").text("me/ner")
    data: Any = ModelCard(text, ignore_metadata_errors=False).data
    assert (data.language, data.license, data.base_model) == ("sw", "cc-by-4.0", "xlm/roberta")
    assert data.library_name == "lowner_pl"
    assert [result.metric_value for result in data.eval_results] == [0.7273, 0.7273]
    assert 'lowner_pl.load(snapshot_download("me/ner"))' in text


def test_what_is_unknown_is_said(tiny: str) -> None:
    text = card(tiny).text()
    assert "This run has not been tested." in text
    assert "No licence was named" in text
    assert "model-index" not in text
