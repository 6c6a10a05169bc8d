"""Whether MANER gains on SNER where the backbone's mask knows more of the language.

python benchmarks/held_out.py --text data/text --lines 30 --mask-rate 0.2 --out held_out.jsonl
python benchmarks/mask_knowledge.py --held_out held_out.jsonl

It compares two numbers of each language: the share of masked subwords of held-out text that the
backbone guesses, and the difference in F1 in comparisons of SNER and MANER. Languages without
held-out text are left out. The rank correlation is Spearman's. Below it are the languages whose
share is at least `--known`, and the others: how many, with what mean, and where MANER is better.
"""

import argparse
import json
from pathlib import Path

from scipy.stats import spearmanr

RESULTS = Path(__file__).parent / "results"
RECORDS = [RESULTS / "maner_languages.json", RESULTS / "maner_more.json"]


def main() -> None:
    """Print both numbers of each language, and how they go together."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--held_out", type=Path, required=True, help="what held_out.py wrote")
    parser.add_argument(
        "--records", type=Path, nargs="+", default=RECORDS, help="recorded comparisons"
    )
    parser.add_argument(
        "--systems",
        nargs="+",
        default=["maner-second", "maner"],
        help="the names of the system in the records; it is compared with the baseline",
    )
    parser.add_argument("--known", type=float, default=30, help="a share in percent")
    options = parser.parse_args()

    lines = options.held_out.read_text(encoding="utf-8").splitlines()
    guessed = {row["language"]: 100 * row["accuracy"] for row in map(json.loads, lines)}
    pairs = []
    print(f"{'language':10}{'guessed %':>10}{'difference':>12}")
    for file in options.records:
        record = json.loads(file.read_text(encoding="utf-8"))
        for found in record["differences"]:
            language = record["rows"][found["row"]]["language"]
            if found["system"] not in options.systems:
                continue
            known = guessed.get(language)
            shown = "none" if known is None else f"{known:.1f}"
            print(f"{language:10}{shown:>10}{100 * found['value']:12.1f}")
            if known is not None:
                pairs.append((known, found["value"]))

    found = spearmanr(*zip(*pairs, strict=True))
    print(f"{len(pairs)} languages: correlation {found.statistic:.2f}, p = {found.pvalue:.3f}")
    for name, part in (
        (f"{options.known:g} % or more", [gain for share, gain in pairs if share >= options.known]),
        ("less", [gain for share, gain in pairs if share < options.known]),
    ):
        mean = 100 * sum(part) / max(len(part), 1)
        print(
            f"{name}: {len(part)} languages, mean {mean:+.1f}, better in {sum(g > 0 for g in part)}"
        )


if __name__ == "__main__":
    main()
