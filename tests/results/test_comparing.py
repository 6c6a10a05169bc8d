"""Methods are compared with a baseline: numbers by hand, and what can't be compared is refused."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from statistics import mean

import pytest

from lowner_pl.results.comparing import compare_runs
from lowner_pl.results.comparison import Comparison
from lowner_pl.results.output import write_comparison
from lowner_pl.results.tables.sentences import answers
from lowner_pl.results.tested.runs import find_runs
from lowner_pl.results.tested.tagged import sentence_counts
from lowner_pl.statistics.bootstrap import interval, resampled_scores

from .records import Tagged, random_tagging, write_run


def of_entities(found: int, size: int = 10) -> Tagged:
    """Tag sentences with one entity each, of which some are found: recall ``found / size``."""
    return [("B-PER", "B-PER" if i < found else "O") for i in range(size)]


def write_study(root: Path, found: Mapping[str, Mapping[str, Mapping[int, int]]]) -> None:
    """Write runs with a number of entities found, by language, method and seed."""
    for language, methods in found.items():
        for method, seeds in methods.items():
            for seed, number in seeds.items():
                rest = " O" * ord(language[0])  # so that no two languages share their test set
                test = [(gold + rest, tag + rest) for gold, tag in of_entities(number)]
                write_run(
                    *(root, method, seed),
                    corpus=f"toy-{language}",
                    language=language,
                    tests={language: test},
                )


def compared(root: Path, **options: object) -> Comparison:
    return compare_runs(find_runs([root]), **{"resamples": 200, **options})  # type: ignore[arg-type]


def f1(found: int) -> float:
    return 2 * found / (10 + found)


def test_means_deviations_and_differences_by_hand(tmp_path: Path) -> None:
    write_study(tmp_path, {"sw": {"sner": {1: 4, 2: 6}, "maner": {1: 7, 2: 7, 3: 9}}})
    result = compared(tmp_path)
    (row,) = result.rows
    assert (result.baseline, list(result.systems)) == ("sner", ["sner", "maner"])
    scores = result.scores[row, "maner"]
    assert scores.mean == pytest.approx(mean([f1(7), f1(7), f1(9)]), abs=1e-6)
    # Deviations from the mean of a, a, b are d/3, d/3 and 2d/3 for d = b - a; the sum of their
    # squares is 6/9 d², and n - 1 = 2.
    assert scores.sd == pytest.approx((f1(9) - f1(7)) * (6 / 9 / 2) ** 0.5, abs=1e-5)
    expected = scores.mean - mean([f1(4), f1(6)])
    assert result.differences[row, "maner"].value == pytest.approx(expected, abs=1e-6)
    assert result.best(row) == {"maner"}


def test_intervals_resample_the_same_sentences_for_all_seeds(tmp_path: Path) -> None:
    for method, right in {"sner": 0.6, "maner": 0.8}.items():
        for seed in (1, 2):
            write_run(tmp_path, method, seed, tests={"sw": random_tagging(30, right, seed)})
    result = compared(tmp_path, metric="f1")
    runs = {(run.method, run.seed): sentence_counts(run) for run in find_runs([tmp_path])}
    drawn = resampled_scores(list(runs.values()), resamples=200, seed=0)
    by_run = dict(zip(runs, drawn, strict=True))
    means = {m: (by_run[m, 1] + by_run[m, 2]) / 2 for m in ("sner", "maner")}
    low, high, p = interval(means["maner"] - means["sner"])
    difference = result.differences[result.rows[0], "maner"]
    assert (difference.low, difference.high, difference.p) == pytest.approx((low, high, p))
    assert difference.p_holm == difference.p
    assert low < difference.value < high


def test_languages_are_averaged_tested_and_counted(tmp_path: Path) -> None:
    languages = ("am", "bm", "de", "es", "fr", "ga", "ha")
    gains = (1, 2, 3, 4, 5, 6, 0)
    write_study(
        tmp_path,
        {
            language: {
                "sner": {1: 3, 2: 3},
                "maner": {1: 3 + gain, 2: 3 + gain},
                "mlm": {1: 2, 2: 2},
            }
            for language, gain in zip(languages, gains, strict=True)
        },
    )
    result = compared(tmp_path)
    maner, mlm = result.overall["maner"], result.overall["mlm"]
    assert (maner.rows, maner.wins, maner.ties, maner.losses) == (7, 6, 1, 0)
    assert (mlm.wins, mlm.ties, mlm.losses) == (0, 0, 7)
    assert maner.mean == pytest.approx(mean(f1(3 + gain) for gain in gains), abs=1e-6)
    assert maner.scores is not None
    assert maner.scores.by_seed.keys() == {1, 2}
    assert maner.difference is not None
    assert maner.difference.value == pytest.approx(maner.mean - f1(3), abs=1e-6)
    # Six positive differences of different size, and one of 0, which is dropped: 2 / 2^6. Seven
    # equal negative ones: the normal approximation is not exact, but the smaller of the two.
    assert maner.wilcoxon_p == pytest.approx(2 / 64)
    assert mlm.wilcoxon_p is not None
    assert maner.wilcoxon_p is not None
    assert mlm.wilcoxon_p < maner.wilcoxon_p
    assert maner.wilcoxon_holm == maner.wilcoxon_p
    assert mlm.wilcoxon_holm == pytest.approx(min(2 * mlm.wilcoxon_p, 1))
    assert result.overall["sner"].difference is None


def test_a_missing_language_is_named_and_left_out_of_the_paired_means(tmp_path: Path) -> None:
    write_study(
        tmp_path,
        {
            "am": {"sner": {1: 3, 2: 3}, "maner": {1: 5, 2: 5}},
            "de": {"sner": {1: 3, 2: 3}, "maner": {1: 6, 2: 6}},
            "fr": {"sner": {1: 3, 2: 3}},
        },
    )
    result = compared(tmp_path)
    assert result.overall["maner"].rows == 2
    assert result.overall["maner"].mean == pytest.approx((f1(5) + f1(6)) / 2, abs=1e-6)
    assert "maner was not tested on fr, which its overall difference therefore leaves out." in (
        result.notes
    )
    assert any("Signed ranks of 2 test sets can't give p < 0.05" in note for note in result.notes)


def test_taggers_that_found_nothing_are_named_with_their_seeds(tmp_path: Path) -> None:
    found = {
        "sw": {"sner": {1: 0, 2: 0}, "maner": {1: 0, 2: 4}},
        "yo": {"sner": {1: 3, 2: 3}, "maner": {1: 4, 2: 3}},
    }
    write_study(tmp_path, found)
    expected = "F1 is 0 for sner on sw and maner on sw (1 of 2 seeds): no entity was found, or none"
    assert any(note.startswith(expected) for note in compared(tmp_path).notes)
    for file in tmp_path.rglob("test_metrics.json"):
        file.write_text(file.read_text().replace('"f1":', '"f1/LOC": 0.0, "f1":', 1))
    of_places = compared(tmp_path, metric="f1/LOC")
    assert not [note for note in of_places.notes if " is 0 " in note]
    write_study(tmp_path, {"sw": {"sner": {1: 1, 2: 1}, "maner": {1: 1}}})
    assert not [note for note in compared(tmp_path).notes if " is 0 " in note]


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        ({1: 4}, "Each method ran with one seed, which is too few to say anything about the noise"),
        ({1: 4, 2: 5}, "maner on sw ran with one seed, which is too few"),
    ],
)
def test_one_seed_is_too_few(tmp_path: Path, seeds: dict[int, int], expected: str) -> None:
    write_study(tmp_path, {"sw": {"sner": seeds, "maner": {1: 5}}})
    result = compared(tmp_path)
    assert [note for note in result.notes if note.startswith(expected)]
    assert result.scores[result.rows[0], "maner"].sd is None


def test_other_seeds_than_those_of_the_baseline_are_named(tmp_path: Path) -> None:
    both, one, other = {1: 4, 2: 5}, {2: 5}, {2: 4, 3: 5}
    study = {"am": {"sner": both, "maner": one}, "de": {"sner": both, "maner": both}}
    write_study(tmp_path, study | {"sw": {"sner": both, "maner": other}})
    assert [note for note in compared(tmp_path).notes if "same seeds" in note] == [
        "maner on am and sw was not trained with the same seeds as sner, so part of the difference "
        "may come from the seeds. Train with the seeds that are missing."
    ]


def test_two_systems_that_are_one_tagger_are_named(tmp_path: Path) -> None:
    study = {
        "sw": {"sner": {1: 4, 2: 6}, "maner": {1: 5, 2: 6}, "copy": {1: 4, 2: 6}},
        "zu": {"sner": {1: 4, 2: 6}, "maner": {1: 6, 2: 4}, "copy": {1: 4, 2: 6}},
        "de": {"sner": {1: 4}, "copy": {1: 4, 2: 9}},  # a further seed
        "fr": {"sner": {1: 0}, "copy": {1: 0}},  # neither finds anything
    }
    write_study(tmp_path, study)
    late = [(gold, tag) for gold, tag in reversed(of_entities(4))]  # as many, but others
    for method, test in {"sner": of_entities(4), "late": late}.items():
        write_run(tmp_path, method, 1, corpus="toy-it", language="it", tests={"it": test})
    start = "have the same counts of entities in every sentence of"
    expected = [f"copy and sner {start} sw and zu, as if one tagger had been tested twice."]
    found = [note.partition(" If ")[0] for note in compared(tmp_path).notes if start in note]
    assert found == expected
    assert not [note for note in compared(tmp_path, resamples=0).notes if start in note]


def test_two_taggers_that_find_the_same_of_one_type_are_two(tmp_path: Path) -> None:
    people = [("B-PER", "B-PER"), ("B-PER", "O")]
    for method, place in {"sner": "O", "maner": "B-LOC"}.items():
        run = write_run(tmp_path, method, 1, tests={"sw": [*people, ("B-LOC", place)]})
        file = run / "test_metrics.json"  # one of two people is found: F1 = 2 / 3
        file.write_text(file.read_text().replace('"f1":', '"f1/PER": 0.666667, "f1":', 1))
    assert not [n for n in compared(tmp_path, metric="f1/PER").notes if "tested twice" in n]


def test_a_damaged_tagged_file_costs_its_row_the_intervals(tmp_path: Path) -> None:
    study = {"sner": {1: 3, 2: 3}, "maner": {1: 5, 2: 5}}
    write_study(tmp_path, {"am": study, "de": study})
    damaged = tmp_path / "toy-de" / "maner" / "seed_2" / "test_tagged.conll"
    damaged.write_text("x\tO")
    result = compared(tmp_path)
    amharic, german = (result.differences[row, "maner"] for row in result.rows)
    assert amharic.p is not None
    assert german.p is None
    assert german.value == pytest.approx(f1(5) - f1(3), abs=1e-6)
    overall = result.overall["maner"].difference
    assert overall is not None
    assert overall.low is None
    assert result.notes[0].startswith(f"'{damaged}', line 1: there is no word with a gold")
    assert result.notes[0].endswith("Until then, de has no intervals.")


def test_methods_tested_on_different_sentences_are_refused(tmp_path: Path) -> None:
    one = write_run(tmp_path, "sner", corpus="wikiann-sw", tests={"sw": of_entities(3)})
    other = write_run(tmp_path, "maner", corpus="masakhaner-sw", tests={"sw": of_entities(3, 9)})
    with pytest.raises(ValueError, match="were tested on different sentences in sw, so") as error:
        compared(tmp_path)
    assert str(one) in str(error.value)
    assert str(other) in str(error.value)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"metric": "f1s"}, r"No run has a score 'f1s'\. Did you mean f1\?"),
        ({"metric": "beauty"}, r"No run has a score 'beauty'\. Use one of f1\."),
        ({"baseline": "snr"}, r"No run is of the baseline 'snr'\. Did you mean sner\?"),
        ({"baseline": "crf"}, r"No run is of the baseline 'crf'\. Use one of maner, sner\."),
    ],
)
def test_unknown_names_are_refused(tmp_path: Path, options: dict[str, str], problem: str) -> None:
    write_study(tmp_path, {"sw": {"sner": {1: 3}, "maner": {1: 5}}})
    with pytest.raises(ValueError, match=rf"^{problem}$"):
        compared(tmp_path, **options)


@pytest.mark.parametrize("score", [math.inf, math.nan, 1e300])
def test_a_run_without_a_finite_score_is_named_and_left_out(tmp_path: Path, score: float) -> None:
    for method in ("sner", "maner"):
        for seed in (1, 2, 3):
            file = write_run(tmp_path, method, seed) / "test_metrics.json"
            record = json.loads(file.read_text())
            diverged = (method, seed) == ("maner", 3)
            record["test_sets"][0]["scores"]["perplexity"] = score if diverged else 10 + seed
            file.write_text(json.dumps(record))
    runs = find_runs([tmp_path])
    result = compare_runs(runs, metric="perplexity")
    assert result.scores[result.rows[0], "maner"].by_seed == {1: 11, 2: 12}
    shown = "nan" if math.isnan(score) else "inf"
    folder = tmp_path / "toy-sw" / "maner" / "seed_3"
    assert result.notes[0].startswith(
        f"'{folder}' has the perplexity {shown}, which no mean can contain, and is left out."
    )
    assert all(one.seeds == 3 for one in compare_runs(runs).scores.values())
    write_comparison(result, tmp_path / "out", runs)
    with pytest.raises(ValueError, match="No run has a score 'perplexity' that is a finite number"):
        compare_runs(
            [run for run in runs if run.method == "maner" and run.seed == 3], metric="perplexity"
        )


def test_no_runs_are_refused() -> None:
    with pytest.raises(ValueError, match="There are no tested runs to compare"):
        compare_runs([])


def test_without_resamples_there_are_no_intervals(tmp_path: Path) -> None:
    write_study(tmp_path, {"sw": {"sner": {1: 3}, "maner": {1: 5}}})
    for file in tmp_path.rglob("*.conll"):
        file.unlink()
    result = compared(tmp_path, resamples=0)
    assert result.differences[result.rows[0], "maner"].p is None


def test_one_entity_type_has_its_own_intervals(tmp_path: Path) -> None:
    for method, found in {"sner": 2, "maner": 6}.items():
        test = [(f"{gold} B-LOC", f"{tag} B-LOC") for gold, tag in of_entities(found)]
        run = write_run(tmp_path, method, tests={"sw": test})
        file = run / "test_metrics.json"
        text = file.read_text().replace('"f1":', f'"f1/PER": {f1(found):.6f}, "f1":', 1)
        file.write_text(text)
    result = compared(tmp_path, metric="f1/PER")
    difference = result.differences[result.rows[0], "maner"]
    assert difference.value == pytest.approx(f1(6) - f1(2), abs=1e-6)
    assert difference.low is not None
    assert difference.low <= difference.value


def test_the_baseline_is_found_by_its_folder_s_name(tmp_path: Path) -> None:
    for method in ("sner", "maner"):
        write_run(tmp_path, method, variant="n100", train_size=100)
    assert compared(tmp_path, baseline="maner-n100").baseline == "maner"


def test_rows_of_several_sizes_are_one_piece_of_evidence_per_test_set(tmp_path: Path) -> None:
    for number, language in enumerate(("a", "b", "c")):
        for size in (20, 40):
            for method, found in {"sner": 5, "maner": 6 + number + size // 40}.items():
                rest = " O" * (1 + number)
                test = [(gold + rest, tag + rest) for gold, tag in of_entities(found)]
                write_run(
                    tmp_path / f"size_{size}",
                    method,
                    corpus=f"toy-{language}",
                    language=language,
                    train_size=size,
                    tests={language: test},
                )
    result = compared(tmp_path)
    overall = result.overall["maner"]
    assert (overall.rows, overall.test_sets) == (6, 3)
    assert overall.wilcoxon_p == pytest.approx(2 / 2**3)  # of 3 means, not 2 / 2**6 of 6 rows
    assert any("Signed ranks of 3 test sets can't give p < 0.05" in note for note in result.notes)
    (answer,) = answers(result)
    assert "on average over 6 rows of 3 test sets (95 % interval" in answer
    # The sentences are drawn alike for both sizes of a test set.
    runs = {(r.language, r.train_size, r.method): sentence_counts(r) for r in find_runs([tmp_path])}
    drawn = {
        size: resampled_scores(
            [runs["b", size, method] for method in ("sner", "maner")], resamples=200, seed=1
        )
        for size in (20, 40)
    }
    for size, (sner, maner) in drawn.items():
        low, high, _ = interval(maner - sner)
        (one,) = (d for (row, _), d in result.differences.items() if row.name == f"b n={size}")
        assert (one.low, one.high) == (low, high)


def test_a_note_says_how_many_test_sets_signed_ranks_need(tmp_path: Path) -> None:
    found = {name: {"sner": {1: 4}, "maner": {1: 6}} for name in "abcdef"}
    write_study(tmp_path, found)
    assert not any("Signed ranks" in note for note in compared(tmp_path).notes)  # 2 / 2**6 < 0.05
    write_study(tmp_path, {name: {"mlm_ner": {1: 5}} for name in "abcdef"})
    (note,) = (note for note in compared(tmp_path).notes if "Signed ranks" in note)
    # 2 * 2 / 2**6 = 0.0625, but 2 * 2 / 2**7 = 0.03.
    expected = "of 6 test sets, corrected for 2 comparisons, can't give p < 0.05; at least 7 can."
    assert note == f"Signed ranks {expected}"
