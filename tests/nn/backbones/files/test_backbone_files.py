"""A broken file of a backbone gives an error of one sentence that names the file."""

import io
import json
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from lowner_pl.nn import load_backbone
from lowner_pl.nn.backbones.files.backbone_files import check_tokenizer

pytestmark = pytest.mark.usefixtures("offline")

DEEP = '{"a": ' * 3000
CONFIG, TOKENIZER, OPTIONS = "config.json", "tokenizer.json", "tokenizer_config.json"


@pytest.fixture
def start(tiny: str, tmp_path: Path) -> Path:
    """A copy of a backbone that a test may break."""
    return Path(shutil.copytree(tiny, tmp_path / "start"))


def rejection(folder: Path) -> str:
    with pytest.raises(ValueError, match="backbone") as caught:
        load_backbone(str(folder))
    message = str(caught.value)
    assert str(folder) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("file", [CONFIG, TOKENIZER, OPTIONS])
@pytest.mark.parametrize("text", ["[]", "3", "null", '"x"', "NaN", "", "\x00", "{", DEEP])
def test_a_file_that_is_not_a_json_object_is_rejected(file: str, text: str, start: Path) -> None:
    (start / file).write_text(text)
    message = rejection(start)
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
        (CONFIG, ["added_subwords"], None),
        (CONFIG, ["added_subwords"], "x"),
        (CONFIG, ["added_subwords"], [[1]]),
        (CONFIG, ["added_subwords"], [-1]),
        (CONFIG, ["added_subwords"], [400]),
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
def test_a_field_of_the_wrong_type_is_rejected(
    file: str, keys: list[str], value: Any, start: Path
) -> None:
    whole = json.loads((start / file).read_text())
    node = whole
    for key in keys[:-1]:
        node = node[key]
    node[keys[-1]] = value
    (start / file).write_text(json.dumps(whole))
    rejection(start)


def test_an_absurd_number_of_layers_is_rejected_before_a_model_is_built(start: Path) -> None:
    config = json.loads((start / CONFIG).read_text())
    (start / CONFIG).write_text(json.dumps({**config, "num_hidden_layers": 10**12}))
    assert "'num_hidden_layers' is 1000000000000, but must be between 0 and 1000" in rejection(
        start
    )


def test_a_weight_of_another_shape_is_named(start: Path) -> None:
    config = json.loads((start / CONFIG).read_text())
    (start / CONFIG).write_text(json.dumps({**config, "vocab_size": 500}))
    message = r"`config.json` \('lm_head.bias' has the shape \(400,\) instead of \(500,\)\). Copy"
    report = io.StringIO()  # `transformers` has its own of many lines
    handler = logging.StreamHandler(report)
    logging.getLogger("transformers").addHandler(handler)
    try:
        with pytest.raises(ValueError, match=message):
            load_backbone(str(start))
    finally:
        logging.getLogger("transformers").removeHandler(handler)
    assert not report.getvalue()


def test_a_missing_configuration_is_named(start: Path) -> None:
    (start / CONFIG).unlink()
    assert f"The `config.json` of the backbone '{start}' can't be used: it is missing" in (
        rejection(start)
    )


@pytest.mark.parametrize("kind", ["xlm-roberta", "bert", "modernbert"])
def test_a_tokenizer_needs_as_many_embeddings_as_its_highest_id_says(
    kind: str, backbones: dict[str, Path]
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(backbones[kind])
    assert check_tokenizer(tokenizer) == max(tokenizer.get_vocab().values()) + 1 == 400
    tokenizer.add_tokens(["<new>", "<newer>"])
    assert check_tokenizer(tokenizer) == 402


def test_a_gap_in_the_ids_counts(backbones: dict[str, Path], tmp_path: Path) -> None:
    start = Path(shutil.copytree(backbones["bert"], tmp_path / "start"))
    whole = json.loads((start / TOKENIZER).read_text())
    last = max(whole["model"]["vocab"], key=whole["model"]["vocab"].__getitem__)
    whole["model"]["vocab"][last] = 700
    (start / TOKENIZER).write_text(json.dumps(whole))
    assert "has 400 embeddings, but its tokenizer has 701 subwords" in rejection(start)


def test_a_subword_that_the_vocabulary_lacks_is_rejected(start: Path) -> None:
    whole = json.loads((start / TOKENIZER).read_text())
    for token in whole["post_processor"]["special_tokens"].values():
        token["ids"] = [900]
    (start / TOKENIZER).write_text(json.dumps(whole))
    assert "it uses the subword 900, which is not in its vocabulary" in rejection(start)
