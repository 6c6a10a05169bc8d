"""Commands beside those of Lightning: a backbone from nothing, and a trained one as a folder."""

import argparse
from pathlib import Path
from typing import get_args

COMMANDS = ("new-backbone", "export-backbone", "augment")


def run_command(arguments: list[str]) -> None:
    """Run one of `COMMANDS`.

    Args:
        arguments: The command and its options.
    """
    if arguments[0] == "augment":
        from lowner_pl.pipeline import augment

        augment(arguments[1:])
        return
    options = _parser().parse_args(arguments)
    {"new-backbone": _new_backbone, "export-backbone": _export_backbone}[options.command](options)


def _parser() -> argparse.ArgumentParser:
    """Return the parser of both commands."""
    from lowner_pl.nn.fresh import Kind

    parser = argparse.ArgumentParser(prog="python -m lowner_pl")
    commands = parser.add_subparsers(dest="command", required=True)
    new = commands.add_parser("new-backbone", help="an untrained backbone with its tokenizer")
    new.add_argument("--text", nargs="+", required=True, help="text files, or folders of them")
    new.add_argument("--languages", nargs="+", help="languages to take from the folders")
    new.add_argument("--folder", type=Path, required=True, help="where to write")
    new.add_argument("--kind", choices=get_args(Kind), default="multilingual")
    new.add_argument("--vocabulary", type=int, default=16_000, help="subwords")
    new.add_argument("--layers", type=int, default=4)
    new.add_argument("--hidden", type=int, default=256, help="width")
    new.add_argument("--heads", type=int, default=4)
    new.add_argument("--positions", type=int, default=512, help="subwords in a window at most")
    new.add_argument("--lines", type=int, default=100_000, help="lines to read")
    new.add_argument("--exponent", type=float, default=0.5, help="of the languages' shares")
    new.add_argument("--seed", type=int, default=0)
    new.add_argument(
        "--skip-gram", type=int, default=0, metavar="EPOCHS", help="start from such vectors"
    )
    export = commands.add_parser("export-backbone", help="a checkpoint as a backbone's folder")
    export.add_argument("--ckpt_path", required=True, help="a checkpoint of masked-LM training")
    export.add_argument("--folder", type=Path, required=True, help="where to write")
    export.add_argument("--half", action="store_true", help="16 bits a number on disk")
    return parser


def _new_backbone(options: argparse.Namespace) -> None:
    """Train a tokenizer on text, initialise a model, and save both."""
    from transformers import AutoTokenizer

    from lowner_pl.datamodules import TextDataModule
    from lowner_pl.nn.fresh import fresh_backbone
    from lowner_pl.nn.skip_gram import skip_gram_vectors, start_from_vectors

    text = TextDataModule(
        paths=options.text, languages=options.languages, exponent=options.exponent
    )
    lines = [" ".join(s.words) for s in text.sample(options.lines, seed=options.seed)]
    shape = ("kind", "vocabulary", "layers", "hidden", "heads", "positions", "seed")
    fresh_backbone(options.folder, lines, **{key: getattr(options, key) for key in shape})
    if options.skip_gram:
        tokenizer = AutoTokenizer.from_pretrained(options.folder)
        ids = tokenizer(lines, add_special_tokens=False)["input_ids"]
        vectors = skip_gram_vectors(
            ids,
            vocabulary=len(tokenizer),
            size=options.hidden,
            epochs=options.skip_gram,
            seed=options.seed,
        )
        start_from_vectors(options.folder, vectors)
    print(f"Untrained backbone: {options.folder}")


def _export_backbone(options: argparse.Namespace) -> None:
    """Write the backbone of a checkpoint."""
    import torch

    from lowner_pl.checkpoint_io import read_checkpoint
    from lowner_pl.modules import MLMLightningModule

    saved = read_checkpoint(options.ckpt_path)
    method = (saved.get("lowner_pl") or {}).get("method")
    if method != MLMLightningModule.__name__:
        raise ValueError(
            f"`--ckpt_path` must be a checkpoint of MLMLightningModule, was: one of {method}. "
            "A tagger keeps no masked-language-model head; use it with `predict`."
        )
    module = MLMLightningModule.load_from_checkpoint(
        options.ckpt_path, map_location="cpu", weights_only=True
    )
    module.export(options.folder, dtype=torch.float16 if options.half else torch.float32)
    print(f"Backbone: {options.folder}")
