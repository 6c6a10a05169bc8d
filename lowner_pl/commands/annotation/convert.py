"""The command ``convert``: from the format of one annotation tool to another, or to CoNLL."""

import argparse
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import filterfalse
from pathlib import Path
from typing import get_args

from lowner_pl.annotation.alignment import OnMisaligned
from lowner_pl.annotation.documents import Document
from lowner_pl.annotation.formats.json_formats.label_studio_writing import interface
from lowner_pl.annotation.formats.recognition import format_of, recognise
from lowner_pl.annotation.formats.registry import (
    FORMATS,
    Format,
    Written,
    is_folder,
    read_documents,
    write_documents,
)
from lowner_pl.annotation.notes import Notes, counted
from lowner_pl.annotation.versions import one_version
from lowner_pl.commands.options.plain_parser import PROGRAM, PlainParser
from lowner_pl.corpus.conll.conll_format import ConllFormat
from lowner_pl.tagging.output import check_target
from lowner_pl.tagging.splitting.splitter import Split

_EXPORTED = r"-[0-9]{3,}\.(txt|ann|tsv)|documents\.jsonl|annotation\.conf"
"""Files that ``--overwrite`` may replace in a folder, after its name at their beginning."""


def convert(arguments: Sequence[str]) -> None:
    """Convert annotated texts.

    Args:
        arguments: The inputs and options.

    Raises:
        OSError: If a file can't be read or written.
        ValueError: If an option or input is no good, or a span can't be kept.
    """
    options = _parser(arguments).parse_args(arguments)
    to: Format = options.to or format_of(options.out)
    _check_out(options, to)
    notes = Notes()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            written = _converted(options, to, notes)
        except ValueError:
            for problem in notes.problems:  # nothing was written, so nothing was done about them
                print(str(replace(problem, done="")).rstrip(": "), file=sys.stderr)
            raise
    for line in [*(str(one.message) for one in caught), *notes.lines()]:
        print(line)
    noun = "sentence" if to == "conll" else "text"
    types = ", ".join(f"{type_} {count:,}" for type_, count in sorted(written.types.items()))
    print(f"Wrote {counted(written.texts, noun)} as {to} ({types or 'no entities'}): {options.out}")
    if to == "label_studio":
        print(f"The labelling interface for it: {interface(sorted(written.types))}")


def _parser(arguments: Sequence[str]) -> PlainParser:
    """Make the parser of the command."""
    parser = PlainParser(
        prog=f"{PROGRAM} convert",
        words=arguments,
        description="Convert annotated texts between CoNLL and the formats of annotation tools.",
        epilog="Nothing is lost silently: spans that are changed, and whatever the new format "
        "can't hold, are listed.",
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        type=Path,
        metavar="INPUT",
        help="files, or a folder for brat and webanno; all become one output",
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="the file; a folder for brat, also for webanno"
    )
    parser.add_argument(
        "--from",
        dest="source",
        choices=FORMATS,
        help="format of the inputs; by default found in their content",
    )
    parser.add_argument(
        "--to",
        choices=FORMATS,
        help="format of --out; by default .conll is conll, .json label_studio, .tsv webanno",
    )
    parser.add_argument(
        "--on_misaligned",
        choices=get_args(OnMisaligned),
        default="error",
        help="spans that are not whole words, overlap or are discontinuous: error refuses them; "
        "shrink keeps the words inside, expand all words that are touched; skip leaves them out. "
        "Of spans that overlap, the longest stays",
    )
    parser.add_argument(
        "--annotator", metavar="NAME", help="whose annotation to take where people differ"
    )
    parser.add_argument(
        "--split",
        choices=get_args(Split),
        default="unicode",
        help="how to find the words of a text, as in `tag`; words in the input are kept",
    )
    parser.add_argument("--language", help="code of the language, for the splitting of some")
    parser.add_argument("--column", help="JSON: the field of the text, by default text")
    parser.add_argument("--layer", help="webanno: the layer of the entities, or layer|feature")
    parser.add_argument("--word_column", type=int, default=0, help="conll: counted from 0")
    parser.add_argument("--tag_column", type=int, default=-1, help="conll: by default the last")
    parser.add_argument("--encoding", default="utf-8", help="conll: by default utf-8")
    parser.add_argument("--overwrite", action="store_true", help="replace --out")
    return parser


def _converted(options: argparse.Namespace, to: Format, notes: Notes) -> Written:
    """Read, choose and write the documents."""
    documents = one_version(_documents(options, notes), options.annotator, notes)
    if not documents:
        raise ValueError(
            f"There is nothing to convert in {', '.join(map(str, options.inputs))[:200]}: "
            f"{'; '.join(notes.lines())[:400] or 'no text at all'}."
        )
    return write_documents(
        options.out,
        to,
        documents,
        notes=notes,
        on_misaligned=options.on_misaligned,
        split=options.split,
        language=options.language,
    )


def _documents(options: argparse.Namespace, notes: Notes) -> Iterator[Document]:
    """Read the documents of all inputs."""
    form = ConllFormat(
        word_column=options.word_column, tag_column=options.tag_column, encoding=options.encoding
    )
    for path in options.inputs:
        yield from read_documents(
            path,
            options.source or recognise(path),
            notes=notes,
            column=options.column,
            layer=options.layer,
            form=form,
        )


def _check_out(options: argparse.Namespace, to: Format) -> None:
    """Check that the output replaces nothing that is wanted.

    Raises:
        FileNotFoundError: If an input does not exist.
        ValueError: If the output is an input, or in the way of something.
    """
    out: Path = options.out
    for path in options.inputs:
        if not path.exists():
            raise FileNotFoundError(f"'{path}' does not exist. Check the path.")
        whole = path.resolve()
        if (
            out.resolve() == whole
            or whole in out.resolve().parents
            or (out.is_dir() and out.resolve() in whole.parents)
        ):
            raise ValueError(f"'{out}' is an input, or holds or lies in one. Give another --out.")
    if not is_folder(out, to):
        check_target(out, options.inputs, overwrite=options.overwrite)
    elif out.exists():
        foreign = sorted(map(str, filterfalse(_is_exported, out.iterdir() if out.is_dir() else ())))
        if not out.is_dir() or foreign:
            what = f"holds '{Path(foreign[0]).name}'" if foreign else "is a file"
            raise ValueError(
                f"'{out}' {what}, but {to} needs a folder of its own. Give another --out."
            )
        if not options.overwrite:
            raise ValueError(
                f"'{out}' exists. Add --overwrite to replace it, or give another --out."
            )


def _is_exported(file: Path) -> bool:
    """Tell from its name whether `convert` wrote a file of a folder."""
    name = file.name.removeprefix(file.parent.name)
    return re.fullmatch(_EXPORTED, name) is not None
