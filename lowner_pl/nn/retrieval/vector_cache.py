"""Vectors on disk, under names that follow from all that they depend on."""

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from lightning.pytorch.utilities import rank_zero_info
from torch import Tensor

from lowner_pl.runs.files import Partial, lock_beside, reason_of


class VectorCache:
    """A folder of vectors. Of processes that want the same ones, one makes them.

    Args:
        folder: The folder, made when needed.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def get(self, key: str, rows: int, make: Callable[[], Tensor]) -> Tensor:
        """Return the vectors kept under a key, made and kept if they are not there.

        A file that is not whole, or holds something else, is made anew, which is said.

        Args:
            key: Says what the vectors are; a name that can be a file's.
            rows: How many there are to be, R.
            make: Makes them. Shape ``(R, H)``.

        Returns:
            The vectors, 32-bit floats on the host. Shape ``(R, H)``.

        Raises:
            OSError: If the folder cannot be written.
        """
        file = self.folder / f"{key}.npz"
        with self._lock(file):
            vectors = _read(file, key, rows)
            if vectors is None:
                vectors = make()
                with self._explained():
                    _write(file, key, vectors)
            return vectors

    @contextmanager
    def _lock(self, file: Path) -> Iterator[None]:
        """Keep other processes from a file."""
        with self._explained():
            lock = lock_beside(file, wait=True)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Say which option an error of the file system is about."""
        try:
            yield
        except OSError as error:
            raise OSError(
                f"`vector_cache` must be a folder that can be written, was: '{self.folder}' "
                f"({reason_of(error)}). Name another one, or null to keep no vectors on disk."
            ) from error


def key_of(*parts: object) -> str:
    """Return a hash of plain values, as a file's name."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(repr(part).encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()


def _read(file: Path, key: str, rows: int) -> Tensor | None:
    """Return the vectors of a file, or ``None`` if it is not there or not good."""
    if not file.exists():
        return None
    try:  # sums are checked in reading
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            name, vectors = str(arrays["key"]), arrays["vectors"]
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile):
        name, vectors = "", np.empty(0)
    if name == key and vectors.dtype == np.float32 and vectors.ndim == 2 and len(vectors) == rows:
        return torch.from_numpy(vectors)
    rank_zero_info(f"{file} does not hold the vectors it is to hold, and is made anew.")
    return None


def _write(file: Path, key: str, vectors: Tensor) -> None:
    """Write a file whole or not at all."""
    with Partial(file) as partial, partial.path.open("wb") as stream:
        np.savez(stream, key=np.array(key), vectors=vectors.numpy())
