"""Which runs stand in one cell of a table: same system, same test set, different seeds."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lowner_pl.commands.options.nearest import did_you_mean
from lowner_pl.results.options import Value, differing_options, without_folders
from lowner_pl.results.tested.tested_run import TestedRun

FACTORS = ("method", "size", "backbone")
"""What runs differ in beside the test set, the seed and other options."""
UNKNOWN = "unknown"
"""The value of an option that a run's configuration does not have."""
WITHOUT_EFFECT = {
    *("accelerator", "devices", "num_nodes", "strategy", "num_workers", "eval_batch_size"),
    *("logger", "profiler", "benchmark", "deterministic", "default_root_dir", "vector_cache"),
    *("enable_progress_bar", "enable_model_summary", "log_every_n_steps", "num_sanity_val_steps"),
    *("subwords_per_pass", "predict_path", "limit_predict_batches", "seed", "subset_seed"),
    *("root", "test_path"),  # the same test set has the same hash
}
"""Last parts of the names of options that make no other method of a method."""


@dataclass(frozen=True)
class Row:
    """A row of a table: a test set and, if runs differ in them, their size, backbone or method.

    Attributes:
        name: What the row is called: its language; if that is not unique, its corpus.
        language: Language of the test set.
        corpus: The corpus.
        sha256: Hash of the test set.
        sentences: Number of its sentences.
        factors: The values of the other factors, as pairs of name and value.
    """

    name: str
    language: str
    corpus: str
    sha256: str
    sentences: int
    factors: tuple[tuple[str, Value], ...] = ()


Cells = dict[tuple[Row, str], dict[int, TestedRun]]
"""The runs of each row and system by their seeds."""


@dataclass(frozen=True)
class Groups:
    """Runs in the cells of a table.

    Attributes:
        cells: The runs of each row and system, by seed.
        notes: What had to be decided, one sentence each.
    """

    cells: Cells
    notes: tuple[str, ...]

    @property
    def rows(self) -> list[Row]:
        """The rows by name, then by size."""
        return list(dict.fromkeys(row for row, _ in self.cells))

    @property
    def systems(self) -> list[str]:
        """The systems in alphabetical order, numbers by their value."""
        return sorted({system for _, system in self.cells}, key=_order)


def group_runs(runs: Sequence[TestedRun], *, by: str = "method") -> Groups:
    """Put runs into the cells of a table.

    A system is a value of ``by``. Rows are test sets and, where runs of one system on one test set
    differ in them, also the method, the training size and the backbone. Options that still differ
    in a cell, other than seeds, are appended to the system: ``sner lr=0.001``. What is left in a
    cell differs in the seed only.

    Args:
        runs: The runs.
        by: What is compared: ``method``, ``size``, ``backbone`` or an option: ``model.head``.

    Raises:
        ValueError: If there is no such factor or option, or if test sets of the same name differ.
    """
    _check_by(by, runs)
    _check_test_sets(runs)
    systems = {run: str(_value(run, by)) for run in runs}
    rows = _rows(runs, systems, by)
    cells: dict[tuple[Row, str], list[TestedRun]] = defaultdict(list)
    for run in runs:
        cells[rows[run], systems[run]].append(run)
    telling = _telling_options(runs, cells)
    split: Cells = defaultdict(dict)
    twice: list[tuple[TestedRun, TestedRun]] = []
    for (row, system), members in cells.items():
        for run in members:
            options = {name: _option(run, name) for name in telling[system]}
            first = split[row, " ".join([system, *_described(options)])].setdefault(run.seed, run)
            if first is not run:
                twice.append((first, run))
    order = sorted(split, key=lambda cell: (_row_order(cell[0]), _order(cell[1])))
    return Groups({cell: split[cell] for cell in order}, tuple(_left_out(twice)))


def _left_out(twice: Sequence[tuple[TestedRun, TestedRun]]) -> Iterator[str]:
    """Say which runs are left out, because another one has their method, options and seed.

    Args:
        twice: Pairs of the run that counts and the one that does not.
    """
    copies = [(first, again) for first, again in twice if first.scores == again.scores]
    if copies:
        first, again = copies[0]
        more = len(copies) - 1
        others = " So is 1 more run." if more == 1 else f" So are {more:,} more runs."
        yield (
            f"'{again.folder}' repeats '{first.folder}' (seed {first.seed}) and is left out."
            f"{others if more else ''}"
        )
    for first, again in twice:
        if first.scores != again.scores:
            yield (
                f"'{again.folder}' is left out: it has method, options and seed ({first.seed}) of "
                f"'{first.folder}', but other scores. The one that is found first counts; give the "
                "other one first, or leave one out."
            )


def method_of(run: TestedRun) -> str:
    """Return a run's method without its training size, which is a factor of its own.

    ``sner-n200`` with 200 training sentences is ``sner``.
    """
    return re.sub(rf"-n{size_of(run)}(?=[- ]|$)", "", run.method)


