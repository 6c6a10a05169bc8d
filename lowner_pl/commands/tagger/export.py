"""The command ``export``: a trained tagger as a Hugging Face folder."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from lowner_pl.callbacks.screen.printing import say
from lowner_pl.callbacks.screen.quiet import hush
from lowner_pl.commands.folder import Content, written_whole
from lowner_pl.commands.options.plain_parser import PROGRAM, PlainParser
from lowner_pl.exporting import hub
from lowner_pl.tagging.exported.record import FOLDERS, NAME

EXPORT = Content("an exported tagger", NAME, FOLDERS)


def export(arguments: Sequence[str]) -> None:
    """Write a run to a folder, whole or not at all, and upload it if asked to.

    Args:
        arguments: The options.

    Raises:
        OSError: If a file can't be read or written, or the upload fails.
        ValueError: If an option, the run or the folder is no good.
    """
    options = _parser(arguments).parse_args(arguments)
    if options.int8 and not options.onnx:
        raise ValueError(
            "`--int8` rounds the weights of `model.onnx`, so it needs `--onnx`. Add it."
        )
    if options.private and options.push_to_hub is None:
        raise ValueError("`--private` is for `--push_to_hub NAME`, which is missing. Add it.")
    if options.push_to_hub is not None:
        hub.check_name(options.push_to_hub)
    hush()
    with written_whole(options.folder, overwrite=options.overwrite, content=EXPORT) as folder:
        from lowner_pl.exporting import exporter

        done = exporter.export(
            options.run,
            folder,
            onnx=options.onnx,
            int8=options.int8,
            licence=options.license,
            hub_name=options.push_to_hub,
        )
    say(f"Exported {done.method} on {done.corpus}: {options.folder} ({_size(options.folder)})")
    if not done.tested:
        say("  The run has not been tested, so its card has no test scores: run `test` before.")
    if done.carries_sentences:
        say(
            f"  The folder holds {done.carries_sentences:,} training sentences, to which the "
            "tagger adapts. Publish it only if the licence of the corpus allows that."
        )
    if options.license is None:
        say("  README.md names no licence: give one with `--license`, such as cc-by-4.0.")
    say("", "Next: " + _next(options, in_pipeline=done.in_pipeline))
    if options.push_to_hub is not None:
        address = hub.push(options.folder, options.push_to_hub, private=options.private)
        say(f"Uploaded: {address}")


def _parser(arguments: Sequence[str]) -> PlainParser:
    """Make the parser of the command."""
    parser = PlainParser(
        prog=f"{PROGRAM} export",
        words=arguments,
        description="Write a trained tagger as a Hugging Face folder: safetensors, tokenizer, "
        "config.json with the tags, and a model card filled from the run.",
    )
    parser.add_argument(
        "--run", required=True, help="the run folder of a trained tagger, or a checkpoint"
    )
    parser.add_argument("--folder", required=True, type=Path, help="a new or empty folder")
    parser.add_argument(
        "--onnx", action="store_true", help="also write model.onnx, for ONNX Runtime"
    )
    parser.add_argument("--int8", action="store_true", help="with 8 bits per weight in model.onnx")
    parser.add_argument(
        "--license", metavar="ID", help="licence for the model card, such as cc-by-4.0"
    )
    parser.add_argument(
        "--push_to_hub",
        metavar="NAME",
        help="then upload the folder to this repository of the Hugging Face hub, such as "
        "me/ner-sw; everybody can read it unless you add --private",
    )
    parser.add_argument("--private", action="store_true", help="a private repository")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace an exported tagger in the folder"
    )
    return parser


def _size(folder: Path) -> str:
    """Write the size of a folder."""
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return f"{size / 1e6:,.0f} MB"


def _next(options: argparse.Namespace, *, in_pipeline: bool) -> str:
    """Say how to use the folder."""
    loads = f'lowner_pl.load("{options.folder}")'
    if in_pipeline:
        return f'{loads}, or pipeline("token-classification", "{options.folder}") of transformers'
    return loads
