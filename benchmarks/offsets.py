"""Whether words, and what lies between them, joined, are the text byte for byte, in many languages.

python benchmarks/offsets.py --text data/text

Every file ``<language>.txt`` is read line by line, and once as a single text. Words are found by
the rules of ICU and by those of `regex`. The first text that differs ends the command.
"""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from common import Record, append

from lowner_pl.tagging.splitting.boundaries import Boundaries, IcuBoundaries, RegexBoundaries
from lowner_pl.tagging.splitting.splitter import Splitter, is_blank


def main() -> None:
    """Check all files, and report what was compared."""
    options = _options()
    for rules in ("icu", "regex"):
        record: Record = {"benchmark": "offsets", "rules": rules, "languages": 0}
        record |= {"texts": 0, "words": 0, "bytes": 0}
        for file in sorted(options.text.glob("*.txt")):
            record["languages"] += 1
            splitter = _splitter(file.stem, rules)
            for text in _texts(file, options.lines):
                record["words"] += _check(text, splitter, file)
                record["texts"] += 1
                record["bytes"] += len(text.encode())
        append(options.out, record)


def _splitter(language: str, rules: str) -> Splitter:
    """Make the splitter that `tag` uses with or without icu4py."""
    splitter = Splitter("unicode", language)
    found: Boundaries = IcuBoundaries(language) if rules == "icu" else RegexBoundaries()
    splitter._boundaries = found
    return splitter


def _texts(file: Path, most: int) -> Iterator[str]:
    """Yield the first lines of a file, and then all of them as one text."""
    with file.open(encoding="utf-8", newline="\n") as stream:
        lines = list(islice(stream, most))
    yield from lines
    yield "".join(lines)


def _check(text: str, splitter: Splitter, file: Path) -> int:
    """Compare the words and what lies between them with the text; return the number of words."""
    spans = [span for sentence in splitter(text) for span in sentence]
    parts, at = [], 0
    for start, end in [*spans, (len(text), len(text))]:
        between = text[at:start]
        if not all(map(is_blank, between)):
            raise SystemExit(f"{file}: {between[:80]!r} belongs to no word")
        parts.append((between + text[start:end]).encode())
        at = end
    if b"".join(parts) != text.encode():
        raise SystemExit(f"{file}: the words of {text[:80]!r} are not the text")
    return len(spans)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", type=Path, required=True, help="folder of <language>.txt")
    parser.add_argument("--lines", type=int, default=200, help="lines of each file")
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
