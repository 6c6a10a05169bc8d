"""Copy the text whose rights are settled, leaving out Bible verses.

The collection says how many verses a language has, but not which lines they are. Languages that
are mostly verses are left out, and so are those that shall stay unseen. In Swahili, the lines are
dropped that a naive Bayes classifier finds most similar to verses. It starts from lines with
biblical words.
"""

import argparse
import math
import re
from collections import Counter
from pathlib import Path

MOSTLY_VERSES = ("ee", "lv", "wo")
UNSEEN = ("ee", "tw", "ve")
"""Languages with entity corpora that the backbone shall never have read."""

SWAHILI_DROPPED = 2_150  # 1,743 are verses
SEEDS = """
bwana bwanetu daudi farisayo galilaya imani injili isaya israeli kristo malaika masiha mitume mungu
musa nabii manabii paulo petro roho sadaka sinagogi sulemani torati ufalme wafarisayo wayahudi yesu
yerusalemu yohana yuda zaburi
""".split()  # noqa: SIM905
ROUNDS = 5


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, required=True, help="the collection: sw.txt …")
    parser.add_argument("--folder", type=Path, required=True, help="where to write")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(options.text.glob("*.txt")):
        if file.stem in {*MOSTLY_VERSES, *UNSEEN}:
            continue
        lines = file.read_text(encoding="utf-8").splitlines()
        if file.stem == "sw":
            lines = without_verses(lines, SWAHILI_DROPPED)
        (options.folder / file.name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(list(options.folder.glob('*.txt')))} languages: {options.folder}")


def without_verses(lines: list[str], dropped: int) -> list[str]:
    """Drop the lines most similar to verses.

    The classifier is trained, applied, and trained again on its own decisions.
    """
    words = [re.findall(r"\w+", line.lower()) for line in lines]
    is_verse = [not set(SEEDS).isdisjoint(line) for line in words]
    for _ in range(ROUNDS):
        scores = naive_bayes(words, is_verse)
        border = sorted(scores, reverse=True)[dropped - 1]
        is_verse = [score >= border for score in scores]
    return [line for line, verse in zip(lines, is_verse, strict=True) if not verse]


def naive_bayes(words: list[list[str]], is_verse: list[bool]) -> list[float]:
    """Score each line by the mean log-ratio of its words' frequencies in verses and elsewhere."""
    counts = {True: Counter[str](), False: Counter[str]()}
    for line, verse in zip(words, is_verse, strict=True):
        counts[verse].update(set(line))
    sizes = {verse: sum(counts[verse].values()) for verse in counts}

    def ratio(word: str) -> float:
        return math.log((counts[True][word] + 0.5) / sizes[True]) - math.log(
            (counts[False][word] + 0.5) / sizes[False]
        )

    return [sum(map(ratio, line)) / max(len(line), 1) for line in words]


if __name__ == "__main__":
    main()
