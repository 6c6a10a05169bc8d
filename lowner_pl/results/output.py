"""The files of a comparison. Pictures, the page and TensorBoard's folder join them here."""

from collections.abc import Callable
from pathlib import Path

from lowner_pl.results.comparison import Comparison
from lowner_pl.results.tables.formats import as_csv, as_latex, as_markdown
from lowner_pl.results.tables.terminal import as_text
from lowner_pl.runs.files import write_text

NAME = "comparison"
FORMATS: dict[str, Callable[[Comparison], str]] = {
    "txt": as_text,
    "csv": as_csv,
    "md": as_markdown,
    "tex": as_latex,
}


def write_comparison(comparison: Comparison, folder: Path) -> list[Path]:
    """Write a comparison in all formats.

    Args:
        comparison: The comparison.
        folder: Where to write.

    Returns:
        The files that people open.

    Raises:
        OSError: If a file can't be written.
    """
    files = {folder / f"{NAME}.{ending}": write for ending, write in FORMATS.items()}
    for file, write in files.items():
        write_text(file, write(comparison))
    return list(files)
