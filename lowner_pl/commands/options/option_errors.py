"""Explaining in one sentence why the parser refuses a command line.

argparse and jsonargparse print all options, then up to 20 lines about every type that a value was
compared with. This module finds the innermost complaint in their message and rewords it.
"""

import re
from collections.abc import Iterable

from lowner_pl.commands.options.class_names import class_named, classes_for, is_base, options_of
from lowner_pl.commands.options.nearest import did_you_mean, nearest
from lowner_pl.commands.options.typed import Typed

_KEY = re.compile(r'Parser key "([\w.]+)":')
_CLASS = re.compile(r"(?:Problem with given class_path|In class_path) '([\w.]+)'")
_NOT_ACCEPTED = re.compile(r"[Oo]ption '([^']+)'(?: is not accepted|$)|arguments: --([^=\s]+)=")
_NO_CLASS = re.compile(
    r"Expected a dot import path string: (.+)|module '([\w.]+)' has no attribute '(\w+)'"
    r"|No module named '([\w.]+)'|class_path '([\w.]+)' is not a subclass"
)
_CALLABLE = re.compile(r"callable class: .*class_path='([\w.]+)'", re.DOTALL)
_CHOICE = re.compile(r"argument (\S+): invalid choice: '?(.*?)'? \(choose from (.*)\)")
_VALUE = re.compile(r"(?:Given value|Got value): (.*)")
_EXPECTED = re.compile(r"Expected an? (<class '[\w.]+'>|typing\.Literal\[.*?\])")
_KINDS = {
    "int": ["a whole number"],
    "float": ["a number"],
    "bool": ["true", "false"],
    "str": ["text"],
    "list": ["a list"],
    "dict": ["a mapping such as {ORG: PER}"],
    "NoneType": ["null"],
}


def explain(message: str, typed: Typed, known: Iterable[str] = ()) -> str:
    r"""Say in one sentence what is wrong with a command line.

    >>> typed = Typed(["fit", "--trainer.max_steps", "x"], "fit")
    >>> key = 'Parser key "trainer.max_steps":'
    >>> explain(key + "\n  Expected a <class 'int'>. Got value: x", typed)
    "--trainer.max_steps is 'x', but it must be a whole number."
    >>> explain("unrecognized arguments: --trainer.maxsteps 3", typed, ["--trainer.max_steps"])
    'There is no option --trainer.maxsteps. Did you mean --trainer.max_steps?'

    Args:
        message: The parser's message.
        typed: The command line.
        known: The options of the parser, with their dashes.
    """
    known = list(known)
    if sentence := _explain_argparse(message, typed, known):
        return sentence
    path, part, kind = _innermost(message)
    if found := _NOT_ACCEPTED.search(part):
        return _unknown_option(path, found[1] or found[2], kind, typed, known)
    if "is abstract" in part:
        return _class_needed(path)
    if found := _NO_CLASS.search(part):
        name = next(filter(None, found.groups()[::-1])).strip()
        only_class = not _EXPECTED.search(part.replace("<class 'NoneType'>", ""))
        if only_class or nearest(name.rpartition(".")[2], classes_for(path)):
            return _unknown_class(path, name, typed)
    return _wrong_value(path, part, typed)


def _explain_argparse(message: str, typed: Typed, known: list[str]) -> str | None:
    """Reword a message of argparse, or return ``None`` if it comes from jsonargparse."""
    if found := re.match(r"unrecognized arguments: (.*)", message, re.DOTALL):
        return _unrecognized(found[1].split(), typed, known)
    if found := re.match(r"Invalid option \"(.*)\" for --print_config", message):
        return _refused("--print_config", found[1], ["comments", "skip_default", "skip_null"])
    if found := re.match(r"Subcommand '\w+' does not accept option '([\w.]+)'", message):
        return _unknown_option("", found[1], None, typed, known)
    if found := re.match(r"argument (\S+): expected", message):
        option = typed.without_value(found[1].split("/")[-1])
        return f"{typed.shown(option)} needs a value."
    if found := _CHOICE.match(message):
        choices = re.findall(r"[\w-]+", found[3])
        return _refused(found[1].split("/")[-1], found[2], choices)
    if found := re.match(r"argument (\S+): invalid (\w+) value: '(.*)'", message):
        kinds = _KINDS.get(found[2], [f"a {found[2]}"])
        return _refused(found[1].split("/")[-1], found[3], kinds)
    if found := re.match(r"the following arguments are required: (.*)", message):
        return _required(found[1].split(", "), typed)
    if found := re.match(r"--(\w+)\.help: .*?([\w.]+)$", message, re.DOTALL):
        return _unknown_class(found[1], found[2], typed)
    return None


