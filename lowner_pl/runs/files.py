"""Files and folders that are written whole or not at all, and locks between processes.

While a file is being written, it is called ``.<name>.<process>.<number>.partial`` and locked by its
process. If the process is killed, the next process that writes into the same folder removes that
file. Files that a living process is writing are never touched.
"""

import contextlib
import errno
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Self

if sys.platform != "win32":
    import fcntl
if TYPE_CHECKING:
    from filelock import BaseFileLock

_LEFT_BEHIND = re.compile(r"\.(.+)\.(\d+)\.\d+\.(partial|old)")
_NAME = 50  # characters kept of the target's name, so that the hidden name is not too long
_numbers = count()
_unfinished: set["Partial"] = set()


class Partial:
    """A file or folder that takes the place of its target once it is complete.

    As a context manager, it is committed at the end of the ``with`` block, or discarded if the
    block raises an error.

    Args:
        target: The final path. Missing parent folders are created.
        folder: Whether to create a folder instead of a file. It replaces a folder at ``target``.

    Attributes:
        path: The temporary path to write to.

    Raises:
        OSError: If the file or folder can't be created.
    """

    def __init__(self, target: Path, *, folder: bool = False) -> None:
        self.target = target
        name = f".{target.name[:_NAME]}.{os.getpid()}.{next(_numbers)}.partial"
        self.path = target.with_name(name)
        self._folder = folder
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            clear_abandoned(target.parent)
            _unfinished.add(self)
            if folder:
                self.path.mkdir()
            self._descriptor = os.open(
                self.path, os.O_RDONLY if folder else os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666
            )
        except OSError as error:
            _unfinished.discard(self)
            raise unwritable(target, error) from error
        _try_lock(self._descriptor)

    def commit(self) -> None:
        """Move the file or folder to its target.

        Raises:
            OSError: If that fails; an earlier file or folder at the target stays.
        """
        try:
            if self._folder:
                self._replace_folder()
            else:
                os.fsync(self._descriptor)
                self.path.replace(self.target)
        except OSError as error:
            raise unwritable(self.target, error) from error
        finally:
            self.discard()

    def discard(self) -> None:
        """Remove the temporary file or folder, unless it has been moved to its target."""
        if self not in _unfinished:
            return
        _remove(self.path)
        with contextlib.suppress(OSError, AttributeError):  # interrupted before it was open
            os.close(self._descriptor)
        _unfinished.discard(self)

    def _replace_folder(self) -> None:
        """Move the folder to its target; restore the earlier folder if that fails."""
        old = self.target.with_name(f".{self.target.name}.{os.getpid()}.{next(_numbers)}.old")
        there = self.target.exists()
        try:
            if there:
                self.target.rename(old)
            self.path.rename(self.target)
        except BaseException:
            if old.exists() and not self.target.exists():
                old.rename(self.target)
            raise
        _remove(old)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, _: object) -> None:
        if kind is None:
            self.commit()
            return
        self.discard()
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            raise unwritable(self.target, error) from error


def write_text(target: Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all.

    Raises:
        OSError: If it can't be written; an earlier file stays.
    """
    with Partial(target) as partial:
        partial.path.write_text(text, encoding="utf-8", newline="\n")


def write_json(target: Path, record: Mapping[str, object]) -> None:
    """Write a JSON file, whole or not at all; see `write_text`."""
    write_text(target, json.dumps(record, indent=2, ensure_ascii=False) + "\n")


def discard_all() -> None:
    """Remove every file and folder that this process has begun to write and not finished."""
    for partial in list(_unfinished):
        partial.discard()


def clear_abandoned(folder: Path) -> None:
    """Remove the partial files of killed processes from a folder.

    If a process was killed while it replaced a folder, the earlier folder is restored.
    """
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            match = _LEFT_BEHIND.fullmatch(path.name)
            if match is None or not _is_abandoned(path, match[2]):
                continue
            if match[3] == "old" and not (target := path.with_name(match[1])).exists():
                path.rename(target)
            else:
                _remove(path)


def unwritable(target: Path, error: OSError) -> OSError:
    """Make an error that says which file can't be written, why, and what to do."""
    remedy = {
        errno.ENOSPC: " Free some space, or write to another disk.",
        errno.EDQUOT: " Free some space, or write to another disk.",
        errno.EROFS: " Write to another folder.",
        errno.EACCES: " Write to another folder.",
    }
    explained = OSError(
        f"'{target}' can't be written: {reason_of(error)}.{remedy.get(error.errno or 0, '')}"
    )
    explained.errno = error.errno
    return explained


def reason_of(error: OSError) -> str:
    """Return the operating system's reason, without the file name and the error number."""
    return os.strerror(error.errno) if error.errno else str(error)


def lock_beside(target: Path, *, wait: bool = False) -> "BaseFileLock":
    """Make the lock of a file or folder, which is the file ``.<name>.lock`` beside it.

    Args:
        target: The file or folder. Missing parent folders are created.
        wait: Whether to wait while another process holds the lock. Otherwise acquiring it raises
            `filelock.Timeout`.
    """
    from filelock import FileLock

    target.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(target.with_name(f".{target.name}.lock"), timeout=-1 if wait else 0)


def claim(target: Path, refusal: str) -> "BaseFileLock":
    """Lock a file or folder until the lock is released or this process ends.

    Raises:
        ValueError: If another process holds the lock, with ``refusal`` as the message.
    """
    from filelock import Timeout

    lock = lock_beside(target)
    try:
        lock.acquire()
    except Timeout as error:
        raise ValueError(refusal) from error
    return lock


@contextlib.contextmanager
def claimed(target: Path, refusal: str) -> Iterator[None]:
    """Lock a file or folder for the length of a ``with`` block; see `claim`."""
    lock = claim(target, refusal)
    try:
        yield
    finally:
        lock.release()


def _is_abandoned(path: Path, process: str) -> bool:
    """Tell whether the process that wrote a partial file has ended, here or on another machine."""
    if sys.platform == "win32":
        return False  # Windows has no signal 0 to test for a process
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        pass
    except OSError:
        return False
    else:
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    except OSError:
        return False
    try:
        return _try_lock(descriptor)  # a process on another machine may still hold the lock
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    """Try to lock an open file or folder, and return whether it worked."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # another process has locked it, or the file system has no locks
        return False
    return True


def _remove(path: Path) -> None:
    """Remove a file or folder if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
