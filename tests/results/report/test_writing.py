"""The files of a comparison: numbers in pictures, page and TensorBoard agree with the table."""

from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from lowner_pl.results.comparing import compare_runs
from lowner_pl.results.comparison import Comparison
from lowner_pl.results.groups import Cells, group_runs
from lowner_pl.results.report.drawing import Drawn, draw, draw_answer
from lowner_pl.results.report.epochs import epoch_curves
from lowner_pl.results.report.writing import write_report
from lowner_pl.results.tables.sentences import answers
from lowner_pl.results.tested.runs import find_runs
from lowner_pl.results.tested.tested_run import TestedRun
from lowner_pl.runs.logs.hparams import COMPARISON
from lowner_pl.runs.logs.picture_style import Caption

from ...board import Board
from ..records import random_tagging, write_run
from .test_epochs import write_metrics

LANGUAGES = ("sw", "አማ", "yo")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write runs of two methods in three languages with two seeds."""
    folder = tmp_path_factory.mktemp("logs")
    for number, language in enumerate(LANGUAGES):
        for method, right in (("sner", 0.3), ("mlm_ner", 0.4 + 0.2 * number)):
            for seed in (1, 2):
                run = write_run(
                    folder,
                    method,
                    seed,
                    corpus=f"toy-{language}",
                    language=language,
                    tests={language: random_tagging(40, right, seed, number)},
                )
                write_metrics(run, [0.25, 0.5])
    return folder


@pytest.fixture(scope="module")
def runs(root: Path) -> list[TestedRun]:
    return find_runs([root])


@pytest.fixture(scope="module")
def comparison(runs: list[TestedRun]) -> Comparison:
    return compare_runs(runs, resamples=200)


@pytest.fixture(scope="module")
def cells(runs: list[TestedRun]) -> Cells:
    return group_runs(runs).cells


def test_bars_are_the_differences_of_the_comparison(comparison: Comparison, cells: Cells) -> None:
    (answer,) = answers(comparison)
    drawn = draw(comparison, cells, {"mlm_ner": answer}, [])
    assert [*drawn] == ["differences_mlm_ner", "means"]
    picture = drawn["differences_mlm_ner"].figure
    assert picture.get_suptitle().replace("\n", " ") == answer
    axes: Any = picture.axes[0]
    values = sorted((one.value for one in comparison.differences.values()), reverse=True)
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([100 * v for v in values])
    overall = comparison.overall["mlm_ner"].difference
    assert overall
    assert axes.lines[0].get_xdata() == pytest.approx([100 * overall.value])
    caption = picture.get_supxlabel().replace("\n", " ")
    assert caption.startswith("toy · 3 languages · 2 seeds · 100 training, 40 test sentences. ")
    bars: Any = drawn["means"].figure.axes[0]
    means = [comparison.overall[system].mean for system in ("sner", "mlm_ner")]
    assert [bar.get_height() for bar in bars.patches] == pytest.approx([100 * m for m in means])
    assert [len(line.get_ydata()) for line in bars.lines] == [2, 2]


def test_captions_claim_no_intervals_or_bands_that_are_not_there(
    comparison: Comparison, cells: Cells, tmp_path: Path
) -> None:
    drawn = draw(comparison, cells, {"mlm_ner": "good"}, epoch_curves(cells, "f1"))
    assert "Lines: 95 % interval" in str(drawn["differences_mlm_ner"].caption)
    assert "Band: ± 1 standard deviation" in str(drawn["epochs"].caption)
    for method in ("sner", "maner"):
        write_metrics(write_run(tmp_path, method), [0.5])
    runs = find_runs([tmp_path])
    plain = compare_runs(runs, resamples=0)
    one_seed = group_runs(runs).cells
    drawn = draw(plain, one_seed, {"maner": "good"}, epoch_curves(one_seed, "f1"))
    assert "No intervals were computed." in str(drawn["differences_maner"].caption)
    assert "One seed, so no band." in str(drawn["epochs"].caption)


def test_the_card_shows_rows_of_one_system_or_the_means_of_several(
    comparison: Comparison, cells: Cells
) -> None:
    axes: Any = draw_answer(comparison, cells, {"mlm_ner": "good"}).axes[0]
    assert len(axes.patches) == 3
    again = {"mlm_ner": "good", "sner": "none"}  # the baseline has no difference to itself
    axes = draw_answer(comparison, cells, again).axes[0]
    overall = comparison.overall["mlm_ner"].difference
    assert overall
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([100 * overall.value])


def test_all_files_are_written_and_those_of_an_earlier_comparison_removed(
    comparison: Comparison, runs: list[TestedRun], tmp_path: Path
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name in ("differences_old.png", "sizes.png", "my_cat.png"):
        (pictures / name).write_bytes(b"")
    caption = Caption("toy", 1, [1], "Nothing.")
    grid = Drawn("A grid", Figure(), caption)
    opened = write_report(
        tmp_path,
        comparison,
        runs,
        title="Toy <1>",
        paper=[("in Figure 9", 12.5, None)],
        more={"grid": grid},
    )
    assert opened == [tmp_path / "comparison.html", pictures, tmp_path / COMPARISON]
    assert {file.name for file in pictures.iterdir()} == {
        *("differences_mlm_ner.png", "means.png", "epochs.png", "grid.png", "my_cat.png")
    }
    page = (tmp_path / "comparison.html").read_text(encoding="utf-8")
    assert "<title>Toy &lt;1&gt;</title>" in page
    assert page.count("data:image/png") == 4
    assert page.count("<tbody>") == 3
    assert '>in Figure 9</td><td dir="auto">12.50</td><td dir="auto"></td>' in page
    assert "http:" not in page
    assert "https:" not in page
    (answer,) = answers(comparison)
    assert answer.replace("'", "&#x27;") in page
    for language in LANGUAGES:
        assert language in page


def test_tensorboard_answers_by_itself(
    comparison: Comparison, runs: list[TestedRun], tmp_path: Path
) -> None:
    write_report(tmp_path, comparison, runs)
    board = Board(tmp_path / COMPARISON)
    assert "sw/mlm_ner/1" in board.multiplexer.Runs()
    rows = {row.name: row.metrics["test/f1"] for row in board.rows()}
    expected = {
        f"{row.language}/{system}": scores.mean
        for (row, system), scores in comparison.scores.items()
    }
    assert rows == pytest.approx(expected, abs=1e-6)
    text = board.multiplexer.Tensors("answer", "answer/text_summary")[0].tensor_proto.string_val[0]
    assert text.decode().startswith("mlm\\_ner ")
    images = board.multiplexer.PluginRunToTagToContent("images")["answer"]
    assert sorted(images)[:2] == ["answer/1 differences", "answer/2 epochs"]
    assert {"pictures/means", "pictures/epochs"} <= set(images)
    epochs = board.multiplexer.Tensors("mean/sner", "epochs/dev_f1")
    assert [(e.step, e.tensor_proto.float_val[0]) for e in epochs] == [(1, 0.25), (2, 0.5)]
    (mean, *_) = board.multiplexer.Tensors("mean/sner", "means/test_f1")
    assert mean.tensor_proto.float_val[0] == pytest.approx(comparison.overall["sner"].mean)


def test_scores_that_are_no_shares_have_a_page_without_pictures(tmp_path: Path) -> None:
    for method, loss in (("a", 2.0), ("b", 3.0)):
        run = write_run(tmp_path, method)
        file = run / "test_metrics.json"
        file.write_text(file.read_text().replace('"f1":', f'"loss": {loss}, "f1":'))
    runs = find_runs([tmp_path])
    write_report(tmp_path / "out", compare_runs(runs, metric="loss", baseline="a"), runs)
    page = (tmp_path / "out" / "comparison.html").read_text()
    assert "<img" not in page
    assert "3.000" in page
    assert [*(tmp_path / "out").glob("pictures/*")] == []
