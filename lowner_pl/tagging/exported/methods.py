"""Finding the class of a method by its name."""

from contextlib import suppress
from importlib import import_module
from pathlib import Path

from lowner_pl import modules
from lowner_pl.modules import BaseModule, NERModule


def method_class(name: str, class_path: str, source: Path) -> type[NERModule]:
    """Find the class of a tagging method: one of this package, or that of a path.

    Args:
        name: Name of the class.
        class_path: Where a class of this name may be imported from, such as ``mine.Mine``.
        source: What is loaded, for messages.

    Raises:
        ValueError: If there is no such class, or it finds no entities.
    """
    found = getattr(modules, name, None) if name in modules.__all__ else None
    place, _, last = class_path.rpartition(".")
    if found is None and last == name:
        with suppress(ImportError, ValueError):
            found = getattr(import_module(place), name, None)
    if not (isinstance(found, type) and issubclass(found, BaseModule)):
        raise ValueError(
            f"'{source}' is of the method {name[:80]!r}, which is not in this version of "
            "lowner_pl. Use the version that trained it, or install the package of the method."
        )
    if not issubclass(found, NERModule):
        raise ValueError(
            f"'{source}' is a checkpoint of {name}, which finds no entities. Give the run of a "
            "tagger."
        )
    return found
