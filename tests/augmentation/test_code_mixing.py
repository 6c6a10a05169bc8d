from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from lowner_pl.augmentation import (
    EntitySimilarityCodeMixing,
    RandomCodeMixing,
    VecFiles,
    VectorFunction,
)
from lowner_pl.augmentation.substitution import mentions_by_type
from lowner_pl.corpus import AugmentationReport, Sentence

VECTORS: dict[str, list[float]] = {
    "bank": [1.0, 0.1],
    "bird": [0.0, 1.0],
    "Bundesbank": [2.0, 0.0],  # longer, and at a smaller angle to "bank" than "geld"
    "geld": [1.0, 0.5],
    "vogel": [0.1, 1.0],
    "banco": [1.0, 0.0],
}
GERMAN = [
    Sentence(("Vogel", "singt"), ("B-X", "O"), "de"),
    Sentence(("Bundesbank", "zahlt", "Geld"), ("B-X", "O", "B-X"), "de"),
]
ENGLISH = [
    Sentence(("the", "Bank", "of", "England"), ("O", "B-X", "I-X", "I-X"), "en"),
    Sentence(("a", "bird"), ("O", "B-X"), "en"),
]


def similar(vectors: dict[str, list[float]]) -> EntitySimilarityCodeMixing:
    return EntitySimilarityCodeMixing(VectorFunction(vectors.get))


def words(sentences: Iterable[Sentence]) -> list[str]:
    return [" ".join(sentence.words) for sentence in sentences]


def test_the_most_similar_entity_is_chosen_in_an_example_worked_out_by_hand() -> None:
    # Only "bank" of "Bank of England" has a vector. Its cosines: with vogel (0.1 + 0.1)/… = 0.198,
    # Bundesbank 0.995, geld 0.935.
    new = list(similar(VECTORS).augment([*ENGLISH, *GERMAN], seed=0))
    assert words(new) == [
        "the Bundesbank",
        "a Vogel",
        "bird singt",
        "Bank of England zahlt Bank of England",
    ]
    assert new[3].tags == ("B-X", "I-X", "I-X", "O", "B-X", "I-X", "I-X")
    assert [sentence.language for sentence in new] == ["de", "de", "en", "en"]


def test_the_choice_equals_that_of_a_brute_force_search() -> None:
    generator = np.random.default_rng(0)
    vectors = {f"w{i}": generator.normal(size=5).tolist() for i in range(60)}

    def corpus(language: str, first: int) -> list[Sentence]:
        return [
            Sentence((f"w{first + 2 * i}", f"w{first + 2 * i + 1}", language), tags, language)
            for i in range(10)
            for tags in [("B-A", "I-A", "O") if i % 2 else ("B-B", "I-B", "O")]
        ]

    given = [*corpus("en", 0), *corpus("de", 20), *corpus("es", 40)]
    mentions = {
        lang: mentions_by_type(s for s in given if s.language == lang)
        for lang in ("en", "de", "es")
    }
    new = [s for s in similar(vectors).propose(given, seed=1) if isinstance(s, Sentence)]
    assert len(new) == 30
    for source, mixed in zip(given, new, strict=True):
        (old,), (entity,) = source.entities, mixed.entities
        assert mixed.language is not None

        def cosine(mention: tuple[str, ...], words: tuple[str, ...] = source.words[:2]) -> float:
            one, other = (np.mean([vectors[w] for w in m], axis=0) for m in (words, mention))
            return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))

        candidates = mentions[mixed.language][old.type]
        assert mixed.words[entity.start : entity.end] == max(candidates, key=cosine)


def test_the_first_of_equally_similar_entities_is_chosen() -> None:
    # The same direction and different lengths give equal cosines.
    vectors = {"a": [1.0, 2.0], "x": [3.0, 6.0], "y": [1.0, 2.0], "z": [0.1, 0.2]}
    for order in ("xyz", "zyx", "yzx"):
        given = [
            Sentence(("a", "."), ("B-P", "O"), "en"),
            *(Sentence((word, "!"), ("B-P", "O"), "de") for word in order),
        ]
        assert words(similar(vectors).augment(given, seed=0))[0] == f"{order[0]} ."


def test_rounding_does_not_decide_between_equally_similar_entities() -> None:
    # Vectors of the same direction have the same cosine except for the last digits.
    direction = np.array([1.1, 2.3, 0.7])
    scaled = np.arange(1, 200)[:, None] / 7 * direction
    query = np.array([0.3, 0.7, 0.1])
    cosines = (
        scaled / np.linalg.norm(scaled, axis=1, keepdims=True) @ (query / np.linalg.norm(query))
    )
    assert cosines.min() < cosines.max()
    low, high = scaled[cosines.argmin()].tolist(), scaled[cosines.argmax()].tolist()
    vectors = {"bird": query.tolist(), "erste": low, "zweite": high}
    german = Sentence(("erste", "zweite"), ("B-X", "B-X"), "de")
    new = similar(vectors).augment([ENGLISH[1], german], seed=0)
    assert words(new)[0] == "a erste"


