from lowner_pl.studies.cells import Cell
from lowner_pl.studies.outcome import Done, paper_rows
from lowner_pl.studies.records import Record


def done(method: str, language: str, seed: str, **scores: float) -> tuple[Cell, Record]:
    values = {"method": method, "language": language, "seed": seed}
    cell = Cell(values, "fit", (), {}, method, None, {})  # type: ignore[arg-type]
    return cell, Record(cell.name, "done", "", scores=scores)


def test_the_papers_numbers_stand_beside_the_mean_over_what_they_leave_open() -> None:
    cells: Done = [
        done("sner", "sw", "1", sw=0.50),
        done("sner", "sw", "2", sw=0.60),
        done("sner", "yo", "1", yo=0.10),
        done("meta", "all", "1", es=0.75, de=0.25),
    ]
    paper: list[dict[str, object]] = [
        {"method": "sner", "language": "sw", "f1": 53.1},
        {"method": "sner", "f1": 64.9},
        {"method": "meta", "test_set": "es", "f1": 76.75},
        {"method": "maner", "f1": 71.5},
        {"name": "both", "language": ["sw", "yo"], "method": "sner", "f1": 70.5},
        {"method": "sner", "precision": 1.0},
    ]
    expected = [("sner, sw", 53.1, 55.0), ("sner", 64.9, 40.0)]
    expected += [("meta, es", 76.75, 75.0)]
    rows = paper_rows(paper, cells)
    assert [(name, f1, round(ours or 0, 6)) for name, f1, ours in rows[:3]] == expected
    assert rows[3] == ("maner", 71.5, None)
    assert rows[4][:2] == ("both", 70.5)
    assert round(rows[4][2] or 0, 6) == 40.0
    assert len(rows) == 5
