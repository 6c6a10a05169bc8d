"""Copy corpora for studies that compare languages: the same three types, a bounded test set.

python benchmarks/study_corpora.py --data FOLDER … --out FOLDER [--test 400] [--types PER LOC ORG]

Each corpus is a folder with `train.conll`, `dev.conll` and `test.conll`. Entities of other types
become words outside entities. Longer test sets are cut to a seeded subset, with subset seed 0.
"""

import argparse
from pathlib import Path

from common import SPLITS, copy_corpus

from lowner_pl.corpus import write_conll


def main() -> None:
    """Copy the corpora."""
    options = _options()
    for source in options.data:
        target = options.out / source.name
        parts = copy_corpus(source, target, {"test": options.test})
        counts = []
        for split in SPLITS:
            kept = [sentence.restricted_to(options.types) for sentence in parts[split]]
            write_conll(target / f"{split}.conll", kept)
            counts.append(f"{len(kept):,} {split}")
        print(f"{target}: {', '.join(counts)} sentences")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="corpus folders")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--test", type=int, default=400, help="most test sentences")
    parser.add_argument("--types", nargs="+", default=["PER", "LOC", "ORG"])
    return parser.parse_args()


if __name__ == "__main__":
    main()
