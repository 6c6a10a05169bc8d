"""Reading YAML configurations, with an error of one sentence if that fails.

jsonargparse reports an unreadable file in up to ninety lines, most of them about other options, and
it expands aliases and nesting without a limit.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import yaml

DEEPEST = 50  # levels of nesting; our deepest configuration has 7
MOST_VALUES = 100_000  # counting every repetition by an alias
MOST_BYTES = 4 * 2**20

LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_ESCAPED_LETTER = re.compile(r"\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8})")
_PATH_WITH_BACKSLASH = re.compile(r'"(?:[A-Za-z]:|\\)\\|\w\\\w')


def read_text(file: Path) -> str:
    """Read the text of a configuration.

    Raises:
        ValueError: If it is a folder, too large, or not text in UTF-8.
    """
    if file.is_dir():
        raise ValueError(f"'{file}' is a folder. Give the configuration file in it.")
    if (size := file.stat().st_size) > MOST_BYTES:
        raise ValueError(
            f"'{file}' has {size:,} bytes, which is too large for a configuration. Give the YAML "
            "file with the options."
        )
    return _decode(file, file.read_bytes())


def parse(file: Path, text: str) -> yaml.MappingNode:
    """Parse a configuration and check everything that needs no knowledge of the options.

    Args:
        file: The file, for messages.
        text: Its text.

    Raises:
        ValueError: If the text is not a YAML mapping, or can't be expanded safely.
    """
    try:
        check_expansion(str(file), text)
        root = yaml.compose(text, Loader=LOADER)
    except yaml.YAMLError as error:
        _refuse_yaml(file, text, error)
    if root is None:
        raise ValueError(f"'{file}' has no options in it. Leave it out, or write them as YAML.")
    if not isinstance(root, yaml.MappingNode):
        kind = "a list" if isinstance(root, yaml.SequenceNode) else f"{str(root.value)[:80]!r}"
        raise ValueError(
            f"{at(file, root)}: a configuration consists of lines such as `seed_everything: 1`, "
            f"but this is {kind}."
        )
    for node in nodes(root):
        if isinstance(node, yaml.MappingNode):
            _check_keys(file, node)
        elif isinstance(node, yaml.ScalarNode) and node.style == '"':
            _check_quoted(file, node, text)
        tag = node.tag or ""
        if not tag.startswith("tag:yaml.org,2002:") or "python" in tag:
            raise ValueError(
                f"{at(file, node)}: the YAML tag {tag[:80]!r} can't be read. Leave it out."
            )
    return root


def check_expansion(place: str, text: str) -> None:
    """Refuse nesting and aliases that would exhaust the stack or the memory of a YAML reader.

    Args:
        place: Where the text comes from, for messages.
        text: The text.

    Raises:
        ValueError: If there are too many values or levels, or an alias contains itself.
        yaml.YAMLError: If the text is not YAML.
    """
    expansion = _Expansion(place)
    for event in yaml.parse(text, Loader=LOADER):
        expansion.take(event)


def nodes(root: yaml.Node) -> Iterator[yaml.Node]:
    """Yield every node once, however many aliases repeat it."""
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


def at(file: Path, node: yaml.Node) -> str:
    """Name the file and the line of a node."""
    return f"{file}, line {node.start_mark.line + 1}"


class _Expansion:
    """Counter of the values and levels that a text would have with its aliases expanded.

    Args:
        place: Where the text comes from, for messages.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        self.known: dict[str | None, tuple[int, int]] = {}  # values and levels of each anchor
        self.anchors: list[str | None] = [None]  # anchors of the open collections, outermost first
        self.values = [0]
        self.levels = [0]

    def take(self, event: yaml.Event) -> None:
        """Count a parser event.

        Raises:
            ValueError: If there are too many values or levels, or an alias contains itself.
        """
        line = event.start_mark.line + 1
        if isinstance(event, yaml.CollectionStartEvent):
            self._add(1, 1, line)
            self.anchors.append(event.anchor)
            self.values.append(0)
            self.levels.append(0)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, values, levels = self.anchors.pop(), self.values.pop(), self.levels.pop()
            self._add(values, levels + 1, line)
            self.known[anchor] = values + 1, levels + 1
        elif isinstance(event, yaml.ScalarEvent):
            self._add(1, 0, line)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor in self.anchors:
                raise ValueError(f"{self.place}, line {line}: `*{event.anchor}` contains itself.")
            self._add(*self.known.get(event.anchor, (1, 0)), line)

    def _add(self, values: int, levels: int, line: int) -> None:
        """Add values and levels to the innermost open collection."""
        self.values[-1] += values
        self.levels[-1] = max(self.levels[-1], levels)
        if len(self.values) + levels > DEEPEST:
            raise ValueError(
                f"{self.place}, line {line}: nested deeper than {DEEPEST} levels, but no option "
                "needs that many. Check the brackets."
            )
        if self.values[-1] > MOST_VALUES:
            raise ValueError(
                f"{self.place}, line {line}: more than {MOST_VALUES:,} values, counting those that "
                "aliases (`*name`) repeat. Write them without aliases."
            )


def _decode(file: Path, content: bytes) -> str:
    """Decode a UTF-8 file. The error for other files names the likely encoding and the line."""
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


def _refuse_yaml(file: Path, text: str, error: yaml.YAMLError) -> NoReturn:
    """Raise an error that says in which line the YAML is wrong, and what to do."""
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
        number -= 1  # empty lines at the end are not where the mistake is
    line = "".join(lines[number - 1 : number]).strip()
    if "escape" in problem or "hex" in problem:
        raise ValueError(f"{file}, line {number}: {_backslash(line)}") from None
    raise ValueError(
        f"{file}, line {number}: this is not YAML ({problem}): {line[:80]!r}. Check the "
        "indentation, colons, brackets and quotes there."
    ) from None


def _check_keys(file: Path, node: yaml.MappingNode) -> None:
    """Refuse keys that aren't words, and repeated keys: YAML would keep only the last one."""
    marks: dict[str, yaml.Mark] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise ValueError(f"{at(file, key)}: a key must be a word, not a list or a mapping.")
        before = marks.setdefault(key.value, key.start_mark)
        if before.index != key.start_mark.index:
            raise ValueError(
                f"{at(file, key)}: `{key.value[:80]}` is also in line {before.line + 1}. Keep one "
                "of them."
            )


def _check_quoted(file: Path, node: yaml.ScalarNode, text: str) -> None:
    r"""Refuse a Windows path in double quotes, where `\n` and `\t` mean other characters."""
    written = text[node.start_mark.index : node.end_mark.index]
    plain = _ESCAPED_LETTER.sub(" ", written.replace("\\\\", "/"))
    if _PATH_WITH_BACKSLASH.search(plain):
        raise ValueError(f"{at(file, node)}: {_backslash(written)}")


def _backslash(line: str) -> str:
    """Explain what is wrong with a backslash in double quotes."""
    return (
        "YAML does not read a backslash in double quotes literally, as in "
        f"{line[:80]}. Write the path with `/`, or in single quotes."
    )
