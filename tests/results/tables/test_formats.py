"""Tables in all formats hold the same numbers, and any name survives in them."""

import csv
import io
import re
from html import unescape
from pathlib import Path

import pytest
from markdown import Markdown  # type: ignore[import-untyped]
from markdown_it import MarkdownIt

from lowner_pl.results.comparing import compare_runs
from lowner_pl.results.comparison import Comparison
from lowner_pl.results.tables.formats import (
    DOLLAR,
    as_csv,
    as_latex,
    as_markdown,
    markdown,
)
from lowner_pl.results.tables.sentences import answers
from lowner_pl.results.tables.terminal import as_text
from lowner_pl.results.tested.runs import find_runs

from ..records import write_run
from ..test_comparing import compared, f1, of_entities, write_study

NAMES = {"አማርኛ": 3, "العربية": 5, "x_y & 5% #1": 6}


@pytest.fixture
def study(tmp_path: Path) -> Comparison:
    """SNER and MANER in three languages of unusual names; MANER is worse in the second."""
    for number, (language, found) in enumerate(NAMES.items()):
        rest = " O" * number
        for method, gain in {"sner": 0, "maner": -1 if number == 1 else 2}.items():
            for seed in (1, 2):
                test = [(a + rest, b + rest) for a, b in of_entities(found + gain * seed)]
                write_run(
                    *(tmp_path, method, seed),
                    corpus=f"toy-{number}",
                    language=language,
                    tests={language: test},
                )
    return compared(tmp_path)


def test_text_has_means_deviations_and_differences(study: Comparison) -> None:
    lines = as_text(study).splitlines()
    (amharic,) = [line for line in lines if line.lstrip().startswith("አማርኛ")]
    # One seed finds 5, the other 7: the standard deviation is their distance over the root of 2.
    mean, sd = 50 * (f1(5) + f1(7)), 100 * (f1(7) - f1(5)) / 2**0.5
    cells = re.split(r" {2,}", amharic.strip())
    assert cells[1:3] == [f"{100 * f1(3):.2f} ± 0.00", f"{mean:.2f} ± {sd:.2f}"]
    assert cells[3].startswith(f"+{mean - 100 * f1(3):.2f} [+")
    assert [line for line in lines if re.search(r"better / equal / worse +2 / 0 / 1", line)]
    assert not [line for line in lines if "…" in line]


def test_markdown_escapes_names_and_marks_the_best(study: Comparison) -> None:
    text = as_markdown(study)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {row.count("|") - row.count(r"\|") for row in rows} == {6}
    (odd,) = [row for row in rows if "5%" in row]
    assert odd.startswith(r"| x\_y &amp; 5% \#1 | ")
    assert [row for row in rows if row.startswith("| العربية | **66.67 ± 0.00** |")]
    assert "| mean of 3 |" in text


def test_markdown_shows_names_as_they_are_and_no_formula() -> None:
    name = r"$y$ & &lt; <i>x</i> a_b*c* ~~d~~ `e` [f](g) #h | \ \$ ^{2}"
    table = f"| a |\n|---|\n| {markdown(name)} |\n"
    site = Markdown(extensions=["tables", "attr_list"]).convert(table)
    github = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(table)
    tensorboard = Markdown(extensions=["tables", "fenced_code"]).convert(table.replace(DOLLAR, "$"))
    for html in (site, github, tensorboard):
        (cell,) = re.findall("<td>(.*)</td>", html)
        assert unescape(re.sub("</?span>", "", cell)) == name
    for html in (site, github):  # GitHub takes no dollar in an element of its own for a formula
        assert html.count("<span>") == name.count("$")
    assert "<span>" not in tensorboard  # which would show it


def test_latex_is_escaped_and_balanced(study: Comparison) -> None:
    text = as_latex(study)
    body = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert len(body) == 1 + 3 + 3
    assert {len(re.findall(r"(?<!\\)&", line)) for line in body} == {4}
    assert body[0] == r"test set & sner & maner & maner $-$ sner & p \\"
    assert r"x\_y \& 5\% \#1 & " in text
    assert "አማርኛ & " in text
    assert r"\textbf{66.67 $\pm$ 0.00}" in text
    assert text.count(r"\midrule") == 2
    for opened, closed in ((r"\begin{table}", r"\end{table}"), ("{", "}")):
        assert text.count(opened) == text.count(closed)


