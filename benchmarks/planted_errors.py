"""Does ``check`` find errors that are planted at known places in real corpora?

python benchmarks/planted_errors.py --data FOLDER --data FOLDER --out results.jsonl

A folder has train.conll, dev.conll and test.conll, of which seeded samples are taken. Errors of one
kind at a time are planted at seeded places. Recall is the share of them that a finding of that kind
names by its line. Precision is the share of planted places among the findings that the sample
without planted errors does not have. ``--clean`` lists the findings of the samples as they are, to
be judged by eye.
"""

import argparse
import random
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from common import Record, append

from lowner_pl.auditing import Finding, Kind, Role, Severity, Split, audit, read_split
from lowner_pl.corpus import ConllFormat, Sentence, read_conll, subset
from lowner_pl.corpus.conll.spellings import LOOK_ALIKE

ROLES: tuple[Role, ...] = get_args(Role)
Place = tuple[str, int, int]
"""A split, the number of a sentence in it, and the position of a word."""
LATIN = {chr(latin): chr(other) for other, latin in LOOK_ALIKE.items() if other < 0x590}


@dataclass
class Sample:
    """Words and tags of a sample, which may be changed.

    Attributes:
        words: The words of each sentence, by split.
        tags: Their tags, likewise.
        random: Draws places.
        types: All entity types.
    """

    words: dict[str, list[list[str]]]
    tags: dict[str, list[list[str]]]
    random: random.Random
    types: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, parts: dict[str, list[Sentence]], seed: int) -> "Sample":
        """Make a sample of sentences."""
        words = {split: [list(s.words) for s in part] for split, part in parts.items()}
        tags = {split: [list(s.tags or ()) for s in part] for split, part in parts.items()}
        types = sorted({e.type for part in parts.values() for s in part for e in s.entities})
        return cls(words, tags, random.Random(seed), types)

    def entities(self) -> list[tuple[str, int, int, int]]:
        """List the training entities in a random order: split, sentence, start and end."""
        found = []
        for number, tags in enumerate(self.tags["train"]):
            for entity in Sentence(tuple(tags), tuple(tags)).entities:
                found.append(("train", number, entity.start, entity.end))
        self.random.shuffle(found)
        return found

    def write(self, folder: Path) -> list[Split]:
        """Write the sample as CoNLL files, and read them as ``check`` does."""
        splits = []
        for split in ROLES:
            pairs = zip(self.words[split], self.tags[split], strict=True)
            blocks = ("".join(map("{}\t{}\n".format, *pair)) for pair in pairs)
            file = folder / f"{split}.conll"
            file.write_text("\n".join(blocks), encoding="utf-8")
            splits.append(read_split(file, split, split, ConllFormat())[0])
        return splits

    def line(self, place: Place) -> str:
        """Name a place as findings do, without the folder."""
        split, number, position = place
        before = sum(len(words) + 1 for words in self.words[split][:number])
        return f"{split}.conll:{before + position + 1}"


def inside_without_beginning(sample: Sample, most: int) -> Iterator[Place]:
    """Write ``I-`` for ``B-``."""
    for split, number, start, _ in sample.entities()[:most]:
        tags = sample.tags[split][number]
        if start == 0 or tags[start - 1][2:] != tags[start][2:]:
            tags[start] = f"I-{tags[start][2:]}"
            yield split, number, start


def mistyped(sample: Sample, most: int) -> Iterator[Place]:
    """Swap, drop or change the case of letters of a type; each slip only once."""
    slips = (
        lambda t: t[:-2] + t[-1] + t[-2],
        lambda t: t[:-1],
        lambda t: t[:1] + t[:1] + t[1:],
        str.lower,
    )
    made: set[str] = set()
    for split, number, start, end in sample.entities():
        tags = sample.tags[split][number]
        type_ = sample.random.choice(slips)(tags[start][2:])
        if len(made) == most:
            return
        if type_ in made or type_ in sample.types:
            continue
        made.add(type_)
        _tag(tags, start, end, type_)
        yield split, number, start


def forgotten(sample: Sample, most: int) -> Iterator[Place]:
    """Tag an entity ``O``."""
    for split, number, start, end in sample.entities()[:most]:
        sample.tags[split][number][start:end] = ["O"] * (end - start)
        yield split, number, start


def other_type(sample: Sample, most: int) -> Iterator[Place]:
    """Give an entity another type."""
    for split, number, start, end in sample.entities()[:most]:
        tags = sample.tags[split][number]
        others = [type_ for type_ in sample.types if type_ != tags[start][2:]]
        _tag(tags, start, end, sample.random.choice(others))
        yield split, number, start


def shorter(sample: Sample, most: int) -> Iterator[Place]:
    """Leave the last word out of an entity of several words."""
    longer = [place for place in sample.entities() if place[3] - place[2] > 1]
    for split, number, start, end in longer[:most]:
        sample.tags[split][number][end - 1] = "O"
        yield split, number, start


