"""Memory that the process no longer needs."""

import contextlib
import ctypes


def give_back_memory() -> None:
    """Return freed memory from the C library to the system; call it after every few batches.

    Tensors of ever changing sizes leave holes in memory, so a long prediction would take more and
    more of it. A call takes a few milliseconds. Only glibc has this function.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
