"""Named entity recognition for languages with about a hundred labelled sentences."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lowner_pl.results.tested.runs import load_runs
    from lowner_pl.tagging.loading import load

__all__ = ["__version__", "load", "load_runs"]
__version__ = "0.2.0.dev0"


if not TYPE_CHECKING:  # a type checker would believe in every name

    def __getattr__(name: str) -> object:
        """Import a function when it is first used, so that the package itself stays light."""
        if name == "load":
            from lowner_pl.tagging.loading import load

            return load
        if name == "load_runs":
            from lowner_pl.results.tested.runs import load_runs

            return load_runs
        raise AttributeError(f"module 'lowner_pl' has no attribute {name!r}")
