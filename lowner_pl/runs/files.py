"""Files and folders that appear whole or not at all, their names, and locks between processes.

While it is written, a file lies beside its target as ``.<name>.<process>.<number>.partial``, locked
by its process. What a killed process left under such a name is removed by the next one that writes
into the same folder; what a living process writes is never touched.
"""

import contextlib
import errno
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Self

if sys.platform != "win32":
    import fcntl
if TYPE_CHECKING:
    from filelock import BaseFileLock

_LEFT = re.compile(r"\.(.+)\.(\d+)\.\d+\.(partial|old)")
_NAME = 50  # characters of the target's name, so that the hidden name is not too long for a file
MOST_LETTERS = 100  # in a part of a folder's name; file systems allow 255 bytes
_numbers = count()
_unfinished: set["Partial"] = set()


class Partial:
    """A file or folder beside its target that takes the target's place once it is whole.

    In a ``with`` block it does so at the end, and is removed if the block ends in an error.

    Args:
        target: Where it is to appear. Its folder is made if it is missing.
        folder: Whether it is a folder. One that is at ``target`` is then replaced.

    Attributes:
        path: Where to write meanwhile.

    Raises:
        OSError: If it cannot be written.
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
        """Put it in the target's place.

        Raises:
            OSError: If it cannot be written; what stood there stays.
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
        """Remove what was written, unless it has taken the target's place."""
        if self not in _unfinished:
            return
        _remove(self.path)
        with contextlib.suppress(OSError, AttributeError):  # interrupted before it was open
            os.close(self._descriptor)
        _unfinished.discard(self)

    def _replace_folder(self) -> None:
        """Put a folder in the place of another, which comes back if that fails."""
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
        OSError: If it cannot be written; what stood there stays.
    """
    with Partial(target) as partial:
        partial.path.write_text(text, encoding="utf-8", newline="\n")


def check_folder_name(option: str, name: str) -> None:
    """Refuse a name that would put a run into another folder, or that no screen can show.

    Args:
        option: The option that gives the name, for the message.
        name: The name.

    Raises:
        ValueError: If it is empty, long, or has a path separator or a control character in it.
    """
    odd = [c for c in name if c in "/\\" or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    if odd or name in (".", "..") or name != name.strip() or not 0 < len(name) <= MOST_LETTERS:
        raise ValueError(
            f"`{option}` becomes part of a folder's name and can't be {name[:80]!r}. Use 1 to "
            f"{MOST_LETTERS} letters, digits, dashes and dots, without slashes or control "
            "characters."
        )


def lies_in(file: str | Path | None, folder: Path) -> bool:
    """Tell whether a file lies below a folder, however their paths are written."""
    return file is not None and folder.resolve() in Path(file).resolve().parents


def discard_all() -> None:
    """Remove everything that this process has begun to write and not finished."""
    for partial in list(_unfinished):
        partial.discard()


def clear_abandoned(folder: Path) -> None:
    """Remove what killed processes left half-written in a folder.

    A folder that a killed process was about to replace is put back.
    """
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if (left := _LEFT.fullmatch(path.name)) is None or not _is_abandoned(path, left[2]):
                continue
            if left[3] == "old" and not (target := path.with_name(left[1])).exists():
                path.rename(target)
            else:
                _remove(path)


def unwritable(target: Path, error: OSError) -> OSError:
    """Make an error that says what cannot be written, why, and what to do."""
    remedy = {
        errno.ENOSPC: " Free some space, or write to another disk.",
        errno.EDQUOT: " Free some space, or write to another disk.",
        errno.EROFS: " Write to another folder.",
        errno.EACCES: " Write to another folder.",
    }
    said = OSError(
        f"'{target}' can't be written: {reason_of(error)}.{remedy.get(error.errno or 0, '')}"
    )
    said.errno = error.errno
    return said


def reason_of(error: OSError) -> str:
    """Return why something can't be written, without a file's name or an error's number."""
    return os.strerror(error.errno) if error.errno else str(error)


def lock_beside(target: Path, *, wait: bool = False) -> "BaseFileLock":
    """Make the lock of a file or folder: the file ``.<name>.lock`` beside it.

    Args:
        target: The file or folder; the folder that holds it is made if it is missing.
        wait: Whether acquiring it waits for another process, where it raises
            `filelock.Timeout` otherwise.
    """
    from filelock import FileLock

    target.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(target.with_name(f".{target.name}.lock"), timeout=-1 if wait else 0)


def claim(target: Path, refusal: str) -> "BaseFileLock":
    """Lock a file or folder until the lock is released or this process ends.

    Raises:
        ValueError: If another process has it, with ``refusal`` as the message.
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
    """Tell whether the process that wrote a hidden file has ended, be it on another machine."""
    if sys.platform == "win32":
        return False  # it has no signal 0 to ask by
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
        return _try_lock(descriptor)
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    """Lock an open file or folder; return whether that went well."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # another process has it, or the file system has no locks
        return False
    return True


def _remove(path: Path) -> None:
    """Remove a file or folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
