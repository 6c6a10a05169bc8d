"""Configurations, looked at before jsonargparse reads them: what is wrong is one sentence.

jsonargparse reports a file that it cannot read in up to ninety lines, most of them about other
options, and unfolds aliases and nesting without a limit.
"""

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NoReturn

import yaml

from lowner_pl.commands.configs import advice

DEEPEST = 50  # levels of nesting; our deepest configuration has 7
MOST_VALUES = 100_000  # with every alias written out
MOST_BYTES = 4 * 2**20
REFERRING = ("model", "data", "trainer", "source", "sources", "targets", "optimizer")
"""The keys whose value may be another file, relative to the one that names it."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SUFFIXES = (".yaml", ".yml", ".json")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_PATH_WITH_BACKSLASH = re.compile(r'"(?:[A-Za-z]:|\\)\\|\w\\\w')


def check_words(words: list[str], keys: Collection[str]) -> None:
    """Check the configuration files that a command line names, and the values it gives as text.

    Args:
        words: The command line.
        keys: The options that a configuration may have at its top.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file or a value is no configuration.
    """
    for option, value in _options(words):
        if "://" in value or value == "-":
            continue  # of another machine, or what is piped in
        if option in ("--config", "-c") and not value.startswith(("{", "[")):
            check_config(Path(value), keys)
        elif option.split(".")[-1].lstrip("-") in REFERRING and value.endswith(_SUFFIXES):
            check_config(Path(value), None)
        else:
            _check_size(value, option)


def check_config(file: Path, keys: Collection[str] | None, *, named_by: str = "") -> None:
    """Check a configuration file and the files that it names.

    Args:
        file: The file.
        keys: The options that it may have at its top; ``None`` for part of a configuration.
        named_by: The place that names the file, for the message.

    Raises:
        FileNotFoundError: If it is missing.
        ValueError: If it is no configuration.
    """
    if file.exists() and not file.is_dir() and not file.is_file():
        return  # a pipe, which can be read only once
    root = _root(file, read_config(file, named_by=named_by))
    for key, _ in root.value if keys is not None else ():
        name = key.value.split(".")[0]
        if name not in (keys or ()):
            raise ValueError(f"{_at(file, key)}: {_unknown(name, keys or ())}")
    for key, value in _references(root):
        part = file.parent / Path(value.value).expanduser()
        check_config(part, None, named_by=f"{_at(file, value)}: `{key}`")


def read_config(file: Path, *, named_by: str = "") -> str:
    """Read the text of a configuration.

    Raises:
        FileNotFoundError: If it is missing; says where it was looked for.
        ValueError: If it is not text in UTF-8.
    """
    file = file.expanduser()
    if not file.exists():
        if named_by:
            raise FileNotFoundError(
                f"{named_by} names '{file.absolute()}', which does not exist."
                f"{advice(file.name) or ' Give the path relative to the file that names it.'}"
            )
        raise FileNotFoundError(
            f"There is no configuration '{file}': looked for '{file.absolute()}'."
            f"{advice(str(file)) or ' `python -m lowner_pl configs` lists those of the package.'}"
        )
    if file.is_dir():
        raise ValueError(f"'{file}' is a folder. Give the configuration file in it.")
    if (size := file.stat().st_size) > MOST_BYTES:
        raise ValueError(
            f"'{file}' has {size:,} bytes, which is too large for a configuration. Give the YAML "
            "file of the options."
        )
    return _decoded(file, file.read_bytes())


def load_config(file: Path) -> Any:
    """Read a configuration as plain values; see `check_config` for what is refused."""
    text = read_config(file)
    _root(file, text)
    return yaml.load(text, Loader=_LOADER)


def _decoded(file: Path, content: bytes) -> str:
    """Decode a file, or say in which encoding it seems to be and where."""
    if content.startswith(_BYTE_ORDER_MARKS):
        raise ValueError(f"'{file}' is saved as UTF-16. Save it as UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content[: error.start].count(b"\n") + 1
        if b"\0" in content:
            raise ValueError(f"'{file}' is not a text file. Give a YAML file.") from None
        line = content.splitlines()[number - 1].decode("cp1252", errors="replace").strip()
        raise ValueError(
            f"{file}, line {number}: {line[:80]!r} is not in UTF-8. Save the file as UTF-8; "
            "editors on Windows call its present encoding ANSI or Windows-1252."
        ) from None
    if odd := _CONTROL.search(text):
        raise ValueError(
            f"{file}, line {text.count(chr(10), 0, odd.start()) + 1}: the character "
            f"U+{ord(odd[0]):04X} can't be in a configuration. Save the file as UTF-8 text."
        )
    return text


def _root(file: Path, text: str) -> Any:
    """Parse a configuration, checked for everything that needs no knowledge of the options."""
    try:
        _check_unfolded(str(file), text)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        _refuse_yaml(file, text, error)
    if root is None:
        raise ValueError(f"'{file}' has no options in it. Leave it out, or write them as YAML.")
    if not isinstance(root, yaml.MappingNode):
        kind = "a list" if isinstance(root, yaml.SequenceNode) else f"{root.value[:80]!r}"
        raise ValueError(
            f"{_at(file, root)}: a configuration consists of lines such as `seed_everything: 1`, "
            f"but this is {kind}."
        )
    for node in _nodes(root):
        if isinstance(node, yaml.MappingNode):
            _check_keys(file, node)
        elif isinstance(node, yaml.ScalarNode) and node.style == '"':
            _check_quoted(file, node, text)
        if not (node.tag or "").startswith("tag:yaml.org,2002:") or "python" in node.tag:
            raise ValueError(
                f"{_at(file, node)}: the YAML tag {node.tag[:80]!r} can't be read. Leave it out."
            )
    return root


class _Unfolded:
    """The values and levels of a text with every alias written out, counted before any is read.

    Args:
        place: Where the text stands, for messages.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        self.known: dict[str, tuple[int, int]] = {}  # by anchor: values and levels
        self.opened: list[list[Any]] = [[None, 0, 0]]  # of each open list: anchor, values, levels

    def take(self, event: Any) -> None:
        """Count an event.

        Raises:
            ValueError: If there are too many values or levels, or an alias stands for itself.
        """
        line = event.start_mark.line + 1
        if isinstance(event, yaml.CollectionStartEvent):
            self._add(1, 1, line)
            self.opened.append([event.anchor, 0, 0])
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, values, levels = self.opened.pop()
            self._add(values, levels + 1, line)
            self.known[anchor] = values + 1, levels + 1
        elif isinstance(event, yaml.ScalarEvent):
            self._add(1, 0, line)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor in [anchor for anchor, _, _ in self.opened]:
                raise ValueError(f"{self.place}, line {line}: `*{event.anchor}` contains itself.")
            self._add(*self.known.get(event.anchor, (1, 0)), line)

    def _add(self, values: int, levels: int, line: int) -> None:
        """Add to the innermost open list."""
        self.opened[-1][1] += values
        self.opened[-1][2] = max(self.opened[-1][2], levels)
        if len(self.opened) + levels > DEEPEST:
            raise ValueError(
                f"{self.place}, line {line}: nested deeper than {DEEPEST} levels, as no option is. "
                "Check the brackets."
            )
        if self.opened[-1][1] > MOST_VALUES:
            raise ValueError(
                f"{self.place}, line {line}: more than {MOST_VALUES:,} values, counting those that "
                "aliases (`*name`) repeat. Write them without aliases."
            )


