"""The command ``check``: look for mistakes in a corpus before training on it."""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, get_args

from lowner_pl.auditing import Audit, Finding, Role, Severity, Split, audit, read_split
from lowner_pl.auditing.numbers.subwords import badly_spelt, subwords_of
from lowner_pl.auditing.report.page import audit_page
from lowner_pl.auditing.report.record import record_of
from lowner_pl.commands.annotation.check_screen import print_audit
from lowner_pl.commands.options.plain_parser import PROGRAM, PlainParser
from lowner_pl.corpus import ConllFormat, Scheme
from lowner_pl.runs.files import write_text

if TYPE_CHECKING:
    from lowner_pl.commands.annotation.check_config import Experiment

LAYOUT = ("language", "word_column", "tag_column", "scheme", "encoding")
_ROLES: dict[str, Role] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("dev", "devel", "development", "val", "valid", "validation", "testa"), "dev"),
    **dict.fromkeys(("test", "testing", "testb", "eval"), "test"),
}
_WORDS = re.compile(r"[^\W\d_]+")


class Given(NamedTuple):
    """A file to check, and what it is used for."""

    path: Path
    role: Role


def check(arguments: Sequence[str]) -> None:
    """Check a corpus, print what was found, and write it to a file.

    Args:
        arguments: The files and options.

    Raises:
        OSError: If a file can't be read or written.
        ValueError: If an option or a file is no good.
        SystemExit: With status 1 if something is an error and ``--strict`` is given.
    """
    parser = _parser(arguments)
    options, rest = parser.parse_own(arguments)
    given = _given(options)
    if rest and not (options.config and rest[0].startswith("--")):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    _check_options(options, given)
    found = _of_config(options, rest) if options.config else _of_files(options, given)
    _report(found, options)
    if options.strict and found.count(Severity.ERROR):
        sys.exit(1)


def _parser(arguments: Sequence[str]) -> PlainParser:
    """Make the parser of the command."""
    parser = PlainParser(
        prog=f"{PROGRAM} check",
        words=arguments,
        description="Look for mistakes in a corpus before training on it.",
        epilog="Options of a run, such as --data.train_size 50, may follow --config.",
    )
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="CoNLL files; train, dev and test data are recognised by their names",
    )
    for role in get_args(Role):
        parser.add_argument(
            f"--{role}", nargs="+", type=Path, default=[], metavar="FILE", help=f"{role} data"
        )
    parser.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="FILE",
        help="check the data of a configuration instead; give several, and later ones win",
    )
    parser.add_argument(
        "--backbone",
        action="append",
        default=[],
        help="count its subwords per word and windows: hub id, folder or `embedded`; may be given "
        "several times",
    )
    parser.add_argument(
        "--curve",
        action="store_true",
        help="with --config: train on a quarter, half and all of the training sentences, and say "
        "how much more sentences would help",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write a page (.html) or a record (.json)"
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="of standard output"
    )
    parser.add_argument(
        "--strict", action="store_true", help="exit with status 1 if something is an error"
    )
    parser.add_argument("--language", help="code of the language, a prefix of words to remove")
    parser.add_argument("--word_column", type=int, help="column of the words, from 0")
    parser.add_argument("--tag_column", type=int, help="column of the tags, by default the last")
    parser.add_argument("--scheme", choices=get_args(Scheme), help="by default found from the tags")
    parser.add_argument("--encoding", help="of the files, by default utf-8")
    return parser


def _given(options: argparse.Namespace) -> list[Given]:
    """List the files with their roles."""
    roles = [Given(path, role) for role in get_args(Role) for path in getattr(options, role)]
    alone = len(options.files) == 1 and not roles
    return [*(Given(path, _role(path, alone=alone)) for path in options.files), *roles]


def _role(path: Path, *, alone: bool) -> Role:
    """Tell from the name of a file what it is used for; a file alone is training data.

    Raises:
        ValueError: If the name does not say, or says several things.
    """
    found = {_ROLES[w] for word in _WORDS.findall(path.name) if (w := word.casefold()) in _ROLES}
    folder = path.absolute().parent.name.casefold()
    if not found and folder in _ROLES:
        return _ROLES[folder]
    if len(found) == 1:
        return found.pop()
    if alone:
        return "train"
    raise ValueError(
        f"The name of '{path}' does not say whether it is training, dev or test data. Say so with "
        "--train, --dev or --test."
    )


