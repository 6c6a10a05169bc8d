"""Checks of paths: whether a folder can have a name, and whether a file lies in a folder."""

import unicodedata
from pathlib import Path

LONGEST_NAME = 120  # bytes; a folder's name may consist of two such parts, and of 255 bytes


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
    if odd or name in (".", "..") or name != name.strip() or not 0 < _size(name) <= LONGEST_NAME:
        raise ValueError(
            f"`{option}` becomes part of a folder's name and can't be {name[:80]!r}. Use letters, "
            f"digits, dashes and dots, at most {LONGEST_NAME} bytes of them ({LONGEST_NAME} Latin "
            f"letters, or {LONGEST_NAME // 3} of scripts such as Chinese), without slashes or "
            "control characters."
        )


def _size(name: str) -> int:
    """Count the bytes of a name in a file system."""
    return len(name.encode(errors="replace"))


def lies_in(file: str | Path | None, folder: Path) -> bool:
    """Tell whether a file is somewhere below a folder; links and relative paths are resolved."""
    return file is not None and folder.resolve() in Path(file).resolve().parents
