"""Default optimisers: their options, and the paths by which new and old configs name them."""

import pickle
from collections.abc import Callable

import pytest
import torch
from lightning.pytorch.cli import LightningArgumentParser, OptimizerCallable
from torch.optim import SGD, Adam, AdamW, Optimizer

from lowner_pl.modules import optimizers

DEFAULTS: dict[str, tuple[str, type[Optimizer], float]] = {
    "ner": ("tagging.base.adamw", AdamW, 5e-6),
    "mlm": ("mlm.adamw", AdamW, 5e-5),
    "meta": ("meta.adam", Adam, 3e-5),
    "melm": ("generation.melm.adam", Adam, 1e-5),
    "mulda": ("generation.mulda.adam", Adam, 5e-5),
    "daga": ("generation.daga.sgd", SGD, 1.0),
}
"""Import path below ``lowner_pl.modules``, class and learning rate."""
OLD_PATHS = ("ner.adamw", "melm.adam", "daga.sgd", "mulda.adam", "meta.module.adam")


def parser_of_an_optimiser(default: object = None) -> LightningArgumentParser:
    parser = LightningArgumentParser()
    parser.add_argument("--optimizer", type=OptimizerCallable, default=default)
    return parser


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_default_is_written_under_a_path_that_a_config_can_name(name: str) -> None:
    path, kind, rate = DEFAULTS[name]
    parser = parser_of_an_optimiser(getattr(optimizers, name))
    assert parser.dump(parser.get_defaults()) == f"optimizer: lowner_pl.modules.{path}\n"
    read = parser.instantiate_classes(parser.parse_args([f"--optimizer=lowner_pl.modules.{path}"]))
    assert read.optimizer is getattr(optimizers, name)
    created = read.optimizer([torch.nn.Parameter(torch.zeros(1))])
    assert type(created) is kind
    assert created.defaults["lr"] == rate


@pytest.mark.parametrize("path", OLD_PATHS)
def test_defaults_are_found_by_their_old_paths(path: str) -> None:
    parser = parser_of_an_optimiser()
    config = parser.parse_args([f"--optimizer=lowner_pl.modules.{path}"])
    assert callable(parser.instantiate_classes(config).optimizer)


def test_another_optimiser_in_a_config_takes_no_options_of_the_default() -> None:
    def train(optimizer: OptimizerCallable = optimizers.ner) -> None:
        """Stand in for a method."""

    parser = LightningArgumentParser()
    parser.add_function_arguments(train)
    config = parser.parse_args(["--optimizer=torch.optim.Adam", "--optimizer.lr=0.1"])
    assert config.optimizer.init_args.weight_decay == 0.0  # AdamW's is 0.01
    assert config.optimizer.init_args.fused is None


def test_a_default_can_be_sent_to_another_process() -> None:
    default: Callable[..., Optimizer] = optimizers.meta
    assert pickle.loads(pickle.dumps(default)) is default
