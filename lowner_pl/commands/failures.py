"""Error reports of the command line: one sentence, and how to get the traceback."""

import errno
import os
import sys
import traceback
import unicodedata

MOST = 1000  # characters of an error message
HINT = "(LOWNER_PL_DEBUG=1 shows where.)"
_WRONG_PATH = (errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG)
_NO_MEMORY = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate")


def report(error: Exception) -> int:
    """Print an error in one sentence, or with its traceback under ``LOWNER_PL_DEBUG``.

    Returns:
        The exit status.
    """
    if os.environ.get("LOWNER_PL_DEBUG"):
        traceback.print_exception(error)
    else:
        print(f"error: {describe(error)}\n{HINT}", file=sys.stderr)
    return 1


def describe(error: BaseException) -> str:
    """Describe an error in one line.

    >>> describe(ValueError("`seed` is -1, but it must be at least 0."))
    '`seed` is -1, but it must be at least 0.'
    >>> describe(MemoryError()).split(":")[0]
    'The machine does not have enough memory'
    >>> describe(KeyError("words")).split(".")[0]
    "Unexpected KeyError: 'words'"
    """
    text = shortened(error)
    if _is_out_of_memory(error, text):
        return (
            f"The machine does not have enough memory: {text.rstrip('.')}. Use a smaller "
            "`--data.batch_size` or a smaller backbone, or close other programs."
        )
    if isinstance(error, OSError) and error.strerror and error.filename:
        advice = " Check the path." if error.errno in _WRONG_PATH else ""
        return f"{error.strerror}: '{os.fspath(error.filename)[:80]}'.{advice}"
    if isinstance(error, ValueError | OSError) or "Misconfiguration" in type(error).__name__:
        return text
    return (
        f"Unexpected {type(error).__name__}: {text.rstrip('.')}. This may be a bug in lowner_pl; "
        "please report it with the traceback that LOWNER_PL_DEBUG=1 prints."
    )


def shortened(error: BaseException, most: int = MOST) -> str:
    """Write the text of an error in one line, without control characters, cut to a length."""
    line = " ".join(str(error).split()) or type(error).__name__
    line = "".join("?" if unicodedata.category(letter) == "Cc" else letter for letter in line)
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _is_out_of_memory(error: BaseException, text: str) -> bool:
    """Tell whether memory ran out, here or on an accelerator; torch words this in many ways."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and any(words in text.lower() for words in _NO_MEMORY)
