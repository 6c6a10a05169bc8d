"""With 16-bit weights, the optimiser takes the steps that it takes with 32-bit weights."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor, nn
from torch.optim import SGD, Adagrad, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader

from lowner_pl.runs.trainer.master_weights import MasterWeights

from ...running import command, folder, same, weights

BF16 = "--trainer.precision=bf16-true"
CLIPPED = "--trainer.gradient_clip_val=0.5"
FROZEN = 1.0 + 2**-20  # needs more than 16 bits


class Slope(LightningModule):
    """A linear function of two weights, and one that is frozen. Its gradients are exact in 16 bits.

    Args:
        gradients: The gradients of both weights.
        optimizer: Creates the optimiser for parameter groups.
    """

    def __init__(
        self,
        gradients: tuple[float, float],
        optimizer: Callable[[list[dict[str, Any]]], Optimizer],
    ) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.ones(1))
        self.second = nn.Parameter(torch.ones(1))
        self.frozen = nn.Parameter(torch.tensor([FROZEN]), requires_grad=False)
        self.tied = self.first
        self.register_buffer("scale", torch.tensor([FROZEN]))
        self.gradients, self.optimizer = gradients, optimizer

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        del batch, batch_idx
        return (self.first * self.gradients[0] + self.second * self.gradients[1]).sum()

    def configure_optimizers(self) -> Any:
        groups: list[dict[str, Any]] = [
            {"params": [self.first]},
            {"params": [self.second], "lr": 2**-6},
        ]
        optimizer = self.optimizer(groups)
        return [optimizer], [
            {"scheduler": LambdaLR(optimizer, lambda step: 1 / (1 + step // 8)), "interval": "step"}
        ]


def trained(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Select the trained weights of a `Slope`."""
    return {name: state[name] for name in ("first", "second", "tied")}


class Watched(Callback):
    """Keeps the weights after each update."""

    def __init__(self) -> None:
        self.seen: list[tuple[torch.dtype, float]] = []
        self.state: dict[str, Tensor] = {}

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, *_: Any) -> None:
        del trainer
        self.seen.append((pl_module.first.dtype, pl_module.first.item()))
        self.state = {name: value.clone() for name, value in pl_module.state_dict().items()}


def train(module: LightningModule, steps: int, *, bf16: bool, **options: Any) -> Watched:
    """Take steps, and return what was seen meanwhile."""
    watched = Watched()
    trainer = Trainer(
        accelerator="cpu",
        max_steps=steps,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[watched],
        plugins=[MasterWeights()] if bf16 else None,
        **options,
    )
    batches: Any = [torch.zeros(1)] * 200
    trainer.fit(module, DataLoader(batches))
    return watched


def both(make: Callable[[], Slope], steps: int, **options: Any) -> tuple[Slope, Slope, Watched]:
    """Train in 32 and in 16 bits."""
    plain, half = make(), make()
    train(plain, steps, bf16=False, **options)
    return plain, half, train(half, steps, bf16=True, **options)


def test_small_updates_add_up_in_the_masters() -> None:
    # 1 - 2^-12 rounds to 1: below 1, bfloat16 has steps of 2^-8. 100 updates make 1 - 100 / 4096.
    make = partial(Slope, (1.0, 0.0), partial(SGD, lr=2**-12))
    module = make()
    module.configure_optimizers = lambda: SGD([module.first], lr=2**-12)  # type: ignore[method-assign]
    seen = train(module, 1, bf16=True).seen
    assert seen == [(torch.bfloat16, 1.0)]
    assert module.first.item() == 1 - 2**-12
    hundred = train(module, 99, bf16=True)
    assert hundred.seen[-1] == (torch.bfloat16, 0.9765625)  # the multiple of 2^-8 nearest to it
    assert module.first.item() == 1 - 100 / 4096
    assert hundred.state["first"].item() == 1 - 100 / 4096
    assert module.first.dtype == torch.float32