def test_csv_reads_back_with_all_numbers(study: Comparison) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(study))))
    assert len(rows) == 6 + 2
    assert {row["row"] for row in rows} == {*NAMES, "overall"}
    (overall,) = [r for r in rows if (r["row"], r["system"]) == ("overall", "maner")]
    assert (overall["wins"], overall["ties"], overall["losses"]) == ("2", "0", "1")
    differences = [float(r["difference"]) for r in rows if r["language"] and r["difference"]]
    assert float(overall["difference"]) == pytest.approx(sum(differences) / 3, abs=2e-6)
    assert all(r["p"] for r in rows if r["difference"])


def test_the_answer_says_which_is_better_by_how_much_and_how_sure(tmp_path: Path) -> None:
    found = {"sner": {1: 20, 2: 20}, "maner": {1: 80, 2: 80}, "crf": {1: 21, 2: 20}}
    for method, seeds in found.items():
        for seed, number in seeds.items():
            write_run(tmp_path, method, seed, tests={"sw": of_entities(number, 100)})
    crf, maner = answers(compared(tmp_path))
    gain = 100 * (160 / 180 - 40 / 120)
    assert maner.startswith(f"maner is better than sner: +{gain:.2f} points of F1 on sw (95 % int")
    assert maner.endswith("p = 0.020).")  # 2 / 201, for two comparisons
    assert crf.startswith("crf and sner can't be told apart: +0.")
    assert "over seeds" not in maner  # no seed differs
    back = answers(compared(tmp_path, baseline="maner"))
    assert [one.split(":")[0] for one in back] == [
        "crf is worse than maner",
        "sner is worse than maner",
    ]


def test_seeds_that_differ_more_than_methods_leave_the_answer_open(tmp_path: Path) -> None:
    for method, seeds in {"sner": {1: 60, 2: 62}, "maner": {1: 20, 2: 60}}.items():
        for seed, number in seeds.items():
            write_run(tmp_path, method, seed, tests={"sw": of_entities(number, 100)})
    comparison = compared(tmp_path)
    assert comparison.differences[comparison.rows[0], "maner"].p == pytest.approx(2 / 201)
    (answer,) = answers(comparison)
    assert answer.startswith("maner and sner can't be told apart, since their seeds differ too mu")
    assert re.search(
        r"\(95 % interval -\S+ to -\S+, p = 0\.010, over seeds p = 0\.\d+\)\.$", answer
    )


def test_over_six_languages_signed_ranks_decide(tmp_path: Path) -> None:
    write_study(
        tmp_path,
        {name: {"sner": {1: 2}, "maner": {1: 3 + n}} for n, name in enumerate("abcdef")},
    )
    (answer,) = answers(compared(tmp_path))
    assert answer.startswith("maner is better than sner, as far as one seed can tell: +")
    assert answer.endswith("signed ranks p = 0.031); better on 6, equal on 0, worse on 0.")


def test_with_more_methods_signed_ranks_need_more_languages(tmp_path: Path) -> None:
    # Of six languages, the smallest p-value is 2/64; times 2 it is above 0.05.
    found = {"sner": {1: 2, 2: 2}, "maner": {1: 8, 2: 9}, "meta": {1: 8, 2: 9}}
    write_study(tmp_path, dict.fromkeys("abcdef", found))
    for answer in answers(compared(tmp_path, baseline="sner")):
        assert " is better than sner: +" in answer
        assert "signed ranks" not in answer
    write_study(tmp_path, {"g": found})
    for answer in answers(compared(tmp_path, baseline="sner")):
        assert "signed ranks p = 0.031" in answer  # 2 * 2/128


def test_missing_cells_and_numbers_of_seeds_show(tmp_path: Path) -> None:
    write_study(
        tmp_path,
        {"am": {"sner": {1: 3, 2: 4}, "maner": {1: 5}}, "de": {"sner": {1: 3, 2: 4}}},
    )
    text = as_text(compared(tmp_path))
    assert re.search(r"am +\d+\.\d+ ± \d+\.\d+ \(2\) +66\.67 \(1\) ", text)
    assert re.search(r"mean of 2 .+ 66\.67 \(of 1\) ", text)
    assert "the seeds, whose number is in parentheses" in text


def test_a_lower_perplexity_is_better(tmp_path: Path) -> None:
    for method, value in {"one": 9.5, "two": 4.25}.items():
        file = write_run(tmp_path, method) / "test_metrics.json"
        file.write_text(file.read_text().replace('"f1": 0.666667', f'"perplexity": {value}'))
    comparison = compare_runs(find_runs([tmp_path]), metric="perplexity")
    assert comparison.best(comparison.rows[0]) == {"two"}
    assert answers(comparison) == ["two and one: -5.250 of perplexity on sw."]
    assert "**4.250**" in as_markdown(comparison)
    assert any("its differences have no intervals" in note for note in comparison.notes)
