"""The parser of the command line: one sentence for a value that a Trainer option can't have."""

import re
import sys
from typing import NoReturn

from lightning.pytorch.cli import LightningArgumentParser

_KEY = re.compile(r'Parser key "(trainer\.[\w.]+)":')
_PART = re.compile(r"class_path '(?:[\w.]*\.)?(\w+)':\n\s*Parser key \"([\w.]+)\":\n((?:.*\n)?.*)")
_VALUE = re.compile(r"(?:Given value|Got value): (.*)")
_EXPECTED = re.compile(r"Expected an? (<class '[\w.]+'>|typing\.Literal\[.*?\])")
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "list": "a list",
    "NoneType": "null",
}


class OptionParser(LightningArgumentParser):
    """Lightning's parser without eighty lines of usage for a value that an option can't have."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Say what is wrong and exit with status 2."""
        if (sentence := one_sentence(message)) is None:
            super().error(message, ex)
        print(f"error: {sentence}", file=sys.stderr)
        self.exit(2)


def top_options(parser: LightningArgumentParser) -> list[str]:
    """List the options that a configuration may have at its top, in the parser's order."""
    names = (action.dest.split(".")[0] for action in parser._actions)
    return [name for name in dict.fromkeys(names) if name not in ("help", "config", "print_config")]


def one_sentence(message: str) -> str | None:
    r"""Shorten what jsonargparse says of a Trainer option; ``None`` where it speaks of another.

    >>> one_sentence('Parser key "trainer.max_steps": Expected a <class \'int\'>. Got value: x')
    "`--trainer.max_steps` can't be 'x'. It takes a whole number."
    """
    if (key := _KEY.search(message)) is None:
        return None
    name, about = f"`--{key[1]}`", message
    if part := _PART.search(message):
        name, about = f"`{part[2]}` of {part[1]} in {name}", part[3].partition("\n    - ")[0]
    values = _VALUE.findall(about) or [""]
    taken = list(dict.fromkeys(word for kind in _EXPECTED.findall(about) for word in _taken(kind)))
    if "subclass" in about or "dot import path" in about:
        taken.insert(0, "a class, such as `{class_path: …, init_args: {…}}`")
    kinds = f" It takes {' or '.join(taken)}." if taken else " See `fit --help` for what it takes."
    return f"{name} can't be {values[-1].strip()[:80]!r}.{kinds}"


def _taken(kind: str) -> list[str]:
    """Say a type of Python in words."""
    if kind.startswith("typing"):
        return [value.strip(" '") for value in kind.partition("[")[2].rstrip("]").split(",")]
    return [_KINDS[name]] if (name := kind.split("'")[1]) in _KINDS else []