def test_entities_without_vectors_are_neither_replaced_nor_inserted() -> None:
    given = [
        Sentence(("zzz", "x"), ("B-X", "O"), "en"),
        Sentence(("bird", "zzz", "y"), ("B-X", "B-X", "O"), "en"),
        Sentence(("qqq", "Vogel"), ("B-X", "B-X"), "de"),
    ]
    report = AugmentationReport()
    new = similar(VECTORS).augment(given, seed=0, report=report)
    assert words(new) == ["Vogel zzz y", "qqq bird"]
    assert report.dropped == {"unchanged": 1}


def test_an_entity_is_kept_if_the_other_language_lacks_its_type() -> None:
    given = [
        Sentence(("bank", "bird"), ("B-X", "B-Y"), "en"),
        Sentence(("geld", "."), ("B-X", "O"), "de"),
    ]
    for mixing in (RandomCodeMixing(), similar(VECTORS)):
        assert words(mixing.augment(given, seed=0)) == ["geld bird", "bank ."]


def test_copies_equal_to_the_source_are_dropped() -> None:
    given = [
        Sentence(("bank", "pays"), ("B-X", "O"), "en"),
        Sentence(("bank", "zahlt"), ("B-X", "O"), "de"),
        Sentence(("no", "name"), ("O", "O"), "de"),
    ]
    for mixing in (RandomCodeMixing(), similar(VECTORS)):
        report = AugmentationReport()
        assert list(mixing.augment(given, seed=0, report=report)) == []
        assert report.dropped == {"unchanged": 2, "no_entity": 1}


def test_each_sentence_gets_one_other_language_drawn_uniformly() -> None:
    given = [
        Sentence((f"{lang}1", f"{lang}2", f"o{i}"), ("B-P", "B-P", "O"), lang)
        for lang in ("en", "de", "es", "nl")
        for i in range(300)
    ]
    mixed = [s for s in RandomCodeMixing().propose(given, seed=0) if isinstance(s, Sentence)]
    pairs: Counter[tuple[str | None, str | None]] = Counter()
    for source, new in zip(given, mixed, strict=True):
        assert {word[:2] for word in new.words[:2]} == {new.language}
        pairs[source.language, new.language] += 1
    # Each of four languages maps to three others, 100 times each: 8 degrees of freedom.
    assert len(pairs) == 12
    assert sum((count - 100) ** 2 / 100 for count in pairs.values()) < 26.12  # p = 0.001


def test_random_entities_are_drawn_uniformly_from_the_distinct_ones() -> None:
    german = [Sentence((w, f"g{i}"), ("B-P", "O"), "de") for i, w in enumerate("abbbbc")]
    english = [Sentence(("x", f"o{i}"), ("B-P", "O"), "en") for i in range(900)]
    drawn = [
        new.words[0]
        for new in RandomCodeMixing().propose([*german, *english], seed=0)
        if isinstance(new, Sentence) and new.language == "de"
    ]
    counts = Counter(drawn)
    assert sum(counts.values()) == 900
    assert sum((counts[w] - 300) ** 2 / 300 for w in "abc") < 13.82  # 2 degrees, p = 0.001


def test_vectors_from_files_and_from_functions_give_the_same_sentences(tmp_path: Path) -> None:
    lines = "".join(f"{w} {' '.join(map(str, v))}\n" for w, v in VECTORS.items())
    path = tmp_path / "all.vec"
    path.write_text(f"{len(VECTORS)} 2\n{lines}")
    files = EntitySimilarityCodeMixing(VecFiles({"en": str(path), "de": str(path)}))
    given = [*ENGLISH, *GERMAN]
    assert list(files.augment(given, seed=0)) == list(similar(VECTORS).augment(given, seed=0))


def test_a_language_without_vectors_is_refused(tmp_path: Path) -> None:
    mixing = EntitySimilarityCodeMixing(VecFiles({"en": str(tmp_path / "en.vec")}))
    with pytest.raises(ValueError, match="word vectors for en, but not for de"):
        list(mixing.augment([*ENGLISH, *GERMAN], seed=0))


def test_vectors_of_different_widths_are_refused(tmp_path: Path) -> None:
    (tmp_path / "en.vec").write_text("1 1\nbird 1\n")
    (tmp_path / "de.vec").write_text("1 2\nvogel 1 1\n")
    files = {lang: str(tmp_path / f"{lang}.vec") for lang in ("en", "de")}
    mixing = EntitySimilarityCodeMixing(VecFiles(files))
    with pytest.raises(ValueError, match="of en have 1 dimensions and those of de have 2"):
        list(mixing.augment([*ENGLISH, *GERMAN], seed=0))


@pytest.mark.parametrize("mixing", [RandomCodeMixing(), similar(VECTORS)])
def test_a_single_language_and_an_unknown_language_are_refused(mixing: RandomCodeMixing) -> None:
    with pytest.raises(
        ValueError, match="All sentences are in en, but code-mixing needs at least 2"
    ):
        list(mixing.augment(ENGLISH, seed=0))
    unknown = Sentence(("Ann", "x"), ("B-X", "O"))
    with pytest.raises(ValueError, match="The language of 'Ann x' is unknown"):
        list(mixing.augment([*ENGLISH, unknown], seed=0))
