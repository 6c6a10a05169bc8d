"""Are confidences of entities right, before and after the temperature that ``fit`` finds?

python -m lowner_pl study benchmarks/embedded_backbone/languages.yaml --only backbone=second
python benchmarks/calibration.py lightning_logs/languages

Reads ``test_metrics.json`` of all tested taggers below the folders, and prints a row for each
method and language, averaged over seeds.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean

from common import Record

LEAST = 0.9


def main() -> None:
    """Print the table."""
    options = _options()
    rows: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for file in sorted(file for folder in options.folder for file in folder.rglob("test_*.json")):
        for record in _tested(json.loads(file.read_text(encoding="utf-8"))):
            rows[record["method"], record["language"]].append(record)
    if not rows:
        raise SystemExit("No test with a fitted temperature was found. Run `test` after `fit`.")
    print(
        "| method | language | seeds | F1 | temperature | calibration error | Brier score ", end=""
    )
    print("| ≥ 0.9, before | ≥ 0.9, after |\n|---|---|---|---|---|---|---|---|---|")
    for method in sorted({method for method, _ in rows}):
        of_method = [found for (name, _), found in rows.items() if name == method]
        for (name, language), found in sorted(rows.items()):
            if name == method:
                print(_line(method, language, str(len(found)), [_mean(found)]))
        count = f"mean of {len(of_method)}"
        print(_line(method, count, "", [_mean(found) for found in of_method]))


def _tested(report: Record) -> Iterable[Record]:
    """Yield what a report says about the confidences of each test set."""
    for part in report.get("test_sets", ()):
        calibration = part.get("calibration") or {}
        if not calibration.get("before"):
            continue
        after = part["scores"] | {"thresholds": calibration["thresholds"]}
        yield {
            "benchmark": "calibration",
            "method": report["method"],
            "language": part["name"],
            "seed": report["seed"],
            "f1": part["scores"]["f1"],
            "temperature": calibration["temperature"],
            **_scores("before", calibration["before"]),
            **_scores("after", after),
        }


def _scores(when: str, scores: Record) -> Record:
    """Return the scores of confidences, with precision and recall of the surest entities."""
    (surest,) = (row for row in scores["thresholds"] if row["min_confidence"] == LEAST)
    return {
        f"{when}/calibration_error": scores["calibration_error"],
        f"{when}/brier": scores["brier"],
        f"{when}/precision": surest["precision"],
        f"{when}/recall": surest["recall"],
    }


def _mean(records: list[Record]) -> Record:
    """Average the numbers of several records."""
    numbers = [name for name, value in records[0].items() if isinstance(value, float)]
    return {name: fmean(record[name] for record in records) for name in numbers}


def _line(method: str, language: str, seeds: str, records: list[Record]) -> str:
    """Write a row of the table in percent."""
    mean = _mean(records)
    percent = {name: f"{100 * value:.1f}" for name, value in mean.items()}
    pairs = [
        f"{percent[f'before/{name}']} → {percent[f'after/{name}']}"
        for name in ("calibration_error", "brier")
    ]
    kept = [_kept(records, when) for when in ("before", "after")]
    cells = [method, language, seeds, percent["f1"], f"{mean['temperature']:.2f}", *pairs, *kept]
    return f"| {' | '.join(cells)} |"


def _kept(records: list[Record], when: str) -> str:
    """Write precision and recall of the surest entities; the precision of none is left out."""
    recall = fmean(record[f"{when}/recall"] for record in records)
    precisions = [r[f"{when}/precision"] for r in records if r[f"{when}/recall"] > 0]
    return f"{100 * fmean(precisions):.1f} ({100 * recall:.1f})" if precisions else "none"


def _options() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, nargs="+", help="a folder of runs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
