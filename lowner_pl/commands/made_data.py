"""Making the data module of a configuration, without its model."""

from copy import deepcopy
from typing import Any

from jsonargparse import ArgumentParser

from lowner_pl.datamodules import NERDataModule


def data_of(settings: dict[str, Any]) -> NERDataModule:
    """Make the data module of a configuration from a copy, because the parser changes its input."""
    parser = ArgumentParser()
    parser.add_subclass_arguments(NERDataModule, "data")
    made = parser.instantiate_classes(parser.parse_object({"data": deepcopy(settings)})).data
    assert isinstance(made, NERDataModule)
    return made
