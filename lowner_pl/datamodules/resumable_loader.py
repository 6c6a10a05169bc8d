"""A loader of training batches that can begin inside an epoch."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeVar

from torch.utils.data import DataLoader

_Item = TypeVar("_Item", covariant=True)


class ResumableLoader(DataLoader[_Item]):
    """A loader that leaves out the batches that a stopped run has learned from already.

    `BaseModule` says how many: those before the last update of the weights. Lightning would do so
    only for some configurations, but asks for these two methods.
    """

    _done = 0

    def state_dict(self) -> dict[str, Any]:
        """Return the number of batches that the next pass leaves out."""
        return {"batches": self._done}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Leave out batches in the next pass."""
        self._done = int(state_dict["batches"])

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        # A generator, so that nothing is read before the first batch is asked for: Lightning makes
        # the iterator before it tells the sampler the epoch.
        done, self._done = self._done, 0
        yield from islice(super().__iter__(), done, None)
