"""The command `trim-backbone`: cut a backbone to the subwords of text, and say what is kept."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lowner_pl.callbacks.screen.printing import console, millions, say, warn
from lowner_pl.commands.folder import written_whole
from lowner_pl.runs.ranges import check_range

if TYPE_CHECKING:
    from lowner_pl.datamodules import TextDataModule
    from lowner_pl.nn.backbones.making.missing_letters import Additions
    from lowner_pl.nn.backbones.making.subword_counts import LanguageText
    from lowner_pl.nn.backbones.making.trimming import LanguageCost, Trimmed, Whole

COVERAGE = 0.98
_TOO_LONG = 1.2  # times as many subwords in held-out lines
_TOO_LITTLE = 0.95  # of a language's running subwords, so that the cut costs more than it saves
_SPELT = 0.01  # of a language's held-out subwords; if more were unknown, growth is what was asked
_SHOWN_LETTERS = 40
_SHOWN_LANGUAGES = 5


def check_options(options: argparse.Namespace) -> None:
    """Check the numbers before anything is read.

    Raises:
        ValueError: If one is out of range, or size and coverage are both given.
    """
    check_range("--lines", options.lines, 1)
    if options.coverage is not None:
        check_range("--coverage", options.coverage, 0.0, 1.0, open_below=True)
    if options.size is not None:
        check_range("--size", options.size, 1)
        if options.coverage is not None:
            raise ValueError(
                f"`--size` is {options.size:,} and `--coverage` is {options.coverage}, but each "
                "decides how many subwords are kept. Give only one of them."
            )


def trim_backbone(options: argparse.Namespace, text: "TextDataModule") -> None:
    """Cut the backbone and write it to a folder.

    Args:
        options: The options of the command.
        text: The text.
    """
    from lowner_pl.nn.backbones.loading import load_whole
    from lowner_pl.nn.backbones.making.trimming import Whole, check_size, trim

    with written_whole(options.folder, overwrite=options.overwrite) as folder:
        whole = Whole(options.backbone, *load_whole(options.backbone))
        if options.size is not None and not options.add_missing:
            check_size(options.size, whole)
        texts = _texts(text, options.lines)
        say(_reading(texts, options.lines))
        trimmed = trim(
            whole,
            texts,
            exponent=options.exponent,
            coverage=COVERAGE if options.coverage is None else options.coverage,
            size=options.size,
            add_missing=options.add_missing,
        )
        trimmed.save(folder)
    say(*_kept(whole, trimmed, add_missing=options.add_missing))
    _print_languages(trimmed.languages)
    _warn_of_costs(trimmed.languages)
    say(f"Backbone: {options.folder}")


def _warn_of_costs(languages: Mapping[str, "LanguageCost"]) -> None:
    """Warn of a cut that costs more than it saves."""
    poor = {name: cost.kept for name, cost in languages.items() if cost.kept < _TOO_LITTLE}
    growth = {
        name: cost.subwords[1] / max(cost.subwords[0], 1)
        for name, cost in languages.items()
        if cost.unknown[0] - cost.unknown[1] <= _SPELT * cost.subwords[0]
    }
    longest = max(growth, key=lambda name: growth[name], default=None)
    if poor:
        worst = min(poor, key=lambda name: poor[name])
        warn(
            f"{len(poor)} of {len(languages)} languages keep less than {_TOO_LITTLE:.0%} of their "
            f"running subwords, such as {worst} ({poor[worst]:.1%}). Such a cut costs more than it "
            "saves: raise `--size` or `--coverage`, or take fewer languages."
        )
    elif longest is not None and growth[longest] > _TOO_LONG:
        warn(
            f"Held-out lines of {longest} take {growth[longest]:.1f} times as many subwords as "
            "before: the text is too small to show which subwords the language needs. Give more."
        )


def _texts(text: "TextDataModule", most: int) -> dict[str, "LanguageText"]:
    """Take at most as many training lines of each language, evenly, and the held-out lines."""
    from lowner_pl.nn.backbones.making.subword_counts import LanguageText

    found = {}
    for (language, lines), held_out in zip(
        text.train_sets().items(), text.test_sets(), strict=True
    ):
        rows = np.linspace(0, len(lines) - 1, min(len(lines), most)).astype(int).tolist()
        found[language] = LanguageText(len(lines), map(lines.__getitem__, rows), held_out)
    return found


def _reading(texts: Mapping[str, "LanguageText"], most: int) -> str:
    """Say which text is read."""
    lines = sum(min(text.size, most) for text in texts.values())
    some = ", ".join(texts) if len(texts) <= _SHOWN_LANGUAGES else f"{len(texts)} languages"
    return f"Counting the subwords of {lines:,} lines ({some})"


def _kept(whole: "Whole", trimmed: "Trimmed", *, add_missing: bool) -> list[str]:
    """Say what is kept, what is new, and how large the model is."""
    others = trimmed.kept - trimmed.special - trimmed.characters
    sizes = [millions(model.num_parameters()) for model in (trimmed.model, whole.model)]
    lines = [
        f"{len(trimmed.tokenizer):,} of {len(whole.tokenizer):,} subwords, "
        f"{sizes[0]} of {sizes[1]} parameters",
        f"  kept: {trimmed.covered:.1%} of the running subwords ({trimmed.special:,} special "
        f"tokens, {trimmed.characters:,} single characters, {others:,} other subwords)",
    ]
    lines += _new(trimmed.additions) if trimmed.additions.seeds else []
    if add_missing and not trimmed.additions.spell_all:
        lines.append(
            "  characters that neither vocabulary nor text has stay unknown, because this kind of "
            "tokenizer can't spell them with bytes"
        )
    if whole.missing:
        lines.append(
            "  head: the backbone has none for masked language modelling; the new one is an "
            "identity, biased to frequent subwords"
        )
    return lines


def _new(additions: "Additions") -> list[str]:
    """Say which letters and bytes are new."""
    letters = additions.letters
    shown = " ".join(letters[:_SHOWN_LETTERS]) + (" …" if len(letters) > _SHOWN_LETTERS else "")
    noun = "letters" if additions.spell_all else "characters"
    fallback = f"{len(additions.fallback)} bytes, which spell all other characters"
    if not letters:
        return [f"  new: {fallback}"]
    more = f" and {fallback}" if additions.fallback else ""
    return [f"  new: {len(additions.seeds):,} subwords for {len(letters):,} {noun} ({shown}){more}"]


def _print_languages(languages: Mapping[str, "LanguageCost"]) -> None:
    """Print how much of each language is kept, and what its held-out lines cost."""
    from rich import box
    from rich.table import Table

    has_unknown = any(any(cost.unknown) for cost in languages.values())
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True, overflow="ellipsis")
    for heading in ("kept %", "subwords per held-out word", *["unknown %"] * has_unknown):
        table.add_column(heading, justify="right", no_wrap=True)
    for language, cost in languages.items():
        rates = (f"{count / max(cost.words, 1):.2f}" for count in cost.subwords)
        pairs = zip(cost.unknown, cost.subwords, strict=True)
        shares = (f"{100 * unknown / max(total, 1):.2f}" for unknown, total in pairs)
        cells = [" → ".join(rates), *[" → ".join(shares)] * has_unknown]
        table.add_row(language, f"{100 * cost.kept:.1f}", *cells)
    console().print(table)
