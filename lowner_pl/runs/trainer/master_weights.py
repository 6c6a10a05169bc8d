"""Training with 16-bit weights, of which the optimiser keeps and updates 32-bit copies."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.plugins import Precision
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle


class MasterWeights(Precision):
    """The precision ``bf16-true``: a model computes in bfloat16, its optimiser in float32.

    A bfloat16 number has 8 significant bits, so updates below 1/512 of a weight would be lost. The
    optimiser therefore updates a float32 master copy of each weight, and the model gets the rounded
    masters (`Micikevicius et al., 2018 <https://arxiv.org/abs/1710.03740>`_, section 3.1). The
    masters are the weights as they were before they were rounded. Gradients are copied to float32
    before they are clipped. Checkpoints hold the masters, and so does the module once a run has
    ended. Frozen weights have no masters, for a third of the memory: they are rounded, also after
    the run.

    Lightning's own plugin for ``bf16-true`` differs: its optimiser updates the 16-bit weights, it
    rounds buffers, and it creates every new tensor of a step in 16 bits, such as the random numbers
    of masks.
    """

    precision = "bf16-true"

    def __init__(self) -> None:
        self._masters: dict[Tensor, Tensor] = {}
        self._rounded: list[nn.Parameter] = []
        self._hook: RemovableHandle | None = None

    def convert_module(self, module: nn.Module) -> nn.Module:
        """Round the weights, and keep masters of those that are trained."""
        self._rounded = list(module.parameters())
        for weight in self._rounded:
            if weight.requires_grad:
                self._masters[weight] = nn.Parameter(weight.data)
            weight.data = weight.data.bfloat16()
        self._hook = module.register_state_dict_post_hook(partial(_put_masters, self._masters))
        return module

    def connect(
        self, model: nn.Module, optimizers: list[Optimizer], lr_schedulers: list[Any]
    ) -> tuple[nn.Module, list[Optimizer], list[Any]]:
        """Give the optimisers, which were created for the model's weights, the masters."""
        for weight, master in self._masters.items():
            master.data = master.data.to(weight.device)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["params"][:] = [self._master(weight) for weight in group["params"]]
            for weight, state in list(optimizer.state.items()):  # some begin with a state
                del optimizer.state[weight]
                optimizer.state[self._master(weight)] = {
                    name: part.float() if isinstance(part, Tensor) else part
                    for name, part in state.items()
                }
        return model, optimizers, lr_schedulers

    def optimizer_step(  # type: ignore[override]
        self,
        optimizer: Any,
        model: LightningModule,
        closure: Callable[[], Any],
        **kwargs: Any,
    ) -> Any:
        """Update the masters with the gradients of the weights, and round them to the weights."""
        evaluated = False

        def with_gradients() -> Any:
            nonlocal evaluated
            if evaluated:  # by an optimiser that evaluates the loss several times in a step
                self._round()
            evaluated = True
            result = closure()
            self._take_gradients()
            return result

        result = super().optimizer_step(optimizer, model, with_gradients, **kwargs)
        self._round()
        return result

    def teardown(self) -> None:
        """Leave 32-bit weights in the module: the masters, where there are any."""
        for weight in self._rounded:
            weight.grad = None
            weight.data = self._master(weight).data.to(weight.device, torch.float32)
        self._masters.clear()
        self._rounded.clear()
        if self._hook is not None:
            self._hook.remove()

    def _master(self, weight: Tensor) -> Tensor:
        """Return the master of a weight, or the weight itself if it is frozen."""
        return self._masters.get(weight, weight)

    def _take_gradients(self) -> None:
        """Move the gradients of the weights to the masters."""
        for weight, master in self._masters.items():
            master.grad = None if weight.grad is None else weight.grad.float()
            weight.grad = None

    @torch.no_grad()
    def _round(self) -> None:
        """Copy the masters, rounded, to the weights."""
        for weight, master in self._masters.items():
            weight.copy_(master)


def _put_masters(
    masters: Mapping[Tensor, Tensor],
    module: nn.Module,
    weights: dict[str, Tensor],
    prefix: str,
    _: object,
) -> None:
    """Put the masters into a module's ``state_dict``."""
    for name, weight in module.named_parameters(remove_duplicate=False):
        if weight in masters:
            weights[prefix + name] = masters[weight].detach()
