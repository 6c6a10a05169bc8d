"""A file that is written over several runs of a command and appears when it is complete."""

import json
import os
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import IO, Self

from lowner_pl.runs.files import Partial, unwritable, write_json

SECONDS = 5.0
"""How often the place is noted from which the command can go on."""


class OutputFile:
    """A file of tagged texts. What is done is kept when the command is stopped.

    Until the file is complete, its content is in ``.<name>.unfinished``, and the number of texts in
    ``.<name>.progress``. Both are used again if the signature is the same.

    Args:
        target: The file.
        signature: Describes everything that the content depends on; ``None`` if it can't be made
            again, so that nothing is kept.

    Attributes:
        documents: Number of texts that an earlier command has written.

    Raises:
        OSError: If the file can't be written.
        ValueError: If another process is writing it.
    """

    def __init__(self, target: Path, signature: str | None) -> None:
        self.target = target
        self.signature = signature
        self.documents = 0
        self._progress = target.with_name(f".{target.name}.progress")
        self._path = target.with_name(f".{target.name}.unfinished")
        self._noted = monotonic()
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = self._path.open("ab")
            self._lock()
            self.documents, self._size = self._found()
            self._kept = self.documents
            self._file.truncate(self._size)
        except OSError as error:
            raise unwritable(target, error) from error

    def write(self, text: str, documents: int = 0) -> None:
        """Append text, and count the texts that it completes.

        Raises:
            OSError: If the disk is full. The message says whether another run goes on.
        """
        data = text.encode()
        try:
            self._file.write(data)
            self._size += len(data)  # the file itself may end in a part of a text after an error
            self.documents += documents
            if self.signature is not None and monotonic() - self._noted > SECONDS:
                self._note()
        except OSError as error:
            raise self._failure(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._commit()
                return
            with suppress(OSError):  # a full disk: the last note still counts
                if self.signature is not None and self.documents:
                    self._note()
        finally:
            self._close()
            if not self._progress.exists():
                self._path.unlink(missing_ok=True)

    def _commit(self) -> None:
        """Move the complete file to its place."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._path.replace(self.target)
        except OSError as error:
            raise self._failure(error) from error
        self._progress.unlink(missing_ok=True)

    def _failure(self, error: OSError) -> OSError:
        """Say why the file can't be written, and what the next command will find of it."""
        failure = unwritable(self.target, error)
        if not self._progress.exists():
            return failure
        explained = OSError(
            f"{failure} Then run the same command again: it goes on after {self._kept:,} texts."
        )
        explained.errno = error.errno
        return explained

    def _close(self) -> None:
        """Close the file; what does not fit on the disk is dropped."""
        with suppress(OSError):
            self._file.close()

    def _note(self) -> None:
        """Note how many texts are written, after they are."""
        self._file.flush()
        noted = {"signature": self.signature, "documents": self.documents, "bytes": self._size}
        write_json(self._progress, noted)
        self._noted, self._kept = monotonic(), self.documents

    def _found(self) -> tuple[int, int]:
        """Find how many texts, in how many bytes, an earlier command with this signature wrote."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            noted = json.loads(self._progress.read_text(encoding="utf-8"))
            documents, size = int(noted["documents"]), int(noted["bytes"])
            if noted["signature"] == self.signature and size <= self._path.stat().st_size:
                return documents, size
        self._progress.unlink(missing_ok=True)
        return 0, 0

    def _lock(self) -> None:
        """Make sure that no other process writes the same file."""
        try:
            import fcntl
        except ImportError:  # Windows
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise ValueError(
                f"Another process is writing '{self.target}'. Wait for it, or give another --out."
            ) from None


def check_target(target: Path, inputs: list[Path], *, overwrite: bool) -> None:
    """Check that an output can be written and replaces nothing that is wanted.

    Raises:
        ValueError: If it is one of the inputs, a folder, a device, or exists.
    """
    if target.exists():
        for path in inputs:
            if path.exists() and path.samefile(target):
                raise ValueError(f"'{target}' is an input. Give another --out.")
        if not target.is_file():
            what = "a folder" if target.is_dir() else "no ordinary file"
            raise ValueError(
                f"--out is '{target}', which is {what}. Name a file, or leave --out away to write "
                "to standard output."
            )
        if not overwrite:
            raise ValueError(
                f"'{target}' exists. Add --overwrite to replace it, or give another --out."
            )
    Partial(target).discard()  # fails now if the folder can't be written