def with_punctuation(sample: Sample, most: int) -> Iterator[Place]:
    """Let an entity end with the punctuation after it."""
    count = 0
    for split, number, _, end in sample.entities():
        words, tags = sample.words[split][number], sample.tags[split][number]
        if count == most:
            return
        if end < len(words) and _is_punctuation(words[end]) and tags[end] == "O":
            tags[end] = f"I-{tags[end - 1][2:]}"
            count += 1
            yield split, number, end


def half_a_word(sample: Sample, most: int) -> Iterator[Place]:
    """Cut the last word of an entity in two, and leave the second half out."""
    for split, number, _, end in sample.entities()[:most]:
        words, tags = sample.words[split][number], sample.tags[split][number]
        if len(word := words[end - 1]) >= 5 and word.isalpha():
            middle = len(word) // 2
            words[end - 1 : end] = [word[:middle], word[middle:]]
            tags.insert(end, "O")
            yield split, number, end - 1


def in_test_too(sample: Sample, most: int) -> Iterator[Place]:
    """Put a training sentence into the test data."""
    yield from _copied(sample, most, lambda words: list(words))


def nearly_in_test(sample: Sample, most: int) -> Iterator[Place]:
    """Put a training sentence into the test data, in lower case and with other punctuation."""
    yield from _copied(sample, most, lambda words: [*map(str.lower, words), "!"])


def another_script(sample: Sample, most: int) -> Iterator[Place]:
    """Write a letter of an entity as one of another script that looks alike, if there is one."""
    count = 0
    for split, number, start, _ in sample.entities():
        words = sample.words[split][number]
        word = words[start]
        known = [n for n, letter in enumerate(word) if letter in LATIN or ord(letter) in LOOK_ALIKE]
        if count == most:
            return
        if len(word) > 2 and len(known) > 0 and word.isalpha():
            at = sample.random.choice(known)
            other = LATIN.get(word[at]) or chr(LOOK_ALIKE[ord(word[at])])
            words[start] = word[:at] + other + word[at + 1 :]
            count += 1
            yield split, number, start


def invisible(sample: Sample, most: int) -> Iterator[Place]:
    """Put a zero-width space into a word."""
    for split, number, start, _ in sample.entities()[:most]:
        words = sample.words[split][number]
        words[start] = f"{words[start][:1]}\u200b{words[start][1:]}"
        yield split, number, start


Plant = Callable[[Sample, int], Iterator[Place]]
PLANTS: dict[str, tuple[Kind, Plant]] = {
    "I- without B-": (Kind.SEQUENCE, inside_without_beginning),
    "mistyped type": (Kind.TYPE, mistyped),
    "forgotten entity": (Kind.DIFFERENT, forgotten),
    "another type": (Kind.DIFFERENT, other_type),
    "last word left out": (Kind.DIFFERENT, shorter),
    "ends in punctuation": (Kind.BORDER, with_punctuation),
    "ends inside a word": (Kind.BORDER, half_a_word),
    "in train and test": (Kind.SHARED, in_test_too),
    "nearly in train and test": (Kind.SHARED, nearly_in_test),
    "letter of another script": (Kind.SCRIPT, another_script),
    "invisible character": (Kind.SCRIPT, invisible),
}


def main() -> None:
    """Plant errors of every kind in every corpus."""
    options = _options()
    total: dict[str, Counter[str]] = {name: Counter() for name in PLANTS}
    for data in options.data:
        for seed in range(options.seeds):
            sizes = {"train": options.train, "dev": options.dev, "test": options.test}
            parts = {
                split: _sampled(read_conll(data / f"{split}.conll"), size, seed)
                for split, size in sizes.items()
            }
            if options.clean:
                _list_findings(data.name, parts, options)
                break
            for name in PLANTS:
                record = _measure(name, parts, seed, options.errors)
                total[name].update({k: v for k, v in record.items() if isinstance(v, int)})
                append(options.out, {"data": data.name, "seed": seed, **sizes, **record})
    if not options.clean:
        _print(total)


def _measure(name: str, parts: dict[str, list[Sentence]], seed: int, errors: int) -> Record:
    """Plant errors of a kind in a sample, and count what is found."""
    kind, plant = PLANTS[name]
    with TemporaryDirectory() as folder:
        clean = Sample.of(parts, seed)
        before = Counter(map(_content, _found(clean.write(Path(folder)), kind)))
        sample = Sample.of(parts, seed)
        places = list(plant(sample, errors))
        start = time.process_time()
        after = _found(sample.write(Path(folder)), kind)
        seconds = time.process_time() - start
    planted = {sample.line(place) for place in places}
    recurring = {sample.line(p) for p in places if _recurs(parts, clean, p)}
    new = [one for one in after if not before[_content(one)]]
    named = {line for one in after for line in _lines(one)}
    listed = {line for one in after if one.severity is not Severity.NOTE for line in _lines(one)}
    listed_new = [one for one in new if one.severity is not Severity.NOTE]
    return {
        "plant": name,
        "planted": len(planted),
        "found": len(planted & named),
        "listed": len(planted & listed),
        "recurring": len(recurring),
        "recurring_found": len(recurring & named),
        "new": len(listed_new),
        "right": sum(not planted.isdisjoint(_lines(one)) for one in listed_new),
        "seconds": round(seconds, 3),
    }


