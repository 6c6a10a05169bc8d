"""Hand-made corpora with one word, its tag and its line each."""

from pathlib import Path

from lowner_pl.auditing import Finding, Role, Split, read_split
from lowner_pl.corpus import ConllFormat


def lines(*sentences: str) -> str:
    """Write sentences such as ``Ann/B-PER left`` as CoNLL; a word without a tag is outside."""
    blocks = []
    for sentence in sentences:
        words = [word if "/" in word else f"{word}/O" for word in sentence.split()]
        blocks.append("".join(f"{w}\t{t}\n" for w, t in (word.rsplit("/", 1) for word in words)))
    return "\n".join(blocks) + "\n"


def written(folder: Path, role: Role, *sentences: str) -> Split:
    """Write sentences to a file named after what they are used for, and read it."""
    file = folder / f"{role}.conll"
    file.write_text(lines(*sentences), encoding="utf-8")
    return read_split(file, role, role, ConllFormat())[0]


def placed(findings: list[Finding]) -> list[str]:
    """Return the place of each finding as file name and line."""
    return [str(one.place).rpartition("/")[2] for one in findings]
