"""Matrix products of 32-bit floats on processors where the usual ones are slow.

PyTorch multiplies 32-bit floats by Intel's MKL, which on AMD processors with AVX-512 is slower than
oneDNN, which PyTorch has on board for other types.
"""

from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

_STEPS_OF_A_DOUBLING = 4
_LEAST, _MOST = 16, 256


@cache
def has_fast_products() -> bool:
    """Return whether oneDNN is there and MKL is slow: an AMD processor with AVX-512."""
    capability = torch.backends.cpu.get_cpu_capability()
    if capability != "AVX512" or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return False
    try:
        return "AuthenticAMD" in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False


def use_fast_products(module: nn.Module) -> None:
    """Let the linear layers of a module multiply by oneDNN, where that is faster."""
    if has_fast_products():
        for part in module.modules():
            if type(part) is nn.Linear:
                part.__class__ = FastLinear


def multiplies_fast(tensor: Tensor) -> bool:
    """Return whether a tensor is multiplied by oneDNN: 32 bits, on a processor, no autocast."""
    return (
        has_fast_products()
        and tensor.dim() > 1
        and tensor.numel() > 0
        and tensor.dtype == torch.float32
        and tensor.device.type == "cpu"
        and not torch.is_autocast_enabled("cpu")
    )


def product(rows: Tensor, weight: Tensor) -> Tensor:
    r"""Return :math:`XW^\top`. Shapes ``(N, I)`` and ``(O, I)`` give ``(N, O)``."""
    if not multiplies_fast(rows):
        return rows @ weight.t()
    return _Product.apply(rows, weight, None)  # type: ignore[no-untyped-call, no-any-return]


def rows_with_padding(rows: int) -> int:
    """Return a number of rows, not smaller, of which there are few.

    oneDNN makes and keeps a program for each shape, at a cost: numbers are rounded up to one
    of four between a power of two and the next, at least to a multiple of 16, at most of 256.

    >>> [rows_with_padding(n) for n in (1, 50, 130, 300, 1000, 5000)]
    [16, 64, 160, 320, 1024, 5120]
    """
    step = (1 << (rows.bit_length() - 1)) // _STEPS_OF_A_DOUBLING
    step = min(max(step, _LEAST), _MOST)
    return -(-rows // step) * step


class FastLinear(nn.Linear):
    """A linear layer whose products, forwards and backwards, are oneDNN's."""

    def forward(self, input: Tensor) -> Tensor:
        """Return what `torch.nn.Linear` returns."""
        if not multiplies_fast(input) or self.weight.dtype != torch.float32:
            return super().forward(input)
        product: Tensor = _Product.apply(input.flatten(0, -2), self.weight, self.bias)  # type: ignore[no-untyped-call]
        return product.view(*input.shape[:-1], -1)


class _Product(torch.autograd.Function):
    r""":math:`XW^\top + b`; its gradients are products again, so that it has all derivatives."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Multiply. Shapes ``(N, I)``, ``(O, I)`` and ``(O,)`` give ``(N, O)``."""
        ctx.save_for_backward(rows, weight)
        product: Tensor = torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")
        return product

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of those that want one."""
        rows, weight = ctx.saved_tensors
        wants_rows, wants_weight, wants_bias = ctx.needs_input_grad
        return (
            _Product.apply(gradient, weight.t(), None) if wants_rows else None,  # type: ignore[no-untyped-call]
            _Product.apply(gradient.t(), rows.t(), None) if wants_weight else None,  # type: ignore[no-untyped-call]
            gradient.sum(0) if wants_bias else None,
        )
