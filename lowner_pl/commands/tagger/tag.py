"""The command ``tag``: raw text in, entities with their places and confidences out."""

import argparse
import hashlib
import io
import json
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from lowner_pl import __version__
from lowner_pl.callbacks.screen.quiet import hush
from lowner_pl.commands.options.plain_parser import PROGRAM, PlainParser
from lowner_pl.commands.options.text_options import add_device, add_reading, add_splitting
from lowner_pl.commands.progress import progress
from lowner_pl.runs import stopping
from lowner_pl.runs.files import reason_of
from lowner_pl.runs.ranges import check_range
from lowner_pl.tagging.exported.record import Runtime
from lowner_pl.tagging.formats import FORMATS, SUFFIXES, Format, Writer
from lowner_pl.tagging.inputs import STDIN, Document, Source, sources
from lowner_pl.tagging.output import OutputFile, check_target

if TYPE_CHECKING:
    from lowner_pl.tagging.tagger import TextTagger, Words

TITLE = "Tagged text"


def tag(arguments: Sequence[str]) -> None:
    """Tag texts and write them to a file or to standard output.

    Args:
        arguments: The inputs and options.

    Raises:
        OSError: If a file can't be read or written.
        ValueError: If an option, an input or the checkpoint is no good.
    """
    options = _parser(arguments).parse_args(arguments)
    check_range("--min_confidence", options.min_confidence, 0.0, 1.0)
    check_range("--batch_size", options.batch_size, 1)
    if not options.inputs and sys.stdin.isatty():
        raise ValueError("There is nothing to tag. Give a text, a file, or `-` to type lines.")
    inputs = sources(
        options.inputs, kind=options.read, column=options.column, encoding=options.encoding
    )
    options.format = options.format or _format_of(options.out)
    if options.out is not None:
        files = [Path(source.name) for source in inputs if source.is_file]
        check_target(options.out, files, overwrite=options.overwrite)
    hush()
    from lowner_pl.tagging.loading import load

    tagger = load(options.run, split=options.split, device=options.device, runtime=options.runtime)
    _say(_beginning(tagger))
    write = Writer(
        options.format,
        min_confidence=options.min_confidence,
        title=TITLE if options.out is None else options.out.stem,
        language=tagger.language,
    )
    if options.out is None:
        _to_output(tagger, inputs, write, options.batch_size)
    else:
        _to_file(tagger, inputs, write, options)


