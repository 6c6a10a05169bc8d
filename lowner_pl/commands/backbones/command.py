"""The commands `new-backbone`, `trim-backbone` and `export-backbone`."""

import argparse
from collections.abc import Sized
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from lowner_pl.commands.folder import written_whole
from lowner_pl.runs.ranges import check_range

if TYPE_CHECKING:
    from lowner_pl.commands.options.plain_parser import PlainParser
    from lowner_pl.datamodules import TextDataModule
    from lowner_pl.modules import MLMLightningModule

COMMANDS = ("new-backbone", "trim-backbone", "export-backbone")
SHAPE = ("kind", "vocabulary", "layers", "hidden", "heads", "positions", "seed")


def run_command(arguments: list[str]) -> None:
    """Run one of `COMMANDS`.

    Args:
        arguments: The command and its options.
    """
    options = _parser(arguments).parse_args(arguments)
    runners = (_new_backbone, _trim_backbone, _export_backbone)
    dict(zip(COMMANDS, runners, strict=True))[options.command](options)


def _parser(arguments: list[str]) -> "PlainParser":
    """Make the parser of the commands."""
    from lowner_pl.commands.options.plain_parser import PROGRAM, PlainParser
    from lowner_pl.nn.backbones.making.fresh_tokenizer import Kind

    parser = PlainParser(prog=PROGRAM, words=arguments)
    commands = parser.add_subparsers(dest="command", required=True)
    new = commands.add_parser(
        "new-backbone", help="make an untrained backbone and its tokenizer", words=arguments
    )
    new.add_argument("--kind", choices=get_args(Kind), default="multilingual")
    new.add_argument("--vocabulary", type=int, default=16_000, help="subwords")
    new.add_argument("--layers", type=int, default=4)
    new.add_argument("--hidden", type=int, default=256, help="width")
    new.add_argument("--heads", type=int, default=4)
    new.add_argument("--positions", type=int, default=512, help="most subwords in a window")
    new.add_argument("--lines", type=int, default=100_000, help="most lines to read")
    new.add_argument("--seed", type=int, default=0)
    new.add_argument(
        "--skip-gram", type=int, default=0, metavar="EPOCHS", help="start from skip-gram vectors"
    )
    trim = commands.add_parser(
        "trim-backbone", help="cut a backbone to the subwords of some text", words=arguments
    )
    trim.add_argument("--backbone", required=True, help="hub id, folder or `embedded`")
    trim.add_argument(
        "--coverage",
        type=float,
        help="share of the text's running subwords to keep, by default 0.98",
    )
    trim.add_argument("--size", type=int, help="subwords to keep, instead of a coverage")
    trim.add_argument(
        "--add_missing",
        action="store_true",
        help="add letters that the vocabulary lacks, and bytes for all other characters",
    )
    trim.add_argument(
        "--lines", type=int, default=100_000, help="most lines of each language to count"
    )
    for command in (new, trim):
        command.add_argument(
            "--text", nargs="+", required=True, help="text files, or folders of them"
        )
        command.add_argument("--languages", nargs="+", help="languages to read from the folders")
        command.add_argument("--exponent", type=float, default=0.5, help="of the languages' shares")
        command.add_argument("--most-characters", type=int, default=10_000, help="most in a line")
    export = commands.add_parser(
        "export-backbone",
        help="write a checkpoint's backbone, or the embedded one, to a folder",
        words=arguments,
    )
    export.add_argument("--ckpt_path", help="checkpoint of an MLMLightningModule")
    export.add_argument(
        "--backbone",
        help="the backbone that the checkpoint was trained from, if it has moved; without "
        "--ckpt_path, the backbone to write, such as embedded",
    )
    export.add_argument("--half", action="store_true", help="store 16 bits per number")
    for command in (new, trim, export):
        command.add_argument("--folder", type=Path, required=True, help="where to write")
        command.add_argument(
            "--overwrite", action="store_true", help="replace the backbone in the folder"
        )
    return parser


