"""Rows of HPARAMS for a comparison: the runs that differ only in the seed are one row."""

import statistics
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

from lowner_pl.runs.logs.hparams import Value

MOST = 40
"""Runs that TensorBoard selects by itself; if there are more, it opens without any."""
ALL = "all"  # begins the names of means over languages
LANGUAGES = " languages"
LONGEST = 60  # characters of a part of a name


@dataclass(frozen=True)
class BoardRow:
    """A tested run, or the mean of several.

    Args:
        language: Language of the test set.
        method: The method, with its variant.
        seed: The seed, or how many there are.
        size: Number of training sentences.
        test_f1: F1 on the test set.
        dev_f1: F1 on the dev set.
        options: Other options of the run.
        group: Name of the row in HPARAMS; rows of one name are averaged. Made if it is empty.
    """

    language: str
    method: str
    seed: str
    size: int | None
    test_f1: float
    dev_f1: float | None
    options: Mapping[str, Value]
    group: str = ""

    def columns(self) -> dict[str, Value]:
        """Return the value in each column."""
        columns: dict[str, Value] = {
            **self.options,
            "language": self.language,
            "method": self.method,
            "seed": self.seed,
        }
        if self.size is not None:
            columns["train_size"] = self.size
        if self.dev_f1 is not None:
            columns["tuning_f1"] = self.dev_f1
        return columns


def named(rows: Sequence[BoardRow], most: int = MOST) -> dict[str, BoardRow]:
    """Name the runs ``language/method/seed``, and group those that differ only in the seed.

    The size is part of the name if sizes differ. HPARAMS shows the options of one run of a group,
    so the seed of all is ``mean of <n>``, and their dev F1 its mean. If there are too many runs for
    TensorBoard to select, a run is the mean over the seeds, and then also over the languages.

    Args:
        rows: The tested runs.
        most: Number of runs that there may be.
    """
    sized = len({row.size for row in rows}) > 1
    if len(rows) > most:
        rows = _means(rows, lambda row: (row.language, row.method, row.size), _over_seeds)
    if len(rows) > most:
        rows = _means(rows, lambda row: (row.method, row.size), _over_languages)
    groups: dict[str, list[BoardRow]] = defaultdict(list)
    for row in rows:
        size = f"/n{row.size}" if sized else ""
        first = ALL if row.language.endswith(LANGUAGES) else row.language
        groups[f"{name_part(first)}/{name_part(row.method)}{size}"].append(row)
    names = {}
    for group, members in groups.items():
        if len(members) == 1:
            (one,) = members
            alone = one.seed if one.seed.isdigit() else ""
            name = f"{group}/{alone}".removesuffix("/")
            names[name] = replace(one, group=one.group or name)
            continue
        shared = _over_seeds(members)
        for row in members:
            columns = replace(row, seed=shared.seed, dev_f1=shared.dev_f1, group=group)
            names[_unused(f"{group}/{row.seed}", names)] = columns
    return names


def name_part(name: str) -> str:
    """Make a name a part of a run's name, which is also the name of a folder.

    >>> name_part("models/xlm-r"), name_part("..")
    ('models_xlm-r', '_..')
    """
    plain = name.replace("/", "_").replace("\\", "_")[:LONGEST]
    return plain if plain.strip(". ") else f"_{plain}"


def _unused(name: str, names: Mapping[str, BoardRow]) -> str:
    """Number a name that is in use, because two runs of one seed were given."""
    number = 2
    unused = name
    while unused in names:
        unused, number = f"{name} ({number})", number + 1
    return unused


def _means(
    rows: Sequence[BoardRow],
    key: Callable[[BoardRow], Hashable],
    mean: Callable[[Sequence[BoardRow]], BoardRow],
) -> list[BoardRow]:
    """Replace the rows of the same key by their mean."""
    groups: dict[Hashable, list[BoardRow]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return [mean(group) for group in groups.values()]


def _over_seeds(rows: Sequence[BoardRow]) -> BoardRow:
    """Average runs that differ in the seed."""
    seed = f"mean of {len(rows)}" if len(rows) > 1 else rows[0].seed
    return replace(_mean(rows), seed=seed)


def _over_languages(rows: Sequence[BoardRow]) -> BoardRow:
    """Average means that differ in the language."""
    seeds = {row.seed for row in rows}
    language = f"{len(rows)}{LANGUAGES}" if len(rows) > 1 else rows[0].language
    return replace(
        _mean(rows), language=language, seed=seeds.pop() if len(seeds) == 1 else "means", group=""
    )


def _mean(rows: Sequence[BoardRow]) -> BoardRow:
    """Average the scores, and keep the options that all have."""
    first = rows[0]
    shared = {
        key: value
        for key, value in first.options.items()
        if all(row.options.get(key) == value for row in rows)
    }
    dev = [row.dev_f1 for row in rows if row.dev_f1 is not None]
    return replace(
        first,
        test_f1=statistics.fmean(row.test_f1 for row in rows),
        dev_f1=statistics.fmean(dev) if dev else None,
        options=shared,
        group="" if len(rows) > 1 else first.group,
    )
