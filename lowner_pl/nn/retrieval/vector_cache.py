"""A disk cache of vectors, under keys that hash everything the vectors depend on."""

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
    """A folder of vectors. If several processes need the same vectors, one of them computes them.

    Args:
        folder: The folder, created when needed.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def get(self, key: str, rows: int, make: Callable[[], Tensor]) -> Tensor:
        """Return the vectors stored under a key; compute and store them if they are missing.

        A file that is damaged or has other content is replaced, with a message.

        Args:
            key: Identifies the vectors; also the file name.
            rows: Expected number of vectors R.
            make: Computes the vectors. Shape ``(R, H)``.

        Returns:
            The vectors, 32-bit floats on the CPU. Shape ``(R, H)``.

        Raises:
            OSError: If the folder can't be written to.
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
        """Lock a file against other processes."""
        with self._explained():
            lock = lock_beside(file, wait=True)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Name the option in errors of the file system."""
        try:
            yield
        except OSError as error:
            raise OSError(
                f"`vector_cache` is '{self.folder}', which can't be written to "
                f"({reason_of(error)}). Choose another folder, or null for no cache."
            ) from error


def key_of(*parts: object) -> str:
    """Hash plain values into a file name."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(repr(part).encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()


def _read(file: Path, key: str, rows: int) -> Tensor | None:
    """Read the vectors from a file; return ``None`` if it is missing or unusable."""
    if not file.exists():
        return None
    try:  # reading verifies the checksums
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            name, vectors = str(arrays["key"]), arrays["vectors"]
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile):
        name, vectors = "", np.empty(0)
    if name == key and vectors.dtype == np.float32 and vectors.ndim == 2 and len(vectors) == rows:
        return torch.from_numpy(vectors)
    rank_zero_info(f"{file} is damaged or has other content. Its vectors are computed again.")
    return None


def _write(file: Path, key: str, vectors: Tensor) -> None:
    """Write a file completely or not at all."""
    with Partial(file) as partial, partial.path.open("wb") as stream:
        np.savez(stream, key=np.array(key), vectors=vectors.numpy())
