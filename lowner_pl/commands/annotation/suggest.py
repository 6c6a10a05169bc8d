"""The command ``suggest``: raw text in, the sentences to annotate next out."""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from lowner_pl.annotation import FORMATS, Format
from lowner_pl.annotation.suggest import MEASURES, STRATEGIES, Suggestions, choose
from lowner_pl.annotation.suggest.annotated import Annotated, annotated_in, annotated_of
from lowner_pl.annotation.suggest.pool import Pool, pool_sources, read_pool
from lowner_pl.annotation.suggest.writing import write_suggestions
from lowner_pl.callbacks.screen.printing import console
from lowner_pl.callbacks.screen.quiet import hush
from lowner_pl.commands.options.plain_parser import PROGRAM, PlainParser
from lowner_pl.commands.options.text_options import (
    add_device,
    add_lengths,
    add_reading,
    add_splitting,
    check_lengths,
)
from lowner_pl.commands.progress import progress
from lowner_pl.runs.files import Partial
from lowner_pl.runs.ranges import check_range
from lowner_pl.tagging import TextTagger, load
from lowner_pl.tagging.exported.record import is_exported
from lowner_pl.tagging.inputs import STDIN
from lowner_pl.tagging.run_files import run_files
from lowner_pl.tagging.unfinished import check_finished

STRATEGIES_OF = {"measure": ("uncertainty", "diverse"), "passes": ("bald",)}
PASSES = 10


def suggest(arguments: Sequence[str]) -> None:
    """Choose sentences to annotate and write them with the tagger's tags.

    Args:
        arguments: The options.

    Raises:
        OSError: If a file can't be read or written.
        ValueError: If an option, an input or the run is no good.
    """
    options = _parser(arguments).parse_args(arguments)
    _check(options)
    format = _format_of(options)
    hush()
    inputs = pool_sources(
        options.text, kind=options.read, column=options.column, encoding=options.encoding
    )
    _check_target(options.out, [*(source.name for source in inputs), *(options.annotated or [])])
    tagger, annotated = _tagger(options)
    _say(
        f"Choosing by {options.strategy} with {tagger.source} ({', '.join(tagger.entity_types)}); "
        f"words by {tagger.splitter.rules}"
    )
    with progress("sentences") as show:
        pool = read_pool(
            inputs,
            tagger.splitter,
            annotated=[*annotated.sentences, *annotated.others],
            language=tagger.language,
            min_words=options.min_words,
            max_words=options.max_words,
            show=show,
        )
    if len(pool.sentences) < options.count:
        raise ValueError(_too_few(pool, options.count))
    with progress("sentences tagged", shown=options.strategy != "random") as show:
        chosen = choose(
            tagger,
            pool.sentences,
            options.strategy,
            options.count,
            options.seed,
            annotated=annotated.sentences,
            measure=options.measure or MEASURES[0],
            passes=options.passes or PASSES,
            batch_size=options.batch_size,
            show=lambda done: show(done / len(pool.sentences), done),
        )
    notes = write_suggestions(options.out, format, chosen, pool, options.strategy)
    _report(pool, chosen, annotated)
    for note in notes.said:
        _say(f"note: {note}.")
    _say(f"Suggestions, the best first: {options.out}. Correct their tags before you train.")


def _parser(arguments: Sequence[str]) -> PlainParser:
    """Make the parser of the command."""
    parser = PlainParser(
        prog=f"{PROGRAM} suggest",
        words=arguments,
        description="Choose the sentences that are most worth annotating next, and write them with "
        "the tags of a trained tagger.",
    )
    parser.add_argument(
        "--run", required=True, help="the run of a tagger, a checkpoint, or an exported folder"
    )
    parser.add_argument(
        "--text",
        required=True,
        nargs="+",
        metavar="FILE",
        help="raw text: .txt, .jsonl, .csv, .tsv, .parquet; CoNLL, whose tags are not looked at; "
        "folders of such files; `-` is standard input",
    )
    parser.add_argument("--out", required=True, type=Path, help="a file that does not exist yet")
    parser.add_argument("--count", type=int, default=50, help="sentences to choose, by default 50")
    parser.add_argument(
        "--strategy",
        choices=STRATEGIES,
        default="uncertainty",
        help="random; uncertainty (the default): those that the tagger is least sure of; bald: "
        "those on which passes with dropout disagree most; diverse: uncertain, and far from each "
        "other and from annotated ones; balanced: those with many entities of rare types",
    )
    parser.add_argument(
        "--measure",
        choices=MEASURES,
        help="of uncertainty and diverse: path (the default), how improbable the best tags are; "
        "entropy, how evenly the tags of a word share its probability",
    )
    parser.add_argument(
        "--passes", type=int, metavar="N", help=f"of bald: passes with dropout, by default {PASSES}"
    )
    parser.add_argument("--seed", type=int, default=0, help="of everything random, by default 0")
    parser.add_argument(
        "--annotated",
        nargs="+",
        metavar="FILE",
        help="CoNLL files of annotated sentences, which are left out; by default the data of the "
        "run",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="by default conll, or label_studio if the name of --out ends in .json",
    )
    add_lengths(parser)
    parser.add_argument(
        "--temperature",
        type=float,
        metavar="T",
        help="divide all scores of the tagger by T, by default by the one that `fit` found",
    )
    add_splitting(parser)
    add_reading(parser, "all files but CoNLL")
    parser.add_argument("--batch_size", type=int, default=32, help="sentences, by default 32")
    add_device(parser)
    return parser


