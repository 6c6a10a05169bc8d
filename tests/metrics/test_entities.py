import subprocess
import sys
import warnings
from collections.abc import Sequence

import pytest
import torch
from seqeval.metrics import accuracy_score
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support
from seqeval.metrics.v1 import precision_recall_fscore_support as strict_scores
from seqeval.scheme import IOB2

from lowner_pl.metrics import EntityScores

from ..scored_tags import TYPES, random_corpus, scores_of


def repaired(tags: Sequence[str]) -> list[str]:
    """Turn an I- tag without a beginning into B-."""
    before = ["O", *tags]
    return [
        f"B-{tag[2:]}" if tag[0] == "I" and before[i][2:] != tag[2:] else tag
        for i, tag in enumerate(tags)
    ]


def test_scores_and_confusion_equal_those_worked_out_by_hand() -> None:
    gold = [
        ["B-PER", "I-PER", "O", "B-LOC"],
        ["B-LOC", "I-LOC", "O", "B-PER"],
        ["O", "B-PER"],
    ]
    predicted = [
        ["B-PER", "I-PER", "O", "B-PER"],  # PER correct; LOC predicted as PER
        ["B-LOC", "O", "O", "B-PER"],  # LOC too short: one missed, one spurious; PER correct
        ["B-LOC", "O"],  # PER missed, LOC spurious
    ]
    metric = EntityScores(["PER", "LOC"])
    metric.update(gold, predicted)
    scores = {key: value.item() for key, value in metric.compute().items()}
    # PER: 2 correct, 3 gold, 3 predicted. LOC: 0 correct, 2 gold, 2 predicted.
    assert scores == pytest.approx(
        {
            "precision": 2 / 5,
            "recall": 2 / 5,
            "f1": 2 / 5,
            "conlleval_precision": 2 / 5,
            "conlleval_recall": 2 / 5,
            "conlleval_f1": 2 / 5,
            "precision/PER": 2 / 3,
            "recall/PER": 2 / 3,
            "f1/PER": 2 / 3,
            "precision/LOC": 0,
            "recall/LOC": 0,
            "f1/LOC": 0,
            "macro_f1": 1 / 3,
            "word_accuracy": 6 / 10,
            "words": 10,
            "sentences": 3,
            "entities": 5,
            "predicted_entities": 5,
        }
    )
    assert metric.confusion.tolist() == [
        [2, 0, 1],  # PER: two correct, one missed
        [1, 0, 1],  # LOC: one predicted as PER, one missed
        [0, 2, 0],  # no gold entity: two spurious LOC
    ]


def test_scores_of_a_single_type_equal_those_worked_out_by_hand() -> None:
    metric = EntityScores(["PER"])
    metric.update([["B-PER", "I-PER", "O", "B-PER"]], [["B-PER", "I-PER", "B-PER", "O"]])
    scores = metric.compute()
    # 1 correct, 2 gold, 2 predicted.
    assert scores["f1"] == scores["f1/PER"] == scores["macro_f1"] == scores["conlleval_f1"] == 1 / 2
    assert metric.confusion.tolist() == [[1, 1], [1, 0]]


def test_recall_is_below_precision_if_too_few_entities_are_predicted() -> None:
    gold = [["B-PER", "B-PER", "B-PER", "B-PER"]]
    scores = scores_of(gold, [["B-PER", "O", "O", "O"]])
    assert scores["precision"] == 1
    assert scores["recall"] == 1 / 4
    assert scores["f1"] == pytest.approx(2 / 5)  # 2 · 1 · 1/4 / (1 + 1/4)


def test_only_conlleval_accepts_an_inside_tag_without_a_beginning() -> None:
    # I-PER I-PER is not an entity in strict IOB2; conlleval reads it like B-PER I-PER.
    scores = scores_of([["B-PER", "I-PER", "O"]], [["I-PER", "I-PER", "O"]])
    assert scores["f1"] == scores["predicted_entities"] == 0
    assert scores["conlleval_f1"] == 1
    # B-PER I-LOC: strict IOB2 has one entity, conlleval has two.
    scores = scores_of([["B-PER", "O"]], [["B-PER", "I-LOC"]])
    assert scores["precision"] == 1
    assert scores["conlleval_precision"] == 1 / 2


@pytest.mark.parametrize("seed", range(20))
def test_strict_scores_equal_those_of_seqeval(seed: int) -> None:
    gold, predicted = random_corpus(seed, 250)
    ours = scores_of(gold, predicted)
    precision, recall, f1, _ = strict_scores(gold, predicted, average="micro", scheme=IOB2)
    assert (ours["precision"], ours["recall"], ours["f1"]) == pytest.approx((precision, recall, f1))
    assert ours["macro_f1"] == pytest.approx(
        strict_scores(gold, predicted, average="macro", scheme=IOB2)[2]
    )
    per_type = strict_scores(gold, predicted, average=None, scheme=IOB2)
    for name, *expected in zip(sorted(TYPES), *per_type[:3], strict=True):
        actual = [ours[f"{key}/{name}"] for key in ("precision", "recall", "f1")]
        assert actual == pytest.approx(expected)
    assert ours["entities"] == sum(per_type[3])


