"""Entities per sentence are counted as the test scores them."""

import random
from pathlib import Path

import numpy as np
import pytest
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2

from lowner_pl.corpus import Sentence, write_conll
from lowner_pl.results.tested.runs import find_runs
from lowner_pl.results.tested.tagged import sentence_counts
from lowner_pl.statistics.tagged_counts import micro_f1, read_counts

from ...running import command, finished
from ..records import ONE, write_run


def test_counts_of_each_sentence_by_hand(tmp_path: Path) -> None:
    write_run(tmp_path, tests={"sw": [*ONE, ("B-PER I-PER", "B-PER O"), ("O", "B-PER")]})
    (run,) = find_runs([tmp_path])
    # correct, predicted, gold
    expected = [[1, 1, 1], [0, 1, 1], [1, 1, 1], [0, 1, 1], [0, 1, 0]]
    assert sentence_counts(run).tolist() == expected
    assert micro_f1(np.sum(expected, 0)) == 2 * 2 / (5 + 4)


def test_no_entities_at_all_are_an_f1_of_zero() -> None:
    assert micro_f1(np.zeros(3, dtype=np.int64)) == 0


def test_the_counts_agree_with_seqeval_on_malformed_tags(tmp_path: Path) -> None:
    draw = random.Random(0)
    tags = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
    gold, predicted = (
        [[draw.choice(tags) for _ in range(1 + i % 9)] for i in range(300)] for _ in range(2)
    )
    sentences = [Sentence(tuple("w" for _ in row), tuple(row)) for row in gold]
    write_conll(tmp_path / "tagged.conll", sentences, predicted=predicted)
    counts = read_counts(tmp_path / "tagged.conll")
    expected = f1_score(gold, predicted, mode="strict", scheme=IOB2)
    assert micro_f1(counts.sum(0)) == pytest.approx(expected, abs=1e-12)
    assert len(counts) == 300


def test_the_counts_agree_with_the_scores_of_a_real_test(tmp_path: Path) -> None:
    root = finished(tmp_path)
    command("test", root)
    (run,) = find_runs([root])
    counts = sentence_counts(run)
    assert len(counts) == 100
    assert counts[:, 2].sum() == run.scores["entities"]
    assert counts[:, 1].sum() == run.scores["predicted_entities"]


def test_odd_words_do_not_shift_the_columns(tmp_path: Path) -> None:
    words = ("", " ", "\u2028", "#", "\ufeffa", "a b", "\x85", "ውድድር")
    sentence = Sentence(words, ("B-PER",) * len(words))
    write_conll(tmp_path / "tagged.conll", [sentence] * 2, predicted=[("B-PER",) * len(words)] * 2)
    assert read_counts(tmp_path / "tagged.conll").tolist() == [[8, 8, 8]] * 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a\tO\tO\nb\tB-PER\n\n", r"', line 2: there is no word with a gold and a predicted tag\."),
        ("a\tO\tO\n\nb\tB-PER\tO\nc", r"', line 4: there is no word"),
        (
            "a\tO\tO\n\n",
            r"' has 1 sentences and F1 0\.00, but the recorded test has 3 and 66\.67\.",
        ),
        ("\n\n\n", r"', line 2: there is no word"),
        ("", r"' has 0 sentences and F1 0\.00"),
        (None, r"' can't be read: No such file or directory\. Run `test`"),
        (b"\xff\tO\tO\n\n", r"' is damaged: it is not in UTF-8"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, text: str | bytes | None, problem: str) -> None:
    write_run(tmp_path)
    (run,) = find_runs([tmp_path])
    run.tagged.unlink()
    if text is not None:
        run.tagged.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ValueError, match=rf"^'.*test_tagged\.conll{problem}"):
        sentence_counts(run)