def _parser(arguments: Sequence[str]) -> PlainParser:
    """Make the parser of the command."""
    parser = PlainParser(
        prog=f"{PROGRAM} tag",
        words=arguments,
        description="Find entities in raw text with a trained tagger.",
        epilog="Words and sentences are found by the Unicode rules of ICU, or of `regex` where "
        "icu4py is not installed.",
    )
    parser.add_argument(
        "inputs",
        nargs="*",
        metavar="INPUT",
        help="texts in quotes, or files: .txt (each line is a text), .jsonl, .csv, .tsv, .parquet; "
        "`-` or nothing is standard input",
    )
    parser.add_argument(
        "--run",
        required=True,
        help="the run folder of a trained tagger, a checkpoint, or a folder that `export` wrote",
    )
    parser.add_argument("--out", type=Path, help="a file; by default standard output")
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="by default that of the name of --out, else jsonl",
    )
    parser.add_argument(
        "--min_confidence",
        type=float,
        default=0.0,
        metavar="P",
        help="leave out entities below this confidence, from 0 to 1",
    )
    add_splitting(parser)
    add_reading(parser, "all files and of standard input")
    parser.add_argument("--batch_size", type=int, default=32, help="sentences, by default 32")
    add_device(parser)
    parser.add_argument(
        "--runtime",
        choices=get_args(Runtime),
        help="what computes an exported tagger; by default torch, or onnx where the folder has "
        "only model.onnx",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the file --out")
    return parser


def _format_of(out: Path | None) -> Format:
    """Choose the format by the name of the output."""
    return "jsonl" if out is None else SUFFIXES.get(out.suffix.lower(), "jsonl")


def _beginning(tagger: "TextTagger") -> str:
    """Say what tags, and which rules part the text."""
    rules = tagger.splitter.rules
    text = f"Tagging with {tagger.source} ({', '.join(tagger.entity_types)}); words by {rules}"
    if rules.startswith("regex"):
        text += (
            "\nnote: icu4py is not installed, so words of Chinese, Japanese, Thai, Lao, Khmer and "
            "Burmese are not parted well. `pip install icu4py` mends it."
        )
    return text


def _to_output(
    tagger: "TextTagger", inputs: Sequence[Source], write: Writer, batch_size: int
) -> None:
    """Write tagged texts to standard output."""
    typed = sys.stdin.isatty() and any(source.name == STDIN for source in inputs)
    _print(write.start)
    with progress("texts", shown=not sys.stdout.isatty()) as show:
        documents = _documents(inputs, show)
        for document, words in _tagged(tagger, documents, batch_size, at_once=typed):
            _print(write(document, words), now=typed)
    _print(write.end, now=True)


def _to_file(
    tagger: "TextTagger", inputs: Sequence[Source], write: Writer, options: argparse.Namespace
) -> None:
    """Write tagged texts to a file; go on where the same command was stopped."""
    signature = _signature(tagger, inputs, options)
    with OutputFile(options.out, signature) as output, progress("texts") as show:
        if output.documents:
            _say(f"Going on after {output.documents:,} texts")
        else:
            output.write(write.start)
        documents = islice(_documents(inputs, show), output.documents, None)
        for document, words in _tagged(tagger, documents, options.batch_size):
            output.write(write(document, words), documents=1)
            if signature is not None:
                stopping.advise(f"Run the same command again: it goes on with {options.out}.")
        output.write(write.end)
    noun = "text" if output.documents == 1 else "texts"
    _say(f"Tagged {output.documents:,} {noun}: {options.out}")


def _tagged(
    tagger: "TextTagger",
    documents: Iterable[Document],
    batch_size: int,
    *,
    at_once: bool = False,
) -> Iterator[tuple[Document, "Words"]]:
    """Yield each document with its words and entities.

    Args:
        tagger: The tagger.
        documents: The documents.
        batch_size: Sentences that are tagged together.
        at_once: Whether to tag each document as soon as it is there.
    """
    if at_once:
        for document in documents:
            yield document, next(tagger.stream([document.text]))
        return
    waiting: deque[Document] = deque()

    def texts() -> Iterator[str]:
        for document in documents:
            waiting.append(document)
            yield document.text

    for words in tagger.stream(texts(), batch_size=batch_size):
        yield waiting.popleft(), words


def _documents(inputs: Sequence[Source], show: Callable[[float, int], None]) -> Iterator[Document]:
    """Read the documents of all inputs, and show how far that is."""
    read = 0
    for number, source in enumerate(inputs):
        for document in source.documents():
            read += 1
            show((number + document.done) / len(inputs), read)
            yield document


def _signature(
    tagger: "TextTagger", inputs: Sequence[Source], options: argparse.Namespace
) -> str | None:
    """Hash all that the output depends on; ``None`` if an input can't be read again."""
    if any(
        source.name == STDIN or not (source.is_file or source.kind is None) for source in inputs
    ):
        return None
    assert tagger.source is not None
    parts = [
        __version__,
        _state(tagger.source),
        [[*map(str, (s.kind, s.column, s.encoding)), *_state_of(s)] for s in inputs],
        [options.format, options.min_confidence, options.split, tagger.splitter.rules],
    ]
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()


def _state_of(source: Source) -> list[object]:
    """Return what identifies the content of an input."""
    return [source.name] if source.kind is None else _state(Path(source.name))


def _state(path: Path) -> list[object]:
    """Return what changes when a file does."""
    found = path.stat()
    return [str(path.resolve()), found.st_size, found.st_mtime_ns]


def _say(text: str) -> None:
    """Print a message to the error stream, since the output holds tagged texts."""
    print(text, file=sys.stderr, flush=True)


def _print(text: str, *, now: bool = False) -> None:
    """Write to standard output: in UTF-8, unless it is a terminal with another encoding."""
    try:
        if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
            sys.stdout.buffer.write(text.encode())
        else:
            sys.stdout.write(text)
        if now:
            sys.stdout.flush()
    except BrokenPipeError:  # the reader has left
        raise
    except OSError as error:
        raise OSError(
            f"Standard output can't be written: {reason_of(error)}. With --out FILE, what is done "
            "is kept when the disk is full, and the same command goes on."
        ) from error
