"""The command ``annotate``: a page in the browser on which a person annotates raw text."""

import argparse
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from lowner_pl.annotation.suggest import STRATEGIES
from lowner_pl.callbacks.screen.quiet import hush
from lowner_pl.commands.failures import describe, report
from lowner_pl.commands.options.plain_parser import PROGRAM, PlainParser
from lowner_pl.commands.options.text_options import (
    add_device,
    add_lengths,
    add_reading,
    add_splitting,
    check_lengths,
)
from lowner_pl.corpus.entity import is_iob2
from lowner_pl.runs import stopping
from lowner_pl.runs.files import claimed
from lowner_pl.runs.ranges import check_range
from lowner_pl.tagging.inputs import Source
from lowner_pl.tagging.run_files import RunFiles, run_files
from lowner_pl.tagging.unfinished import check_finished

if TYPE_CHECKING:
    from lowner_pl.annotation.session import Item, Journal, Output, Session
    from lowner_pl.annotation.session.retraining import Retraining
    from lowner_pl.corpus import Sentence
    from lowner_pl.datamodules import NERDataModule
    from lowner_pl.tagging import TextTagger

HOST = "127.0.0.1"
PORTS = 65_535
EVERY = 20
LOOKED_AT = 1_000


def annotate(arguments: Sequence[str]) -> None:
    """Annotate suggested sentences in a browser until SIGINT or SIGTERM.

    Args:
        arguments: The options.

    Raises:
        OSError: If a file can't be read or written, or there is no such run.
        ValueError: If an option, an input or the run is no good, or a package is missing.
    """
    options = _parser(arguments).parse_args(arguments)
    _check(options)
    try:
        from lowner_pl.serving.listening import address_of, listen
        from lowner_pl.serving.server import run
    except ModuleNotFoundError as error:
        raise ValueError(
            f"`annotate` needs the package `{error.name}`, which is not installed. Run `pip "
            "install 'lowner_pl[serve]'`."
        ) from error
    from lowner_pl.annotation.session import Journal, Output
    from lowner_pl.annotation.suggest.pool import pool_sources
    from lowner_pl.serving.annotate import make_annotation_app
    from lowner_pl.tagging.run_data import data_of_run

    hush()
    stopping.advise("Everything is saved. Run the same command again to go on.")
    sources = pool_sources(
        options.text, kind=options.read, column=options.column, encoding=options.encoding
    )
    files = run_files(options.run)
    check_finished(options.run, files)
    out: Path = options.out
    with ExitStack() as stack:
        listener = stack.enter_context(listen(HOST, options.port))
        stack.enter_context(
            claimed(out, f"Another `annotate` writes '{out}'. Use its page, or end it first.")
        )
        _check_target(out)
        journal = Journal(_journal_of(out))
        output = Output(out, journal.events)
        data = data_of_run(files)
        retraining = _retraining(files, data, options)
        if retraining is not None:
            stack.callback(retraining.stop)
        session = _session(options, files, data, sources, journal, output, retraining)
        app = make_annotation_app(session, name=str(files.checkpoint), failed=_failed)
        _begin(session, journal, out, address_of(HOST, listener))
        run(app, listener)


def _parser(arguments: Sequence[str]) -> PlainParser:
    """Make the parser of the command."""
    parser = PlainParser(
        prog=f"{PROGRAM} annotate",
        words=arguments,
        description="Annotate raw text in the browser: the sentences that are most worth it, with "
        "the tagger's guess, and a better tagger after every few.",
    )
    parser.add_argument("--run", required=True, help="the run folder of a tagger, or a checkpoint")
    parser.add_argument(
        "--text",
        required=True,
        nargs="+",
        metavar="FILE",
        help="raw text: .txt, .jsonl, .csv, .tsv, .parquet; CoNLL, whose tags are not looked at; "
        "folders of such files",
    )
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="FILE.conll",
        help="the annotated sentences; the same command goes on where it was",
    )
    parser.add_argument(
        "--types", nargs="+", default=[], metavar="TYPE", help="more entity types than the tagger's"
    )
    parser.add_argument(
        "--retrain_every",
        type=int,
        default=EVERY,
        metavar="K",
        help=f"train again after every K annotated sentences, by default {EVERY}; 0 for never",
    )
    parser.add_argument(
        "--strategy",
        choices=STRATEGIES,
        default="uncertainty",
        help="how sentences are chosen, as with `suggest`, by default uncertainty",
    )
    parser.add_argument(
        "--look_at",
        type=int,
        default=LOOKED_AT,
        metavar="N",
        help=f"sentences that each choice looks at, drawn at random, by default {LOOKED_AT}",
    )
    parser.add_argument("--seed", type=int, default=0, help="of everything random, by default 0")
    parser.add_argument(
        "--port", type=int, default=8000, help="by default 8000; 0 for any free port"
    )
    add_lengths(parser)
    add_splitting(parser)
    add_reading(parser, "all files but CoNLL")
    add_device(parser)
    return parser