def _new_backbone(options: argparse.Namespace) -> None:
    """Train a tokenizer on text, initialise a model, and save both."""
    from transformers import AutoTokenizer

    from lowner_pl.callbacks.screen.printing import warn
    from lowner_pl.nn.backbones.making.fresh import check_shape, fresh_backbone
    from lowner_pl.nn.backbones.making.skip_gram import (
        skip_gram_vectors,
        start_from_vectors,
        word2vec,
    )

    for name, least in {"lines": 1, "most_characters": 1, "skip_gram": 0}.items():
        check_range("--" + name.replace("_", "-"), getattr(options, name), least)
    shape = {key: getattr(options, key) for key in SHAPE}
    check_shape(**shape)
    if options.skip_gram:
        word2vec()
    with written_whole(options.folder, overwrite=options.overwrite) as folder:
        lines = _lines(options)
        fresh_backbone(folder, lines, **shape)
        if options.skip_gram:
            tokenizer = AutoTokenizer.from_pretrained(folder)
            vectors = skip_gram_vectors(
                tokenizer(lines, add_special_tokens=False)["input_ids"],
                vocabulary=len(tokenizer),
                size=options.hidden,
                epochs=options.skip_gram,
                seed=options.seed,
            )
            start_from_vectors(folder, vectors)
        subwords = len(AutoTokenizer.from_pretrained(folder))
    if subwords < options.vocabulary:
        warn(
            f"The text has only enough different words for {subwords:,} of {options.vocabulary:,} "
            "subwords (`--vocabulary`). Give more text for more."
        )
    print(f"Untrained backbone: {options.folder}")


def _lines(options: argparse.Namespace) -> list[str]:
    """Sample as many lines of the text as asked for, or take all if there are fewer."""
    text = _text(options)
    text.setup("fit")
    available = len(cast(Sized, text.train_dataloader().dataset))
    sample = text.sample(min(options.lines, available), seed=options.seed)
    return [" ".join(sentence.words) for sentence in sample]


def _text(options: argparse.Namespace) -> "TextDataModule":
    """Find the text, without reading it."""
    from lowner_pl.datamodules import TextDataModule

    return TextDataModule(
        paths=options.text,
        languages=options.languages,
        exponent=options.exponent,
        most_characters=options.most_characters,
    )


def _trim_backbone(options: argparse.Namespace) -> None:
    """Cut a pretrained backbone to the subwords of text."""
    from lowner_pl.commands.backbones.trim import check_options, trim_backbone

    check_options(options)
    trim_backbone(options, _text(options))


def _export_backbone(options: argparse.Namespace) -> None:
    """Write a checkpoint's backbone, or a backbone as it is, to a folder."""
    import torch

    from lowner_pl.nn import load_backbone, save_backbone

    if not (options.ckpt_path or options.backbone):
        raise ValueError(
            "`export-backbone` needs something to write. Give a checkpoint with `--ckpt_path`, or "
            "a backbone with `--backbone`, such as `--backbone embedded`."
        )
    dtype = torch.float16 if options.half else torch.float32
    with written_whole(options.folder, overwrite=options.overwrite) as folder:
        if options.ckpt_path:
            _trained(options.ckpt_path, options.backbone).export(folder, dtype=dtype)
        else:
            parts = load_backbone(options.backbone, needs_head=True)
            save_backbone(*parts, folder, dtype=dtype)
    print(f"Backbone: {options.folder}")


def _trained(file: str, backbone: str | None) -> "MLMLightningModule":
    """Load a checkpoint's masked language model; shape and tokenizer come from ``backbone``."""
    from lowner_pl.modules import MLMLightningModule
    from lowner_pl.runs.checkpoints import read_checkpoint, restored_from

    if not Path(file).is_file():
        raise FileNotFoundError(
            f"`--ckpt_path` is {file[:80]!r}, which is not a file. Give a checkpoint, such as "
            "'lightning_logs/…/checkpoints/last.ckpt'."
        )
    saved = read_checkpoint(file)
    method = (saved.get("lowner_pl") or {}).get("method")
    if method != MLMLightningModule.__name__:
        raise ValueError(
            f"`--ckpt_path` is a checkpoint of {method}, but only one of MLMLightningModule can be "
            "exported: a tagger keeps no masked-language-model head. Use it with `predict`."
        )
    start = (saved.get("hyper_parameters") or {}).get("backbone", "embedded")
    moved: dict[str, Any] = {} if backbone is None else {"backbone": backbone}
    try:
        with restored_from(file):
            return MLMLightningModule.load_from_checkpoint(
                file, map_location="cpu", weights_only=True, **moved
            )
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"The checkpoint was trained from the backbone {start!r} and needs its shape, "
            f"tokenizer and frozen weights, but there is no backbone at {backbone or start!r}. Say "
            "where it is with `--backbone FOLDER`."
        ) from error
