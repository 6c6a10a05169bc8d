"""The rate of a linear layer's matrix products in 32 bits and in bfloat16, on one thread.

python benchmarks/product_rate.py --out results.jsonl

In tagging a layer has one product, of inputs and weights. In training it has two more, for the
gradients of inputs and of weights, and a processor without instructions for bfloat16 is not equally
slow in all three.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from common import append, one_thread, processor

PRODUCTS = ("forward", "input_gradient", "weight_gradient")


def main() -> None:
    """Measure both formats in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=512, help="rows, inputs and outputs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    options = parser.parse_args()
    one_thread()
    rounds = [
        [layer_seconds(options.size, dtype) for dtype in (torch.float32, torch.bfloat16)]
        for _ in range(options.rounds + 1)
    ][1:]
    single, half = (
        [statistics.median(seconds) for seconds in zip(*side, strict=True)]
        for side in zip(*rounds, strict=True)
    )
    operations = 2 * options.size**3
    append(
        options.out,
        {
            "benchmark": "product_rate",
            "processor": processor(),
            "size": options.size,
            "gflop_s_32": _rates(operations, single),
            "gflop_s_bf16": _rates(operations, half),
            "bf16_times_slower_in_tagging": round(half[0] / single[0], 2),
            "bf16_times_slower_in_training": round(sum(half) / sum(single), 2),
        },
    )


def layer_seconds(size: int, dtype: torch.dtype) -> list[float]:
    """Measure the processor time of each of `PRODUCTS`.

    Args:
        size: Number of rows, inputs and outputs.
        dtype: Number format.
    """
    inputs, weights, gradient = (torch.randn(size, size).to(dtype) for _ in range(3))
    return [
        _seconds(lambda: inputs @ weights.t()),
        _seconds(lambda: gradient @ weights),
        _seconds(lambda: gradient.t() @ inputs),
    ]


def _seconds(product: Callable[[], object]) -> float:
    """Measure the processor time of a call."""
    start = time.process_time()
    product()
    return time.process_time() - start


def _rates(operations: int, seconds: list[float]) -> dict[str, float]:
    """Compute billions of operations per second."""
    return {
        name: round(operations / each / 1e9, 1)
        for name, each in zip(PRODUCTS, seconds, strict=True)
    }


if __name__ == "__main__":
    main()
