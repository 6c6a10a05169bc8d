"""The command ``serve``: a page and a web interface that tag text."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lowner_pl.callbacks.screen.quiet import hush
from lowner_pl.commands.failures import describe, report
from lowner_pl.commands.options.plain_parser import PROGRAM, PlainParser
from lowner_pl.commands.options.text_options import add_device, add_splitting
from lowner_pl.runs import stopping
from lowner_pl.runs.ranges import check_range

if TYPE_CHECKING:
    from lowner_pl.tagging import TextTagger

PORTS = 65_535
TRIAL = "Nairobi."


def serve(arguments: Sequence[str]) -> None:
    """Serve a trained tagger until SIGINT or SIGTERM.

    Args:
        arguments: The options.

    Raises:
        FileNotFoundError: If there is no such run, or it was never finished.
        ValueError: If an option is no good, the port is in use, or a package is missing.
    """
    options = _parser(arguments).parse_args(arguments)
    check_range("--port", options.port, 0, PORTS)
    for name in ("max_characters", "max_seconds", "max_requests"):
        check_range(f"--{name}", getattr(options, name), 0, open_below=True)
    try:
        from lowner_pl.serving import Limits, make_app
        from lowner_pl.serving.listening import address_of, is_loopback, listen
        from lowner_pl.serving.server import run
    except ModuleNotFoundError as error:
        raise ValueError(
            f"`serve` needs the package `{error.name}`, which is not installed. Run `pip install "
            "'lowner_pl[serve]'`."
        ) from error
    hush()
    stopping.advise("Run the same command again to serve.")
    with listen(options.host, options.port) as listener:  # before the tagger takes seconds to load
        from lowner_pl.tagging.loading import load

        tagger = load(options.run, split=options.split, device=options.device)
        tagger(TRIAL)  # what fails or takes long in the first text does so now
        app = make_app(
            tagger,
            Limits(options.max_characters, options.max_seconds, options.max_requests),
            name=_name_of(tagger),
            local=is_loopback(options.host),
            failed=_failed,
        )
        address = address_of(options.host, listener)
        print(_beginning(tagger, address, local=is_loopback(options.host)), flush=True)
        run(app, listener)


def _parser(arguments: Sequence[str]) -> PlainParser:
    """Make the parser of the command."""
    parser = PlainParser(
        prog=f"{PROGRAM} serve",
        words=arguments,
        description="Serve a trained tagger: a page for a browser and POST /tag for programs.",
    )
    parser.add_argument(
        "--run", required=True, help="the run folder of a trained tagger, or a checkpoint"
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen on, by default 127.0.0.1, which only this machine reaches; "
        "0.0.0.0 for every machine of the network",
    )
    parser.add_argument(
        "--port", type=int, default=8000, help="by default 8000; 0 for any free port"
    )
    parser.add_argument(
        "--max_characters",
        type=int,
        default=100_000,
        metavar="N",
        help="longest text, by default 100000 characters",
    )
    parser.add_argument(
        "--max_seconds",
        type=float,
        default=60.0,
        metavar="S",
        help="longest time to receive a request, and to answer it, by default 60",
    )
    parser.add_argument(
        "--max_requests",
        type=int,
        default=64,
        metavar="N",
        help="most requests at the same time, by default 64; others are told to try again",
    )
    add_splitting(parser)
    add_device(parser)
    return parser


def _name_of(tagger: "TextTagger") -> str:
    """Name a tagger for its users: corpus, method and seed, without the folders above them."""
    assert tagger.source is not None
    path: Path = tagger.source.absolute()
    return "/".join(path.parts[-5:-2]) if path.parent.name == "checkpoints" else path.name


def _beginning(tagger: "TextTagger", address: str, *, local: bool) -> str:
    """Say what is served, where, and to whom."""
    text = (
        f"Serving {tagger.source} ({', '.join(tagger.entity_types)}) at {address} until Ctrl+C. "
        f"The interface for programs is described at {address}docs."
    )
    if not local:
        text += "\nnote: there is no password. Every machine that reaches this one can use it."
    return text


def _failed(error: Exception) -> str:
    """Report an unexpected error on the terminal, and describe it for the client."""
    report(error)
    return describe(error)
