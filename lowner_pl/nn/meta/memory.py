"""What the C library does with memory that is freed."""

import contextlib
import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # numbers of the options in glibc's malloc.h
_MOST = 2**31 - 1


def keep_freed_memory() -> None:
    """Let the process keep what it frees, for its next use.

    An inner loop frees a gradient for each weight in each step. glibc gives large pieces back to
    the system, which then has to clear them again for every gradient. Other
    C libraries have no such option. `malloc_trim` still returns what is free.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        library = ctypes.CDLL(None)
        for option in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
            library.mallopt(option, _MOST)