@pytest.mark.parametrize("seed", range(20))
def test_conlleval_scores_and_word_accuracy_equal_those_of_seqeval(seed: int) -> None:
    gold, predicted = random_corpus(seed, 250)
    ours = scores_of(gold, predicted)
    precision, recall, f1, _ = precision_recall_fscore_support(gold, predicted, average="micro")
    actual = [ours[f"conlleval_{key}"] for key in ("precision", "recall", "f1")]
    assert actual == pytest.approx([precision, recall, f1])
    assert ours["word_accuracy"] == pytest.approx(accuracy_score(gold, predicted))


@pytest.mark.parametrize("seed", range(5))
def test_every_malformed_sentence_is_scored_like_seqeval(seed: int) -> None:
    # One sentence at a time, so that errors can't cancel out.
    for gold, predicted in zip(*random_corpus(100 + seed, 200), strict=True):
        ours = scores_of([gold], [predicted])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # seqeval warns if there is no entity
            strict = strict_scores([gold], [predicted], average="micro", scheme=IOB2)
            lenient = precision_recall_fscore_support([gold], [predicted], average="micro")
        assert [ours[key] for key in ("precision", "recall", "f1")] == pytest.approx(strict[:3])
        keys = ("conlleval_precision", "conlleval_recall", "conlleval_f1")
        assert [ours[key] for key in keys] == pytest.approx(lenient[:3])


def test_strict_and_conlleval_scores_are_equal_for_well_formed_tags() -> None:
    gold, predicted = random_corpus(0, 500)
    scores = scores_of([repaired(tags) for tags in gold], [repaired(tags) for tags in predicted])
    assert 0 < scores["f1"] < 1
    for key in ("f1", "precision", "recall"):
        assert scores[key] == scores[f"conlleval_{key}"]


def test_the_confusion_matrix_adds_up_to_the_entities() -> None:
    gold, predicted = random_corpus(0, 200)
    metric = EntityScores(TYPES)
    metric.update(gold, predicted)
    scores, confusion = metric.compute(), metric.confusion
    assert confusion.shape == (len(TYPES) + 1, len(TYPES) + 1)
    assert confusion.dtype == torch.int64
    assert confusion[:-1].sum() == scores["entities"]
    assert confusion[:, :-1].sum() == scores["predicted_entities"]
    assert confusion[-1, -1] == 0
    correct = confusion.diagonal().sum()
    assert scores["recall"] == correct / scores["entities"]


@pytest.mark.parametrize("tags", [[["O", "O"]], []], ids=["only O tags", "no sentences"])
def test_scores_without_denominator_are_0(tags: list[list[str]]) -> None:
    scores = scores_of(tags, tags)
    words = 2 * len(tags)
    assert scores.pop("words") == words
    assert scores.pop("sentences") == len(tags)
    assert scores.pop("word_accuracy") == (1 if words else 0)
    assert set(scores.values()) == {0}


def test_macro_f1_ignores_types_that_do_not_occur() -> None:
    gold = [["B-PER", "O", "B-LOC"]]
    scores = scores_of(gold, [["B-PER", "O", "O"]])
    assert scores["f1/WORK_OF_ART"] == 0
    assert scores["macro_f1"] == 1 / 2


def test_all_values_are_scalar_floats_on_the_device_of_the_metric() -> None:
    metric = EntityScores(TYPES)
    metric.update([["B-PER"]], [["B-PER"]])
    for value in metric.compute().values():
        assert value.dtype == torch.float32
        assert value.shape == ()
        assert value.device == metric.device


@pytest.mark.parametrize(
    ("gold", "predicted", "message"),
    [
        (["B-MISC"], ["O"], "'B-MISC' is not an IOB2 tag of the types .* `entity_types`"),
        (["O"], ["I-MISC"], "'I-MISC' is not an IOB2 tag of the types"),
        (["O"], ["S-PER"], "'S-PER' is not an IOB2 tag of the types"),
        (["PER"], ["O"], "'PER' is not an IOB2 tag of the types"),
        (["O", "O"], ["O"], "has 2 gold tags, but 1 predicted"),
    ],
)
def test_tags_that_cannot_be_scored_are_refused(
    gold: list[str], predicted: list[str], message: str
) -> None:
    metric = EntityScores(TYPES)
    with pytest.raises(ValueError, match=message):
        metric.update([gold], [predicted])
    assert not metric.confusion.any()


def test_sentences_without_predictions_are_refused() -> None:
    with pytest.raises(ValueError, match="gold tags for 2 sentences, but predicted tags for 1"):
        EntityScores(TYPES).update([["O"], ["O"]], [["O"]])


def test_repeated_entity_types_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\('PER', 'PER'\) repeat a type"):
        EntityScores(["PER", "PER"])


def test_scoring_does_not_import_scikit_learn() -> None:
    code = (
        "import sys; from lowner_pl.metrics import EntityScores;"
        "EntityScores(['PER']).update([['B-PER']], [['B-PER']]); sys.exit('sklearn' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
