"""The number format of a run: as the user says, or chosen for the processor."""

from typing import Any, Literal

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.utilities import rank_zero_info, rank_zero_warn

from lowner_pl.runs.trainer.master_weights import MasterWeights

PrecisionName = (
    Literal["auto", "32-true", "16-mixed", "bf16-mixed", "bf16-true", "32", "16", "bf16"]
    | Literal[32, 16]
)
MEASURED = ": matrix products took 7 to 30 times as long on an AMD EPYC with AVX2 only"
"""What bfloat16 costs where `benchmarks/product_rate.py` measured it: 7 in tagging, 19 to 31 in
training."""


class RunTrainer(Trainer):
    """A Trainer that chooses its precision for the device, and keeps masters of 16-bit weights.

    New memory is not filled, whatever ``deterministic`` says.

    Args:
        precision: ``auto`` takes bf16-mixed on a processor or GPU that has instructions for
            bfloat16, and 32-true elsewhere. With bf16-true, weights are bfloat16, and the optimiser
            updates 32-bit copies; see `MasterWeights`.
        kwargs: Options of Trainer.
    """

    def __init__(self, *, precision: PrecisionName | None = None, **kwargs: Any) -> None:
        taken = take_precision(precision, kwargs.get("accelerator", "auto"))
        if taken == "bf16-true":
            kwargs["plugins"] = [*_listed(kwargs.get("plugins")), MasterWeights()]
            taken = None
        super().__init__(precision=taken, **kwargs)
        # `deterministic` also writes NaN into all new memory, which finds reads of it by mistake,
        # and took a fifth of a bf16-mixed step in a profile. No result depends on it.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def take_precision(precision: Any, accelerator: object) -> Any:
    """Choose the precision for ``auto``, and say so; warn where the configured one is slow.

    Args:
        precision: The option ``trainer.precision``.
        accelerator: The option ``trainer.accelerator``.
    """
    device = "GPU" if _on_gpu(accelerator) else "processor"
    has_bf16 = _gpu_has_bf16() if device == "GPU" else _processor_has_bf16()
    if precision == "auto":
        taken = "bf16-mixed" if has_bf16 else "32-true"
        has = "has" if has_bf16 else "has no"
        rank_zero_info(
            f"`--trainer.precision auto` takes {taken}: the {device} {has} instructions for "
            "bfloat16."
        )
        return taken
    if str(precision).startswith("bf16") and not has_bf16:
        avx2 = device == "processor" and torch.backends.cpu.get_cpu_capability() == "AVX2"
        rank_zero_warn(
            f"The {device} has no instructions for bfloat16, so `--trainer.precision {precision}` "
            f"is slower than 32-true{MEASURED if avx2 else ''}. Use `--trainer.precision auto`."
        )
    return precision


def _on_gpu(accelerator: object) -> bool:
    """Tell whether a run uses a GPU."""
    if accelerator == "auto":
        return torch.accelerator.is_available()
    return accelerator in ("gpu", "cuda", "mps")


def _gpu_has_bf16() -> bool:
    """Tell whether the GPU computes with bfloat16."""
    return torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)


def _processor_has_bf16() -> bool:
    """Tell whether the processor computes with bfloat16."""
    known = torch.cpu.get_capabilities()
    return bool(known.get("amx_bf16") or known.get("avx512_bf16"))


def _listed(plugins: Any) -> list[Any]:
    """Make a list of the option ``trainer.plugins``."""
    if plugins is None:
        return []
    return plugins if isinstance(plugins, list) else [plugins]
