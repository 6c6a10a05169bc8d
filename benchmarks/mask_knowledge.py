"""How MANER compares with SNER over all languages, and where the backbone's mask knows more.

python benchmarks/held_out.py --text data/text --lines 30 --mask-rate 0.2 --out held_out.jsonl
python benchmarks/mask_knowledge.py --held_out held_out.jsonl --seed 12345

It reads recorded comparisons of SNER and MANER, and takes one difference in F1 per language, of one
seed or of the mean over all seeds of a record. It prints the mean difference with a 95 % interval
over languages (Student's t), and Wilcoxon's signed ranks. For the languages with held-out text, it
then compares the difference with the share of masked subwords that the backbone guesses
(Spearman's rank correlation). Below it are the languages whose share is at least `--known`, and the
others: how many, with what mean, and where MANER is better.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from scipy.stats import spearmanr, ttest_1samp

from lowner_pl.statistics.significance import signed_rank_p

RESULTS = Path(__file__).parent / "results"
RECORDS = [RESULTS / f"{name}.json" for name in ("maner_languages", "maner_more", "maner_rest")]


def main() -> None:
    """Print both numbers of each language, and how they go together."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--held_out", type=Path, required=True, help="what held_out.py wrote")
    parser.add_argument("--seed", help="one seed, by default the mean over all of a record")
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
    gains: dict[str, float] = {}
    for file in options.records:
        record = json.loads(file.read_text(encoding="utf-8"))
        gains |= differences(record, options.systems, options.seed)
    print(f"{'language':10}{'guessed %':>10}{'difference':>12}")
    for language, gain in gains.items():
        known = guessed.get(language)
        print(f"{language:10}{'none' if known is None else f'{known:.1f}':>10}{gain:12.1f}")
    interval = ttest_1samp([*gains.values()], 0).confidence_interval()
    print(
        f"{summary([*gains.values()])} (95 % interval over languages {interval.low:+.1f} to "
        f"{interval.high:+.1f}), signed ranks p = {signed_rank_p([*gains.values()]):.3f}"
    )
    pairs = [(guessed[language], gain) for language, gain in gains.items() if language in guessed]
    found = spearmanr(*zip(*pairs, strict=True))
    print(f"{len(pairs)} with text: correlation {found.statistic:.2f}, p = {found.pvalue:.3f}")
    print(f"{options.known:g} % or more: {summary([g for k, g in pairs if k >= options.known])}")
    print(f"less: {summary([g for k, g in pairs if k < options.known])}")


def differences(record: dict[str, Any], systems: list[str], seed: str | None) -> dict[str, float]:
    """Compute a system's differences to the baseline in points, by language.

    Args:
        record: A recorded comparison.
        systems: The names of the system.
        seed: One seed, or ``None`` for the mean over all.
    """
    scores: dict[tuple[int, str], list[float]] = {}
    for one in record["scores"]:
        by_seed = one["by_seed"]
        scores[one["row"], one["system"]] = [*by_seed.values()] if seed is None else [by_seed[seed]]
    means = {key: 100 * sum(values) / len(values) for key, values in scores.items()}
    return {
        row["language"]: means[number, system] - means[number, record["systems"][0]]
        for number, row in enumerate(record["rows"])
        for system in systems
        if (number, system) in means
    }


def summary(gains: list[float]) -> str:
    """Describe some differences."""
    mean = sum(gains) / max(len(gains), 1)
    return f"{len(gains)} languages, mean {mean:+.1f}, better in {sum(g > 0 for g in gains)}"


if __name__ == "__main__":
    main()
