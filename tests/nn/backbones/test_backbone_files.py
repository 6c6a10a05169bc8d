"""A backbone's files that are there but wrong end in one sentence that names the file."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lowner_pl.nn import load_backbone

pytestmark = pytest.mark.usefixtures("offline")

DEEP = '{"a": ' * 3000
CONFIG, TOKENIZER, OPTIONS = "config.json", "tokenizer.json", "tokenizer_config.json"


@pytest.fixture
def start(tiny: str, tmp_path: Path) -> Path:
    """A backbone's folder that a test may spoil."""
    return Path(shutil.copytree(tiny, tmp_path / "start"))


def refused(folder: Path) -> str:
    with pytest.raises(ValueError, match=r"^The .*backbone|^The tokenizer of") as caught:
        load_backbone(str(folder))
    message = str(caught.value)
    assert str(folder) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("file", [CONFIG, TOKENIZER, OPTIONS])
@pytest.mark.parametrize("text", ["[]", "3", "null", '"x"', "NaN", "", "\x00", "{", DEEP])
def test_a_file_that_is_no_object_is_refused(file: str, text: str, start: Path) -> None:
    (start / file).write_text(text)
    message = refused(start)
    assert file in message


@pytest.mark.parametrize(
    ("file", "keys", "value"),
    [
        (CONFIG, ["hidden_size"], "x"),
        (CONFIG, ["hidden_size"], 0),
        (CONFIG, ["hidden_size"], [1]),
        (CONFIG, ["hidden_act"], "x"),
        (CONFIG, ["dtype"], "x"),
        (CONFIG, ["model_type"], {}),
        (CONFIG, ["num_attention_heads"], 0),
        (CONFIG, ["num_hidden_layers"], 10**12),
        (CONFIG, ["num_hidden_layers"], -1),
        (CONFIG, ["max_position_embeddings"], 0),
        (CONFIG, ["pad_token_id"], 10**12),
        (TOKENIZER, ["model"], 3),
        (TOKENIZER, ["model", "vocab"], []),
        (TOKENIZER, ["model", "vocab"], "x"),
        (TOKENIZER, ["added_tokens"], [1]),
        (TOKENIZER, ["post_processor"], [1]),
        (TOKENIZER, ["normalizer"], "x"),
        (TOKENIZER, ["truncation"], 3),
        (OPTIONS, ["model_max_length"], "x"),
        (OPTIONS, ["mask_token"], 3),
    ],
)
def test_a_field_of_the_wrong_type_is_refused(
    file: str, keys: list[str], value: Any, start: Path
) -> None:
    whole = json.loads((start / file).read_text())
    node = whole
    for key in keys[:-1]:
        node = node[key]
    node[keys[-1]] = value
    (start / file).write_text(json.dumps(whole))
    refused(start)


def test_layers_without_end_are_refused_before_one_is_made(start: Path) -> None:
    config = json.loads((start / CONFIG).read_text())
    (start / CONFIG).write_text(json.dumps({**config, "num_hidden_layers": 10**12}))
    assert "'num_hidden_layers' is 1000000000000, not a number from 0 to 1000" in refused(start)
