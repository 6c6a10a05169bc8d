"""Where vectors are computed, and in which precision."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def full_precision() -> Iterator[None]:
    """Multiply 32-bit floats as such, also where training is allowed shorter ones (TF32)."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def fastest_device() -> torch.device:
    """Return the graphics card of this process if there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
