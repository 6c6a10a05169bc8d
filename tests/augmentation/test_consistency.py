import pytest

from lowner_pl.augmentation import consistent
from lowner_pl.corpus import AugmentationReport, Sentence


def sentence(words: str, tags: str) -> Sentence:
    return Sentence(tuple(words.split()), tuple(tags.split()))


GOLD = [sentence("Ann left", "B-P O")]
CANDIDATES = [
    sentence("Bo left", "B-P O"),
    sentence("Rome left", "B-P O"),  # the tagger disagrees
    sentence("Ann left", "B-P O"),  # the same as gold
    sentence("Bo left", "B-P O"),  # the same as the first
    sentence("Li Wu left", "B-P I-P O"),
    sentence("Li Wu stays", "B-P I-P O"),  # one of three tags differs
]
PREDICTED = [
    ("B-P", "O"),
    ("B-L", "O"),
    ("B-P", "O"),
    ["B-P", "O"],
    ("B-P", "I-P", "O"),
    ("B-P", "B-P", "O"),
]


def test_candidates_with_equal_tags_are_kept_and_all_are_counted() -> None:
    report = AugmentationReport()
    kept = list(consistent(CANDIDATES, PREDICTED, gold=GOLD, report=report))
    assert kept == [CANDIDATES[0], CANDIDATES[4]]
    assert report.as_dict() == {
        "sentences_in": 6,
        "candidates": 6,
        "sentences_out": 2,
        "dropped": {"duplicate": 1, "duplicate_of_source": 1, "tags_differ": 2},
    }


@pytest.mark.parametrize("predicted", ["O B-P I-P", "B-P O B-P", "B-L I-L O", "O O O"])
def test_a_difference_in_any_tag_drops_the_candidate(predicted: str) -> None:
    # The same tags elsewhere, another prefix, another type, nothing found.
    candidate = sentence("Li Wu left", "B-P I-P O")
    assert list(consistent([candidate], [predicted.split()], gold=GOLD)) == []


def test_a_sentence_dropped_for_its_tags_can_be_kept_later() -> None:
    again = [CANDIDATES[1], sentence("Rome left", "B-L O")]
    assert list(consistent(again, [("B-L", "O")] * 2, gold=GOLD)) == [again[1]]


def test_gold_words_with_other_tags_are_not_a_new_sentence() -> None:
    odd = sentence("Ann left", "B-L O")
    assert list(consistent([odd], [("B-L", "O")], gold=GOLD)) == []


def test_candidates_are_filtered_one_by_one() -> None:
    kept = consistent(iter(CANDIDATES), iter(PREDICTED), gold=GOLD)
    assert next(kept) == CANDIDATES[0]


def test_predictions_that_do_not_match_the_candidates_are_refused() -> None:
    with pytest.raises(ValueError, match="3 predicted tags for the 2 words of 'Bo left'"):
        list(consistent(CANDIDATES[:1], [("O", "O", "O")], gold=GOLD))
    with pytest.raises(ValueError, match="shorter"):
        list(consistent(CANDIDATES, PREDICTED[:2], gold=GOLD))