@pytest.mark.parametrize(
    "optimizer",
    [
        partial(SGD, lr=2**-9, momentum=0.9),
        partial(AdamW, lr=1e-3, weight_decay=0.1, fused=True),
        partial(Adagrad, lr=1e-3, initial_accumulator_value=0.125),
    ],
)
@pytest.mark.parametrize("clipped", [{}, {"gradient_clip_val": 1.0}])
def test_the_masters_equal_the_weights_of_training_in_32_bits(
    optimizer: Any, clipped: dict[str, Any]
) -> None:
    plain, half, watched = both(partial(Slope, (3.0, 4.0), optimizer), 30, **clipped)
    assert same(trained(half.state_dict()), trained(plain.state_dict()))
    assert same(trained(watched.state), trained(plain.state_dict()))
    assert not watched.state["first"].bfloat16().float().equal(watched.state["first"])


@pytest.mark.parametrize(("algorithm", "moves"), [("norm", (0.6, 0.8)), ("value", (1.0, 1.0))])
def test_gradients_are_clipped_in_32_bits(algorithm: Any, moves: tuple[float, float]) -> None:
    # Gradients 3 and 4 have norm 5, so that clipping to 1 leaves 0.6 and 0.8, or 1 and 1 by value.
    module = Slope((3.0, 4.0), partial(SGD, lr=1.0))
    module.configure_optimizers = lambda: SGD([module.first, module.second], lr=1.0)  # type: ignore[method-assign]
    options = {"gradient_clip_val": 1.0, "gradient_clip_algorithm": algorithm}
    train(module, 1, bf16=True, **options)
    assert 1 - module.first.item() == pytest.approx(moves[0], rel=1e-6)
    assert 1 - module.second.item() == pytest.approx(moves[1], rel=1e-6)


def test_accumulated_gradients_add_up() -> None:
    make = partial(Slope, (3.0, 4.0), partial(SGD, lr=2**-9))
    plain, half, _ = both(make, 3, accumulate_grad_batches=4)
    assert same(trained(half.state_dict()), trained(plain.state_dict()))


def test_an_optimiser_may_evaluate_the_loss_several_times_in_a_step() -> None:
    class Bowl(Slope):
        def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
            del batch, batch_idx
            return (self.first - 3).square().sum() / 2

        def configure_optimizers(self) -> Any:
            return torch.optim.LBFGS([self.first], lr=0.5, max_iter=20)

    module = Bowl((0.0, 0.0), SGD)
    train(module, 1, bf16=True)
    assert module.first.item() == pytest.approx(3, abs=2**-6)  # steps of bfloat16 near 3: 2^-6


def test_frozen_weights_are_rounded_and_buffers_keep_their_bits() -> None:
    module = Slope((1.0, 1.0), partial(SGD, lr=2**-6))
    state = train(module, 2, bf16=True).state
    assert (state["frozen"].dtype, state["frozen"].item()) == (torch.bfloat16, 1.0)
    assert (module.frozen.dtype, module.frozen.item()) == (torch.float32, 1.0)
    assert state["scale"].item() == torch.tensor(FROZEN).item()
    assert state["tied"].equal(state["first"])


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    more = (BF16, "--model.head_lr_factor=3", "--model.train_embeddings=used", CLIPPED)
    command("fit", tmp_path / "whole", *more, "--trainer.max_epochs=2")
    command("fit", tmp_path / "parts", *more, "--trainer.max_epochs=1")
    command("fit", tmp_path / "parts", *more, "--trainer.max_epochs=2", "--ckpt_path=last")
    for which in ("best", "last"):
        assert same(weights(tmp_path / "parts", which), weights(tmp_path / "whole", which))
    state = weights(tmp_path / "whole")
    assert {weight.dtype for weight in state.values()} == {torch.float32, torch.int64}
    trained = state["tagger.backbone.encoder.encoder.layer.0.output.dense.weight"]
    assert not trained.bfloat16().float().equal(trained)


def test_a_run_starts_from_the_exact_weights_of_another(tmp_path: Path) -> None:
    command("fit", tmp_path, "--trainer.max_epochs=1")
    file = folder(tmp_path) / "checkpoints" / "last.ckpt"
    still = ("--variant=still", "--model.optimizer.init_args.lr=0", "--trainer.max_epochs=1")
    command("fit", tmp_path, BF16, f"--model.start={file}", *still)
    assert same(weights(tmp_path, method="sner-still"), weights(tmp_path))