def _check(options: argparse.Namespace) -> None:
    """Check the options that need no file."""
    check_range("--count", options.count, 1)
    check_range("--seed", options.seed, 0)
    check_lengths(options)
    check_range("--batch_size", options.batch_size, 1)
    if options.passes is not None:
        check_range("--passes", options.passes, 2)
    if options.temperature is not None:
        check_range("--temperature", options.temperature, 0.0, open_below=True)
    for option, strategies in STRATEGIES_OF.items():
        if getattr(options, option) is not None and options.strategy not in strategies:
            raise ValueError(
                f"--{option} is an option of --strategy {' and '.join(strategies)}, but the "
                f"strategy is {options.strategy}. Leave it out, or change the strategy."
            )


def _format_of(options: argparse.Namespace) -> Format:
    """Choose the format, by the name of the output if none is given."""
    suffix = options.out.suffix.lower()
    if options.format is None and suffix in (".jsonl", ".tsv"):
        fitting = "doccano or prodigy" if suffix == ".jsonl" else "webanno"
        raise ValueError(
            f"--out ends in {suffix}, which does not tell the format. Add --format {fitting}, or "
            "name a .conll file."
        )
    chosen: Format = options.format or ("label_studio" if suffix == ".json" else "conll")
    return chosen


def _check_target(out: Path, inputs: Sequence[str]) -> None:
    """Check that an output can be written and replaces nothing."""
    if out.exists() or out.is_symlink():
        for name in inputs:
            if name != STDIN and out.exists() and Path(name).exists() and out.samefile(name):
                raise ValueError(f"'{out}' is an input. Give another --out.")
        raise ValueError(
            f"'{out}' exists, and may hold annotation, so it is never replaced. Give another --out."
        )
    Partial(out).discard()  # fails now if the folder can't be written


def _tagger(options: argparse.Namespace) -> tuple[TextTagger, Annotated]:
    """Load the tagger, and read what has been annotated."""
    files = None if is_exported(Path(options.run)) else run_files(options.run)
    if files is not None:
        check_finished(options.run, files)
    tagger = load(options.run, split=options.split, device=options.device)
    if options.temperature is not None:
        tagger.temperature = options.temperature
    elif tagger.module.temperature is None:
        raise ValueError(
            f"'{tagger.source}' has no temperature, so nobody knows how far its probabilities can "
            "be trusted: it was trained without dev data or by an older version. Train it again, "
            "or add --temperature 1 to take them as they are."
        )
    if options.annotated:
        return tagger, annotated_in(options.annotated, language=tagger.language)
    if files is None:
        return tagger, Annotated([], [], "none: the tagger was exported without its data")
    return tagger, annotated_of(files)


def _too_few(pool: Pool, count: int) -> str:
    """Say why there are too few sentences to choose from."""
    reasons = ", ".join(f"{reason}: {number:,}" for reason, number in pool.left_out.most_common())
    why = f" ({reasons})" if reasons else ""
    return (
        f"--count is {count:,}, but of {pool.read:,} sentences in the text only "
        f"{len(pool.sentences):,} can be chosen{why}. Give more text, or lower --count."
    )


def _report(pool: Pool, chosen: Suggestions, annotated: Annotated) -> None:
    """Print how many sentences were read, left out and chosen, and what is expected in them."""
    from rich import box
    from rich.table import Table

    rows = [("sentences read", f"{pool.read:,}")]
    rows += [(f"  {reason}", f"{number:,}") for reason, number in pool.left_out.most_common()]
    rows.append(("  near duplicates passed over", f"{chosen.near_duplicates:,}"))
    rows.append(("sentences chosen", f"{len(chosen):,}"))
    rows.append(("  words", f"{sum(len(one.sentence.words) for one in chosen):,}"))
    expected: Counter[str] = Counter()
    for one in chosen:
        expected.update(one.expected)
    rows += [(f"  {type_} expected", f"{count:.1f}") for type_, count in expected.most_common(20)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=False)
    table.add_column("")
    table.add_column("", justify="right")
    for row in rows:
        table.add_row(*row)
    console().print(table)
    everything = annotated.others or annotated.sentences
    print(f"Annotated sentences left out: {len(everything):,} ({annotated.source})")


def _say(text: str) -> None:
    """Print a message."""
    print(text, file=sys.stderr, flush=True)