def _check_unfolded(place: str, text: str) -> None:
    """Refuse nesting and aliases that would take a reader's stack or memory."""
    unfolded = _Unfolded(place)
    for event in yaml.parse(text, Loader=_LOADER):
        unfolded.take(event)


def _check_size(value: str, option: str) -> None:
    """Refuse a value of the command line that unfolds without end; what is no YAML is text."""
    try:
        _check_unfolded(f"`{option}`", value)
    except yaml.YAMLError:
        return


def _refuse_yaml(file: Path, text: str, error: Any) -> NoReturn:
    """Raise what a YAML error comes down to, with its line and remedy."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    number = 1 if mark is None else mark.line + 1
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    lines = text.splitlines()
    for row, line in enumerate(lines, 1):
        indent = line[: len(line) - len(line.lstrip())]
        if odd := indent.strip(" "):
            name = "a tab" if odd[0] == "\t" else f"U+{ord(odd[0]):04X}"
            raise ValueError(f"{file}, line {row}: indented with {name}. Use spaces.") from None
    while number > 1 and not "".join(lines[number - 1 : number]).strip():
        number -= 1  # the text ends too early, with empty lines
    line = "".join(lines[number - 1 : number]).strip()
    if "escape" in problem or "hex" in problem:
        raise ValueError(f"{file}, line {number}: {_backslash(line)}") from None
    raise ValueError(
        f"{file}, line {number}: this is not YAML ({problem}): {line[:80]!r}. Check the "
        "indentation, colons, brackets and quotes there."
    ) from None


def _check_keys(file: Path, node: Any) -> None:
    """Refuse keys that occur twice, of which YAML keeps the last, and keys that are no names."""
    lines: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise ValueError(f"{_at(file, key)}: a key must be a word, not a list or a mapping.")
        if (before := lines.setdefault(key.value, key.start_mark.line)) != key.start_mark.line:
            raise ValueError(
                f"{_at(file, key)}: `{key.value}` is also in line {before + 1}. Keep one of them."
            )


def _check_quoted(file: Path, node: Any, text: str) -> None:
    r"""Refuse a Windows path in double quotes, in which `\n` and `\t` stand for other letters."""
    written = text[node.start_mark.index : node.end_mark.index]
    if _PATH_WITH_BACKSLASH.search(written.replace("\\\\", "/")):
        raise ValueError(f"{_at(file, node)}: {_backslash(written)}")


def _backslash(line: str) -> str:
    """Say what is wrong with a backslash between double quotes."""
    return (
        f"a backslash in double quotes is not read as it stands, in {line[:80]}. Write the path "
        "with `/`, or in single quotes."
    )


def _unknown(name: str, keys: Collection[str]) -> str:
    """Say that a key is not an option, and what the file may be instead."""
    if name == "stages":
        return "`stages` are of a pipeline. Run this file with `augment --config`."
    if name in ("class_path", "init_args"):
        return (
            f"`{name}` is of a part of a configuration. Give this file with `--data`, `--model` or "
            "another option that takes a class."
        )
    return f"there is no option `{name[:80]}`. Those of a configuration are {', '.join(keys)}."


def _references(root: Any) -> Iterator[tuple[str, Any]]:
    """Yield the values that name other configuration files, with their keys."""
    for node in _nodes(root):
        for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
            if key.value in REFERRING:
                for item in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    if isinstance(item, yaml.ScalarNode) and item.value.endswith(_SUFFIXES):
                        yield key.value, item


def _nodes(root: Any) -> Iterator[Any]:
    """Yield every node once, however many aliases stand for it."""
    seen: set[int] = set()
    todo = [root]
    while todo:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.SequenceNode):
            todo += reversed(node.value)
        elif isinstance(node, yaml.MappingNode):
            todo += [part for pair in reversed(node.value) for part in reversed(pair)]


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the options of a command line with each of their values."""
    option = ""
    for word in words:
        if word.startswith("-") and not word[1:2].isdigit() and word != "-":
            option, equals, value = word.partition("=")
            if equals:
                yield option, value
        else:
            yield option, word


def _at(file: Path, node: Any) -> str:
    """Return where a node stands."""
    return f"{file}, line {node.start_mark.line + 1}"