def _innermost(message: str) -> tuple[str, str, type | None]:
    """Find the first and most deeply nested complaint of a message.

    Returns:
        The path of the option, the lines about it, and the class that has the option.
    """
    path, kind = "", None
    part = message
    while True:
        key, found = _KEY.search(part), _CLASS.search(part)
        if found is not None and (key is None or found.start() < key.start()):
            kind = class_named(found[1]) or kind
            part = _below(part, found)
        elif key is not None:
            path = f"{path}.{key[1]}".strip(".")
            part = _below(part, key)
        else:
            if found := _CALLABLE.search(part):
                kind = class_named(found[1]) or kind
            return path, part, kind


def _below(text: str, found: re.Match[str]) -> str:
    """Return the rest of a match's line, and the following lines that are indented deeper."""
    start = text.rfind("\n", 0, found.start()) + 1
    indent = len(text[start:]) - len(text[start:].lstrip(" -"))
    first, *lines = text[found.end() :].split("\n")
    kept = [first]
    for line in lines:
        if line.strip() and len(line) - len(line.lstrip(" ")) <= indent - 1:
            break
        kept.append(line)
    return "\n".join(kept)


def _unrecognized(words: list[str], typed: Typed, known: list[str]) -> str:
    """Say that a word is not an option of the parser, and suggest the nearest option."""
    name = next((word for word in words if word.startswith("-")), words[0] if words else "")
    option = name.partition("=")[0]
    if not option.startswith("-"):
        hint = f" Did you mean --config {option}?" if option.endswith((".yaml", ".yml")) else ""
        return f"{option[:80]!r} stands alone. Every value needs an option before it.{hint}"
    nested = [
        f"--{top}.{key}"
        for top in ("data", "model")
        for kind in classes_for(top).values()
        for key in options_of(kind)
    ]
    if (group := option.strip("-.")) in typed.groups:
        return (
            f"--{group} names no option. Write it in front of one, as in "
            f"--{group}.trainer.max_epochs 5."
        )
    prefix, rest = typed.parted(option, known)
    found = nearest(rest, [*known, *typed.own, *(nested if "--data" in known else [])])
    start = f"There is no option {typed.shown(option)[:80]}."
    if found is None:
        return f"{start} {typed.help} lists them."
    return f"{start} Did you mean --{prefix}{found.lstrip('-')}?"


def _unknown_option(path: str, name: str, kind: type | None, typed: Typed, known: list[str]) -> str:
    """Say that a class has no such option, and suggest the nearest one."""
    name, _, rest = name.partition(".") if kind is not None else (name, "", "")
    if kind is not None and is_base(kind):
        return _class_needed(path)
    whole = f"{path}.{name}".strip(".")
    if kind is None:
        found = nearest(name, [option.removeprefix("--") for option in known])
    elif _owners(path, name):
        found = None
    else:
        found = nearest(name, [*options_of(kind), "class_path", "init_args"])
    typed_as = typed.option(f"{whole}.{rest}" if rest else whole)
    owner = "" if kind is None else f" for {kind.__name__}"
    if typed_as is not None:
        option = typed.shown(typed_as)
        if found is not None:
            head = option[: option.rindex(name)]
            tail = f".{rest}" if rest else ""
            return f"There is no option {option[:80]}{owner}. Did you mean {head}{found}{tail}?"
    else:
        place = typed.place(whole)
        option = f"`{name[:80]}`"
        if place:
            hint = f" Did you mean `{found}`?" if found else ""
            start = f"{place}: there is no option {option}{owner}."
            return start + (hint or _where_listed(path, name, kind, typed))
        if found is not None:
            return f"There is no option `{whole[:80]}`{owner}. Did you mean `{found}`?"
    return f"There is no option {option[:80]}{owner}.{_where_listed(path, name, kind, typed)}"


