"""An optimiser of one weight, which tells before a run whether it works."""

from collections.abc import Callable, Iterable

import torch
from torch import nn

OptimizerFactory = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]


def trial_optimizer(factory: OptimizerFactory, *, steps: bool) -> torch.optim.Optimizer:
    """Return an optimiser of one weight.

    Args:
        factory: Makes the optimiser.
        steps: Whether it is to take a step with nothing but a gradient, as not all can.

    Raises:
        ValueError: If it refuses its options, the weight or the step.
    """
    weight = nn.Parameter(torch.zeros(1))
    weight.grad = torch.ones(1)
    try:
        optimizer = factory([weight])
        if steps:
            optimizer.step()
    except (TypeError, RuntimeError) as error:  # no closure; sparse gradients alone
        raise ValueError(str(error)) from error
    return optimizer