def _check(options: argparse.Namespace) -> None:
    """Check the options that need no file."""
    check_range("--port", options.port, 0, PORTS)
    check_range("--retrain_every", options.retrain_every, 0)
    check_range("--look_at", options.look_at, 1)
    check_range("--seed", options.seed, 0)
    check_lengths(options)
    for type_ in options.types:
        if not is_iob2(f"B-{type_}"):
            raise ValueError(
                f"--types has {type_[:80]!r}, which can't be an entity type. Use a word such as "
                "DATE."
            )


def _check_target(out: Path) -> None:
    """Check that an output is new, or is that of an earlier part of this session."""
    if out.is_dir():
        raise IsADirectoryError(f"'{out}' is a folder. Give --out the name of a file.")
    journal = _journal_of(out)
    if out.exists() and not journal.exists():
        raise ValueError(
            f"'{out}' is another corpus: there is no journal of `annotate` beside it "
            f"('{journal.name}'). It is never replaced; give another --out."
        )


def _journal_of(out: Path) -> Path:
    """Name the journal of an output."""
    return out.with_name(f"{out.name}.journal")


def _retraining(
    files: RunFiles, data: "NERDataModule | None", options: argparse.Namespace
) -> "Retraining | None":
    """Prepare training on the annotated sentences, unless it is turned off."""
    if not options.retrain_every:
        return None
    from lowner_pl.annotation.session.retraining import Retraining
    from lowner_pl.annotation.session.training_data import TrainingData

    training_data = TrainingData.of(files, data)
    assert files.folder is not None
    out: Path = options.out
    return Retraining(
        training_data,
        files.folder,
        out.with_name(f"{out.name}.training"),
        every=options.retrain_every,
        load=_loader(options),
        failed=_failed,
    )


def _loader(options: argparse.Namespace) -> "Callable[[str | Path], TextTagger]":
    """Make what loads a tagger from a run."""

    def load_run(run: str | Path) -> "TextTagger":
        from lowner_pl.tagging.loading import load

        return load(run, split=options.split, device=options.device)

    return load_run


def _session(
    options: argparse.Namespace,
    files: RunFiles,
    data: "NERDataModule | None",
    sources: Sequence[Source],
    journal: "Journal",
    output: "Output",
    retraining: "Retraining | None",
) -> "Session":
    """Load the tagger and the text, and choose the first sentences."""
    from lowner_pl.annotation.session import Session
    from lowner_pl.annotation.session.next import chooser
    from lowner_pl.annotation.session.state import State
    from lowner_pl.annotation.suggest.annotated import annotated_of

    state = State(journal.events)
    better = retraining.resume(state.history) if retraining else None
    tagger = _loader(options)(better or options.run)
    annotated = annotated_of(files, data)
    items = _items(options, sources, tagger, [*annotated.sentences, *annotated.others])
    if not items and not state.version:
        raise ValueError(
            f"There is no sentence to annotate in {', '.join(options.text)[:200]}: the text is "
            "empty, annotated already, or too short or too long (--min_words, --max_words). Give "
            "other text."
        )
    session = Session(
        tagger,
        items,
        journal,
        output,
        chooser(options.strategy, seed=options.seed, most=options.look_at),
        types=[*tagger.entity_types, *options.types],
        known=annotated.sentences,
        trainer=retraining,
        failed=_failed,
    )
    if retraining is not None:
        retraining.ended = session.trained
        retraining.freed = session.train_if_due
    session.choose_now()
    session.train_if_due()  # a training that was stopped begins anew
    return session


def _items(
    options: argparse.Namespace,
    sources: Sequence[Source],
    tagger: "TextTagger",
    annotated: "Sequence[Sentence]",
) -> "dict[str, Item]":
    """Read the sentences to annotate."""
    from lowner_pl.annotation.session.items import items_of
    from lowner_pl.annotation.suggest.pool import read_pool

    pool = read_pool(
        sources,
        tagger.splitter,
        annotated=annotated,
        language=tagger.language,
        min_words=options.min_words,
        max_words=options.max_words,
    )
    return items_of(pool)


def _begin(session: "Session", journal: "Journal", out: Path, address: str) -> None:
    """Say where to annotate, and how far the session is."""
    view = session.view()
    if journal.dropped:
        print(
            f"note: the last line of '{journal.path}' was incomplete and has been dropped; its "
            "decision had not been confirmed."
        )
    if view.version:
        print(f"Going on after {view.accepted:,} annotated and {view.skipped:,} skipped sentences.")
    for problem in view.problems:
        print(f"note: {problem}")
    if view.state == "done":
        left = f"only near duplicates are left ({view.left:,})" if view.left else "no text is left"
        print(f"note: {left}. Start again with more --text; the page can still undo.")
    print(
        f"Annotate at {address} until Ctrl+C ({', '.join(view.types)}; {view.left:,} sentences "
        f"left). Annotated sentences: {out}",
        flush=True,
    )


def _failed(error: Exception) -> str:
    """Report an unexpected error on the terminal, and describe it for the page."""
    report(error)
    return describe(error)
