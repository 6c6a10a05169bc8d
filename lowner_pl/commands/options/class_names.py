"""The classes that an option takes, and the options that a class takes, by name."""

import inspect
from collections.abc import Iterator

from lightning.pytorch import Callback
from torch.optim import Optimizer

from lowner_pl.augmentation import Augmenter
from lowner_pl.datamodules import SentenceDataModule
from lowner_pl.modules import BaseModule

BASES: dict[str, type] = {
    "model": BaseModule,
    "data": SentenceDataModule,
    "optimizer": Optimizer,
    "callbacks": Callback,
    "augmenters": Augmenter,
}
"""The base of the classes that an option takes, by the last part of the option's name."""


def classes_for(option: str) -> dict[str, type]:
    """Find the classes that an option takes, by name; all known ones for an unknown option.

    Args:
        option: The option, such as ``model.optimizer``.
    """
    base = BASES.get(option.split(".")[-1])
    bases = [base] if base is not None else BASES.values()
    return {one.__name__: one for base in bases for one in _concrete(base)}


def class_named(path: str) -> type | None:
    """Look up a known class by its import path, or ``None`` if we don't know it."""
    known = (one for base in BASES.values() for one in _all(base))
    return next((one for one in known if _is(one, path)), None)


def is_base(kind: type) -> bool:
    """Tell whether a class only serves as a base: it is abstract, or a method without a name."""
    nameless = issubclass(kind, BaseModule) and not hasattr(kind, "method")
    return nameless or inspect.isabstract(kind) or kind in BASES.values()


def options_of(kind: type) -> set[str]:
    """Collect the names of the options in the constructors of a class and its base classes."""
    names = (
        name
        for base in kind.__mro__
        if base is not object and "__init__" in vars(base)
        for name, parameter in inspect.signature(base.__init__).parameters.items()  # type: ignore[misc]
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        and not name.startswith("_")  # jsonargparse makes no option of it
    )
    return set(names) - {"self", "params"}


def _is(kind: type, path: str) -> bool:
    """Compare a class with an import path, which may lead through a package that re-exports it."""
    module, _, name = path.rpartition(".")
    return kind.__name__ == name and kind.__module__.startswith(module.split(".")[0])


def _concrete(base: type) -> Iterator[type]:
    """Yield the public subclasses of a base that can be instantiated."""
    for kind in _all(base):
        if "." in kind.__module__ and not (kind.__name__.startswith("_") or is_base(kind)):
            yield kind


def _all(base: type) -> Iterator[type]:
    """Yield a base and all its subclasses."""
    yield base
    below: list[type] = base.__subclasses__()
    for kind in below:
        yield from _all(kind)