def _found(splits: list[Split], kind: Kind) -> list[Finding]:
    """Audit a corpus, and return the findings of a kind."""
    return audit(splits).of(kind)


def _lines(finding: Finding) -> set[str]:
    """Name the lines of a finding: all of its words, and where it compares with."""
    assert finding.place is not None
    places = [*finding.others, finding.place]
    lines = {f"{Path(place.file).name}:{place.number}" for place in places}
    if finding.entry is not None:
        words = range(finding.start, finding.end)
        inside = [finding.entry.place(position) for position in words]
        lines |= {f"{Path(place.file).name}:{place.number}" for place in inside}
    return lines


def _content(finding: Finding) -> tuple[object, ...]:
    """Identify a finding by its sentence, which planted errors may move to another line."""
    entry = finding.entry
    return () if entry is None else (entry.split, entry.sentence.words, finding.start)


def _recurs(parts: dict[str, list[Sentence]], clean: Sample, place: Place) -> bool:
    """Tell whether the words of an entity are tagged like it at least three times elsewhere."""
    split, number, position = place
    if split != "train" or position >= len(clean.words[split][number]):
        return False
    sentence = parts[split][number]
    mine = [e for e in sentence.entities if e.start <= position < e.end]
    if not mine:
        return False
    wanted = (sentence.words[mine[0].start : mine[0].end], mine[0].type)
    return _names(parts)[wanted] > 3


def _names(parts: dict[str, list[Sentence]]) -> Counter[tuple[tuple[str, ...], str]]:
    """Count the entities of a sample by their words and type."""
    return Counter(
        (s.words[e.start : e.end], e.type)
        for part in parts.values()
        for s in part
        for e in s.entities
    )


def _copied(sample: Sample, most: int, change: Callable[[list[str]], list[str]]) -> Iterator[Place]:
    """Copy training sentences of more than three words to random places of the test data."""
    long = [n for n, words in enumerate(sample.words["train"]) if len(words) > 3]
    for number in sample.random.sample(long, most):
        words = change(sample.words["train"][number])
        tags = (sample.tags["train"][number] + ["O"])[: len(words)]
        sample.words["test"].append(words)
        sample.tags["test"].append(tags)
        yield "test", len(sample.words["test"]) - 1, 0


def _tag(tags: list[str], start: int, end: int, type_: str) -> None:
    """Give an entity a type."""
    tags[start:end] = [f"B-{type_}", *[f"I-{type_}"] * (end - start - 1)]


def _is_punctuation(word: str) -> bool:
    """Tell whether a word is a mark that ends no name; a full stop may be an abbreviation's."""
    return re.fullmatch(r"\W", word) is not None and unicodedata.category(word) == "Po"


def _sampled(sentences: list[Sentence], size: int | None, seed: int) -> list[Sentence]:
    """Draw sentences; all of them if the size is 0."""
    return subset(sentences, min(size or len(sentences), len(sentences)), seed=seed)


def _list_findings(
    name: str, parts: dict[str, list[Sentence]], options: argparse.Namespace
) -> None:
    """Print the findings of a sample as it is, at most some of each kind."""
    with TemporaryDirectory() as folder:
        found = audit(Sample.of(parts, 0).write(Path(folder))).findings
    shown: Counter[Kind] = Counter()
    for one in found:
        shown[one.kind] += 1
        if (
            one.severity is Severity.NOTE
            or one.kind is Kind.RARE
            or shown[one.kind] > options.clean
        ):
            continue
        words = () if one.entry is None else one.entry.sentence.words
        context = " ".join(words[max(one.start - 5, 0) : one.end + 5])
        print(f"{name}\t{one.kind}\t{one.severity}\t{one.text}\t{context}")
    print(f"{name}\t{dict(Counter(f'{one.kind} {one.severity}' for one in found))}")


def _print(total: dict[str, Counter[str]]) -> None:
    """Print recall and precision of each kind of planted error."""
    print("| planted | number | recall % | without notes % | precision % | recurring | recall % |")
    print("|---|---|---|---|---|---|---|")
    for name, count in total.items():
        cells = [
            f"{count['planted']:,}",
            _share(count["found"], count["planted"]),
            _share(count["listed"], count["planted"]),
            _share(count["right"], count["new"]),
            f"{count['recurring']:,}",
            _share(count["recurring_found"], count["recurring"]),
        ]
        print(f"| {name} | {' | '.join(cells)} |")


def _share(part: int, whole: int) -> str:
    """Write a share in percent; a dash if it is of nothing."""
    return f"{100 * part / whole:.0f}" if whole else "–"


def _options() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, action="append", required=True, help="a corpus folder")
    parser.add_argument("--train", type=int, default=100, help="sentences; 0 for all")
    parser.add_argument("--dev", type=int, default=50, help="sentences; 0 for all")
    parser.add_argument("--test", type=int, default=100, help="sentences; 0 for all")
    parser.add_argument("--errors", type=int, default=5, help="of each kind")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--clean", type=int, default=0, metavar="N", help="list N findings of each kind instead"
    )
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
