"""Time and memory of choosing 50 sentences from raw text, by strategy and size of the pool.

python benchmarks/suggest.py --text FOLDER --folder FOLDER --run RUN --sentences 1000 10000
python benchmarks/suggest.py --text FOLDER --folder FOLDER --sentences 100000 --out results.jsonl
"""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from common import Record, add_backbone_options, append, backbone, in_child

from lowner_pl.annotation.suggest import STRATEGIES
from lowner_pl.corpus import Sentence

OF_VOCABULARY = 20_000  # lines that the subwords of a fresh backbone are learnt from


def main() -> None:
    """Measure each strategy at each size in a process of its own."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    job: Record = {"run": options.run and str(options.run), "count": options.count}
    if options.run is None:
        sentences = (Sentence(tuple(line.split())) for line in _lines(options.text, OF_VOCABULARY))
        job["backbone"] = str(backbone(options.folder / "backbone", sentences, options))
    for size in options.sentences:
        pool = options.folder / f"{size}.txt"
        pool.write_text("".join(_lines(options.text, size)), encoding="utf-8")
        for strategy in options.strategies:
            report = in_child("suggest_child.py", job | {"strategy": strategy, "pool": str(pool)})
            tagger = "fresh" if options.run is None else options.run.parent.name
            record: Record = {"benchmark": "suggest", "tagger": tagger, "lines": size}
            append(options.out, record | {"strategy": strategy} | report)


def _lines(folder: Path, number: int) -> Iterator[str]:
    """Yield evenly spaced lines of all texts of a folder."""
    files = sorted(folder.glob("*.txt"))
    total = sum(sum(1 for _ in file.open(encoding="utf-8")) for file in files)
    lines = (line for file in files for line in file.open(encoding="utf-8"))
    yield from islice(lines, 0, number * (total // number), total // number)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, required=True, help="folder of .txt, a line a text")
    parser.add_argument("--folder", type=Path, required=True, help="folder for the created files")
    parser.add_argument("--run", type=Path, help="a run; by default an untrained tagger is made")
    parser.add_argument("--sentences", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--strategies", nargs="+", choices=STRATEGIES, default=list(STRATEGIES))
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    add_backbone_options(parser, layers=1, hidden=64, heads=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