def size_of(run: TestedRun) -> Value | None:
    """Find the option ``train_size``, which may be that of a data module in another."""
    if run.train_size is not None:
        return run.train_size
    names = (name for name in run.options if name.startswith("data."))
    sizes = (run.options[name] for name in names if name.endswith(".train_size"))
    return next(sizes, None)


def _value(run: TestedRun, factor: str) -> Value | None:
    """Look up what a run is in a factor or option."""
    if factor == "method":
        return method_of(run)
    if factor == "size":
        return size_of(run)
    return run.backbone if factor == "backbone" else run.options.get(factor)


def _check_by(by: str, runs: Iterable[TestedRun]) -> None:
    """Refuse what runs can't be compared by."""
    known = {*FACTORS}.union(*(run.options for run in runs)) if by not in FACTORS else {by}
    if by not in known:
        hint = did_you_mean(by, known) or (
            f" Use {', '.join(FACTORS)} or an option such as model.head."
        )
        raise ValueError(f"Runs can't be compared by {by[:80]!r}.{hint}")


def _check_test_sets(runs: Iterable[TestedRun]) -> None:
    """Refuse runs on test sets of one name that differ."""
    first: dict[tuple[str, str], TestedRun] = {}
    for run in runs:
        other = first.setdefault((run.corpus, run.test_set), run)
        if other.sha256 != run.sha256:
            raise ValueError(
                f"'{other.folder}' and '{run.folder}' were tested on different sentences or gold "
                f"tags of {run.corpus}, so they can't be compared. Test both on the same test set, "
                "or compare them apart."
            )


def _rows(
    runs: Iterable[TestedRun], systems: Mapping[TestedRun, str], by: str
) -> dict[TestedRun, Row]:
    """Find the row of each run."""
    by_test: dict[str, list[TestedRun]] = defaultdict(list)
    for run in runs:
        by_test[run.sha256].append(run)
    # The shortest name is the plain corpus: "sample-sw", not "sample-sw+augmented".
    corpora = {
        sha256: min((run.corpus for run in members), key=lambda name: (len(name), name))
        for sha256, members in by_test.items()
    }
    languages = [members[0].language for members in by_test.values()]
    factors = [name for name in FACTORS if name != by and _varies(name, by_test, systems)]
    rows = {}
    for sha256, members in by_test.items():
        language, corpus = members[0].language, corpora[sha256]
        name = language if languages.count(language) == 1 else corpus
        if name == corpus and [*corpora.values()].count(corpus) > 1:
            name = f"{corpus} {members[0].test_set}"
        for run in members:
            pairs = tuple((factor, _value(run, factor) or "all") for factor in factors)
            full = " ".join([name, *_described(dict(pairs))])
            rows[run] = Row(full, language, corpus, sha256, run.sentences, pairs)
    return rows


def _varies(
    factor: str, by_test: Mapping[str, list[TestedRun]], systems: Mapping[TestedRun, str]
) -> bool:
    """Tell whether runs of one system on one test set differ in a factor."""
    found: dict[tuple[str, str], Value | None] = {}
    for sha256, members in by_test.items():
        for run in members:
            value = _value(run, factor)
            if found.setdefault((sha256, systems[run]), value) != value:
                return True
    return False


def _telling_options(
    runs: Iterable[TestedRun], cells: Mapping[tuple[Row, str], Sequence[TestedRun]]
) -> dict[str, list[str]]:
    """Find for each system the options by which runs in one of its cells can be told apart."""
    names = [
        name
        for name in differing_options(run.options for run in runs)
        if name.rpartition(".")[2] not in WITHOUT_EFFECT
    ]
    telling: dict[str, list[str]] = defaultdict(list)
    for (_, system), members in cells.items():
        found = telling[system]
        known = [run for run in members if run.options]
        parts = len({tuple(_option(run, name) for name in found) for run in known})
        for name in names if len(known) > 1 else ():
            if len({_option(run, name) for run in known} - {UNKNOWN}) < 2:
                continue  # a version without the option does not make another method
            more = len({tuple(_option(run, one) for one in (*found, name)) for run in known})
            if more > parts:
                found.append(name)
                parts = more
    return telling


def _option(run: TestedRun, name: str) -> Value | None:
    """Look up an option; paths don't differ if only the seeds or the outer folders do."""
    if not run.options.has(name):
        return UNKNOWN
    value = without_folders(run.options.get(name))
    return re.sub(r"seed_\d+", "seed", value) if isinstance(value, str) else value


def _described(options: Mapping[str, Value | None]) -> list[str]:
    """Write options with the last parts of their names."""
    written = {"size": "n"}
    return [
        f"{written.get(name, name.rpartition('.')[2])}={'none' if value is None else value}"
        for name, value in options.items()
    ]


def _row_order(row: Row) -> tuple[object, ...]:
    """Order rows by test set, then by the values of their factors."""
    return (row.language, row.corpus, row.sha256, *(_order(str(value)) for _, value in row.factors))


def _order(name: str) -> tuple[bool, float, str]:
    """Order numbers by value and before other names."""
    number = re.fullmatch(r"\d+(\.\d+)?", name)
    return (number is None, float(name) if number else 0.0, name)
