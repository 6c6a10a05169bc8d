"""Import paths in configs that earlier versions wrote."""

import pytest
from lightning.pytorch.cli import LightningArgumentParser, OptimizerCallable

PATHS = ("ner.adamw", "mlm.adamw", "melm.adam", "daga.sgd", "mulda.adam", "meta.adam")


@pytest.mark.parametrize("path", PATHS)
def test_default_optimisers_are_found_by_their_old_paths(path: str) -> None:
    parser = LightningArgumentParser()
    parser.add_argument("--optimizer", type=OptimizerCallable)
    config = parser.parse_args([f"--optimizer=lowner_pl.modules.{path}"])
    assert callable(parser.instantiate_classes(config).optimizer)
