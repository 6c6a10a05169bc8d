"""Default optimisers of the methods, each with the import path by which configs name it.

Lambdas would be shorter still, but jsonargparse replaces them by their class and options, and adds
these options to those of another class that a config chooses: Adam would get AdamW's weight decay.
"""

from typing import Any

from lightning.pytorch.cli import OptimizerCallable
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.optimizer import ParamsT


def _default(path: str, kind: type[Optimizer], **options: Any) -> OptimizerCallable:
    """Return a function that creates an optimiser and that modules import under ``path``."""

    def create(parameters: ParamsT) -> Optimizer:
        return kind(parameters, **options)

    create.__module__, _, create.__qualname__ = f"lowner_pl.modules.{path}".rpartition(".")
    return create


ner = _default("tagging.base.adamw", AdamW, lr=5e-6, fused=True)  # MANER's learning rate
mlm = _default("mlm.adamw", AdamW, lr=5e-5, fused=True)
meta = _default("meta.adam", Adam, lr=3e-5, fused=True)  # the paper's learning rate
melm = _default("generation.melm.adam", Adam, lr=1e-5, fused=True)  # the paper's learning rate
mulda = _default("generation.mulda.adam", Adam, lr=5e-5, betas=(0.9, 0.98), fused=True)
daga = _default("generation.daga.sgd", SGD, lr=1.0)