def _where_listed(path: str, name: str, kind: type | None, typed: Typed) -> str:
    """Say which other class has an option, or which command lists those of the class."""
    owners = _owners(path, name) if kind is not None else []
    if owners:
        verb = "have" if len(owners) > 1 else "has"
        return f" {' and '.join(owners[:2])} {verb} it."
    if kind is None or path not in ("model", "data"):
        return f" {typed.help} lists them."
    return f" `python -m lowner_pl {typed.command} --{path}.help {kind.__name__}` lists them."


def _owners(path: str, name: str) -> list[str]:
    """List the methods or data modules that have an option."""
    if path not in ("model", "data"):
        return []
    return sorted(owner for owner, kind in classes_for(path).items() if name in options_of(kind))


def _unknown_class(path: str, name: str, typed: Typed) -> str:
    """Say that there is no such class, and suggest the nearest one."""
    classes = classes_for(path)
    hint = did_you_mean(name.rpartition(".")[2], classes)
    if not hint and path in ("model", "data"):
        hint = f" Use one of {', '.join(sorted(classes))}, or a YAML file."
    where = _where(path, name, typed)
    start = f"{where}: there" if ", line " in where else "There"
    target = "" if ", line " in where else f" for {where}"
    return f"{start} is no class {name[:80]!r}{target}.{hint}"


def _class_needed(path: str) -> str:
    """Say that a configuration must name a class before its options."""
    top = path.split(".")[0]
    if top not in ("model", "data"):
        return f"`{path}` has options, but no class is chosen. Give it a `class_path` first."
    what = "method" if top == "model" else "data module"
    return (
        f"`{top}` has options, but no {what} is chosen. Begin with a configuration that chooses "
        "one, such as `--config maner_wikiann.yaml`."
    )


def _required(names: list[str], typed: Typed) -> str:
    """Say which options are missing."""
    options = [
        name if name.isupper() else f"--{name.split('.')[-1].lstrip('-')}" for name in sorted(names)
    ]
    if set(options) <= {"--data", "--model"}:
        return (
            f"`{typed.command}` needs {' and '.join(options)}. Name a configuration that sets "
            f"{'them' if len(options) > 1 else 'it'}, such as `--config maner_wikiann.yaml`."
        )
    return f"`{typed.command}` needs {' and '.join(options)}."


def _wrong_value(path: str, part: str, typed: Typed) -> str:
    """Say which value an option can't have, and which values it takes."""
    value = next(iter(_VALUE.findall(part)), "").partition(". Got value: ")[0].strip()
    if nested := re.match(r"NestedArg\(key='(.*?)', val='(.*)'\)$", value):
        path, value = f"{path}.{nested[1]}", nested[2]
    taken = list(dict.fromkeys(word for kind in _EXPECTED.findall(part) for word in _taken(kind)))
    if any(word.isdigit() for word in taken):  # these numbers, and no others
        taken = [word for word in taken if word != "a whole number"]
    numbers = {"a number", "a whole number"} & set(taken)  # a number may be a tensor, too
    if ("dot import path" in part or "subclass" in part) and not numbers:
        taken.insert(0, "a class, such as `{class_path: …, init_args: {…}}`")
    where = _where(path, value, typed)
    if not taken:
        rest = " ".join(part.split())[:200]
        value = value or typed.value(path)
        return f"{where} can't be {value[:80]!r}: {rest or 'see ' + typed.help}"
    return _refused(where, value, taken)


def _refused(where: str, value: str, taken: list[str]) -> str:
    """Say what an option must be, and suggest the nearest of several words."""
    words = [word for word in taken if " " not in word]
    *others, last = taken
    choice = f"{', '.join(others)} or {last}" if others else last
    hint = did_you_mean(value, words) if len(words) > 1 else ""
    return f"{where} is {value[:80]!r}, but it must be {choice}.{hint}"


def _where(path: str, value: str, typed: Typed) -> str:
    """Name an option as it was written: on the command line, or in a file and its line."""
    if (option := typed.option(path)) is not None:
        return typed.shown(option)
    place = typed.place(path, value)
    return f"{place}: `{path.split('.')[-1]}`" if place else f"`{path}`"


def _taken(kind: str) -> list[str]:
    """Describe a Python type in words, or list the values of a literal type."""
    if kind.startswith("typing"):
        return [value.strip(" '") for value in kind.partition("[")[2].rstrip("]").split(",")]
    return _KINDS.get(kind.split("'")[1], [])
