"""What a method passes to the constructor of its base class, which loads the backbone."""

import ast
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.cli import LightningArgumentParser

from lowner_pl import modules
from lowner_pl.commands.options.class_names import options_of
from lowner_pl.modules import BaseModule

METHODS: dict[str, dict[str, Any]] = {
    "MANERLightningModule": {"marker": "random", "mlm_weight": 0.5},
    "MetaLightningModule": {"marker": "mask"},
    "MELMLightningModule": {"languages": ["sw"]},
}
FILES = sorted(Path(modules.__path__[0]).rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_attribute_is_set_before_the_base_class_is_initialised(file: Path) -> None:
    functions = [
        node
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name == "__init__"
    ]
    for function in functions:
        calls = [
            node.lineno
            for node in ast.walk(function)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__"
        ]
        stores = [
            node.lineno
            for node in ast.walk(function)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        ]
        assert not calls or all(line > calls[0] for line in stores)


@pytest.mark.parametrize("name", METHODS)
def test_only_options_are_saved_in_checkpoints(name: str, tiny: str) -> None:
    method: type[BaseModule] = getattr(modules, name)
    options: dict[str, Any] = {"entity_types": ("PER",), "backbone": tiny, **METHODS[name]}
    module = method(**options, optimizer=lambda p: torch.optim.SGD(p, lr=0.1))
    assert {key: module.hparams[key] for key in options} == options
    assert set(module.hparams) <= options_of(method) - {"optimizer", "inner_optimizer"}


@pytest.mark.parametrize("argument", ["_marker=mask", "_needs_language_model=true"])
def test_arguments_of_methods_are_no_options(
    argument: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = LightningArgumentParser()
    parser.add_subclass_arguments(BaseModule, "model")
    with pytest.raises(SystemExit):
        parser.parse_args(["--model=lowner_pl.modules.SNERLightningModule", f"--model.{argument}"])
    assert argument.partition("=")[0] in capsys.readouterr().err
