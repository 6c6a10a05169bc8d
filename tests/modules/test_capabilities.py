"""What a method tells the command line about itself, instead of its class."""

import pytest

from lowner_pl import modules
from lowner_pl.modules import BaseModule

KINDS = {
    "SNERLightningModule": "tagger",
    "MANERLightningModule": "tagger",
    "MLMNERLightningModule": "tagger",
    "MetaLightningModule": "tagger",
    "MELMLightningModule": "generator",
    "DAGALightningModule": "generator",
    "MulDALightningModule": "generator",
    "MLMLightningModule": "language_model",
}
METHODS = [name for name in modules.__all__ if name.endswith("LightningModule")]


@pytest.mark.parametrize("name", METHODS)
def test_every_method_says_what_it_is_for(name: str) -> None:
    method: type[BaseModule] = getattr(modules, name)
    assert method.kind == KINDS[name]


@pytest.mark.parametrize("name", METHODS)
def test_all_methods_but_language_models_predict(name: str) -> None:
    method: type[BaseModule] = getattr(modules, name)
    assert method.predicts == (method.kind != "language_model")


def test_only_melm_works_untrained() -> None:
    assert [name for name in METHODS if getattr(modules, name).works_untrained] == [
        "MELMLightningModule"
    ]
