"""Checks of paths: whether a folder can have a name, and whether a file lies in a folder."""

import unicodedata
from pathlib import Path

LONGEST_NAME = 100  # characters in a part of a folder's name; file systems allow 255 bytes


def check_folder_name(option: str, name: str) -> None:
    """Refuse a name that would put a run into another folder or that no screen can show.

    Args:
        option: The option that sets the name, for the message.
        name: The name.

    Raises:
        ValueError: If the name is empty, too long, or has a path separator, a control character or
            a space at either end.
    """
    odd = [c for c in name if c in "/\\" or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    if odd or name in (".", "..") or name != name.strip() or not 0 < len(name) <= LONGEST_NAME:
        raise ValueError(
            f"`{option}` becomes part of a folder's name and can't be {name[:80]!r}. Use 1 to "
            f"{LONGEST_NAME} letters, digits, dashes and dots, without slashes or control "
            "characters."
        )


def lies_in(file: str | Path | None, folder: Path) -> bool:
    """Tell whether a file is somewhere below a folder; links and relative paths are resolved."""
    return file is not None and folder.resolve() in Path(file).resolve().parents