def _check_options(options: argparse.Namespace, given: Sequence[Given]) -> None:
    """Check that options and files go together.

    Raises:
        ValueError: If they don't.
    """
    paths = [one.path.resolve() for one in given]
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice is not None:
        raise ValueError(f"'{twice}' is given twice. Give each file once.")
    if options.config and given:
        raise ValueError(
            f"'{given[0].path}' is given beside --config, which names the data itself. Give files "
            "or a configuration."
        )
    layout = [name for name in LAYOUT if getattr(options, name) is not None]
    if options.config and layout:
        raise ValueError(
            f"`--{layout[0]}` describes files, but the data are those of --config. Use "
            f"`--data.{layout[0]}`."
        )
    if not options.config and not given:
        raise ValueError("There is nothing to check. Give CoNLL files, or --config FILE.")
    if options.curve and not options.config:
        raise ValueError(
            "`--curve` trains, so it needs a configuration. Give --config instead of files."
        )
    if options.out is not None:
        if options.out.suffix.lower() not in (".html", ".htm", ".json"):
            raise ValueError(
                f"`--out` is '{options.out}', but it must end in .html for a page or .json for a "
                "record."
            )
        if options.out.resolve() in paths:
            raise ValueError(f"`--out` would replace '{options.out}', which is to be checked.")
        if options.out.exists() and not _is_check(options.out):
            raise ValueError(
                f"'{options.out}' exists, and `check` did not write it. Give another --out."
            )


def _is_check(file: Path) -> bool:
    """Tell from its beginning whether a file is the page or the record of a check."""
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        begin = stream.read(2000)
    return b"<title>Check of " in begin or begin.startswith(b'{\n "counts": {\n  "errors": ')


def _of_files(options: argparse.Namespace, given: Sequence[Given]) -> Audit:
    """Audit files."""
    values = {name: getattr(options, name) for name in LAYOUT[1:]}
    form = ConllFormat(**{name: value for name, value in values.items() if value is not None})
    splits: list[Split] = []
    more: list[Finding] = []
    roles = [one.role for one in given]
    for path, role in sorted(given, key=lambda one: get_args(Role).index(one.role)):
        name = role if roles.count(role) == 1 else f"{role} {path.stem}"
        split, warnings = read_split(path, name, role, form, language=options.language)
        splits.append(split)
        more += warnings
    return _audited(splits, more, options)


def _of_config(options: argparse.Namespace, rest: Sequence[str]) -> Audit:
    """Audit the data of a configuration."""
    from lowner_pl.commands.annotation.check_config import Experiment

    experiment = Experiment(options.config, rest)
    if options.curve:
        experiment.check_curve()
    splits, more = experiment.splits()
    return _audited(splits, more, options, experiment)


def _audited(
    splits: Sequence[Split],
    more: Sequence[Finding],
    options: argparse.Namespace,
    experiment: "Experiment | None" = None,
) -> Audit:
    """Audit splits, count subwords, and measure the learning curve, as far as that is wanted."""
    subwords = []
    curve = None
    for name in dict.fromkeys(options.backbone):
        from lowner_pl.commands.annotation.check_config import encoder_of

        encoder = encoder_of(name)
        subwords += [subwords_of(name, encoder, split) for split in splits]
    if options.curve and experiment is not None:
        curve = experiment.curve()
    return audit(splits, more=[*more, *badly_spelt(subwords)], subwords=subwords, curve=curve)


def _report(found: Audit, options: argparse.Namespace) -> None:
    """Print an audit, and write it to a file."""
    if options.out is not None:
        is_page = options.out.suffix.lower() != ".json"
        text = audit_page(found, f"Check of {_title(found)}") if is_page else _json(found)
        write_text(options.out, text)
    if options.format == "json":
        sys.stdout.write(_json(found))
        return
    print_audit(found)
    if options.out is not None:
        print(f"Written: {options.out}")
    elif found.findings:
        print("All findings with their sentences: add --out check.html")


def _title(found: Audit) -> str:
    """Name the corpus by its files."""
    files = dict.fromkeys(
        Path(entry.sentence.place[0]).name if entry.sentence.place else split.name
        for split in found.splits
        for entry in split.entries[:1]
    )
    return ", ".join(files)


def _json(found: Audit) -> str:
    """Write an audit as JSON."""
    return json.dumps(record_of(found), ensure_ascii=False, indent=1) + "\n"
