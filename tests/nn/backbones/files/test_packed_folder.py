import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoModelForMaskedLM, AutoTokenizer, PreTrainedModel

from lowner_pl.corpus import Sentence
from lowner_pl.nn import load_backbone, tokenizer_identity, weights_identity
from lowner_pl.nn.backbones.files.packed_folder import TABLE, WEIGHTS, read_packed, save_packed
from lowner_pl.nn.backbones.files.quantised_table import dequantise
from lowner_pl.nn.backbones.loading import load_whole
from lowner_pl.nn.backbones.making.fresh import fresh_backbone
from lowner_pl.nn.backbones.making.fresh_tokenizer import Kind

from ....packed import ADDED, pack, toy_blocks

pytestmark = pytest.mark.usefixtures("offline")

KINDS: tuple[Kind, ...] = ("xlm-roberta", "bert", "multilingual")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, swahili: list[Sentence]) -> dict[str, Path]:
    """Backbones as `transformers` writes them. A table with 4 bits needs 32 columns."""
    root = tmp_path_factory.mktemp("plain")
    texts = [" ".join(sentence.words) for sentence in swahili]
    return {
        kind: fresh_backbone(
            root / kind, texts, kind=kind, vocabulary=400, layers=1, hidden=32, heads=2
        )
        for kind in KINDS
    }


@pytest.fixture(scope="module")
def packed(plain: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A packed backbone with 16 bits."""
    return pack(plain["bert"], tmp_path_factory.mktemp("packed"))


@pytest.fixture
def broken(packed: Path, tmp_path: Path) -> Path:
    """A copy of a packed backbone that a test may break."""
    return Path(shutil.copytree(packed, tmp_path / "broken"))


def model_in(folder: Path) -> PreTrainedModel:
    return load_whole(str(folder), needs_head=True)[0]


def table_of(model: PreTrainedModel) -> nn.Embedding:
    table = model.get_input_embeddings()
    assert isinstance(table, nn.Embedding)
    return table


def rejection(folder: Path) -> str:
    with pytest.raises(ValueError, match=str(folder)) as caught:
        load_backbone(str(folder))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_what_has_16_bits_is_rounded_to_them_and_the_table_not_at_all(
    kind: str, plain: dict[str, Path], tmp_path: Path
) -> None:
    before, after = model_in(plain[kind]), model_in(pack(plain[kind], tmp_path / "packed"))
    assert after.training
    assert (
        after.config.to_diff_dict().keys() - {"added_subwords"}
        == before.config.to_diff_dict().keys()
    )
    old, new = dict(before.named_parameters()), dict(after.named_parameters())
    assert old.keys() == new.keys()
    for name, weight in old.items():
        if weight is not table_of(before).weight:
            assert new[name].dtype == torch.float32
            assert new[name].equal(weight.half().float())
    vectors, kept = table_of(after).weight, table_of(before).weight.half().float()
    mask = AutoTokenizer.from_pretrained(plain[kind]).mask_token_id
    assert vectors[-ADDED:].equal(kept[-ADDED:])
    assert vectors[mask].equal(kept[mask])
    expected = torch.empty(len(vectors) - ADDED, 32)
    dequantise(toy_blocks(*expected.shape), expected.numpy())
    others = [row for row in range(len(expected)) if row != mask]
    assert vectors[others].equal(expected[others])


def test_the_output_layer_shares_the_table(packed: Path) -> None:
    backbone, head, _ = load_backbone(str(packed))
    assert head.output_layer.weight is backbone.embeddings.weight


def test_8_bits_round_each_row_of_a_matrix_by_its_largest_number(
    plain: dict[str, Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(plain["bert"], tmp_path / "plain"))
    weights = load_file(folder / "model.safetensors")
    name = "bert.encoder.layer.0.output.dense.weight"
    # Row 0: the scale is 2.54 / 127 = 0.02; 0.03 is 1.5 of it, and half goes to the even number.
    weights[name][0] = torch.tensor([2.54, -1.0, 0.03, 0.019, *124 * [0.0]])
    weights[name][1] = 0.0
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    saved = load_file(pack(folder, tmp_path / "packed", bits=8) / WEIGHTS)
    assert saved[name].dtype == torch.int8
    assert saved[name][0].tolist() == [127, -50, 2, 1, *124 * [0]]
    assert saved[f"{name}.scale"][0].item() == pytest.approx(0.02)
    loaded = model_in(tmp_path / "packed").get_parameter(name)
    assert loaded[0, :4].tolist() == pytest.approx([2.54, -1.0, 0.04, 0.02])
    assert not loaded[1].any()
    steps = weights[name].abs().amax(1, keepdim=True) / 127
    assert ((loaded - weights[name]).abs() <= steps / 2 * 1.0001).all()
    kinds = {key: value.dtype for key, value in saved.items() if value.dtype != torch.float16}
    wide = {key for key, kind in kinds.items() if kind == torch.int8}
    assert all(value.ndim == 2 for key, value in saved.items() if key in wide)
    assert len(wide) == 7  # query, key, value, three dense layers and the head's


def test_the_tokenizer_is_the_same_without_blanks(plain: dict[str, Path], packed: Path) -> None:
    one, other = (AutoTokenizer.from_pretrained(folder) for folder in (plain["bert"], packed))
    assert tokenizer_identity(one) == tokenizer_identity(other)
    assert one.backend_tokenizer.to_str() == other.backend_tokenizer.to_str()
    assert one.special_tokens_map == other.special_tokens_map
    assert one.added_tokens_decoder == other.added_tokens_decoder
    text = (packed / "tokenizer.json").read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))


def test_a_row_that_differs_must_be_listed(plain: dict[str, Path], tmp_path: Path) -> None:
    model, tokenizer, _ = load_whole(str(plain["bert"]))
    weight = table_of(model).weight.detach()
    blocks = toy_blocks(*weight.shape)
    dequantise(blocks, weight.numpy())
    weight[[3, 5]] += 1e-9
    message = r"1 rows of the table of embeddings, such as row 5, differ from those with 4 bits"
    with pytest.raises(ValueError, match=message):
        save_packed(model, tokenizer, tmp_path / "out", blocks=blocks, ids=[3], bits=16)
    wider, fewer = toy_blocks(len(weight), 64), blocks[:-2]
    with pytest.raises(ValueError, match=r"has the shape \(\d+, 32\), but the one .* \(\d+, 64\)"):
        save_packed(model, tokenizer, tmp_path / "out", blocks=wider, ids=[], bits=16)
    with pytest.raises(ValueError, match=r"3 rows .*, such as row 5,"):
        save_packed(model, tokenizer, tmp_path / "out", blocks=fewer, ids=[3], bits=16)
    assert not (tmp_path / "out").exists()
    save_packed(model, tokenizer, tmp_path / "out", blocks=blocks, ids=[3, 5, 5], bits=16)
    assert table_of(model_in(tmp_path / "out")).weight[4].equal(weight[4])


def test_numbers_that_16_bits_do_not_hold_are_not_saved(
    plain: dict[str, Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(plain["bert"], tmp_path / "plain"))
    weights = load_file(folder / "model.safetensors")
    weights["cls.predictions.bias"][7] = 1e6
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match=r"'cls.predictions.bias' contains an infinity"):
        pack(folder, tmp_path / "packed")


@pytest.mark.parametrize(("file", "step"), [(TABLE, 64), (WEIGHTS, 1000)])
def test_a_file_cut_off_anywhere_is_rejected(file: str, step: int, broken: Path) -> None:
    whole = (broken / file).read_bytes()
    for size in range(0, len(whole), step):
        (broken / file).write_bytes(whole[:size])
        with pytest.raises(ValueError, match=rf"The `{file}` of the backbone 'toy' can't be used:"):
            read_packed(broken, "toy")
    assert f"The `{file}` of the backbone '{broken}' can't be used: " in rejection(broken)


@pytest.mark.parametrize("file", [TABLE, WEIGHTS])
def test_a_missing_file_is_named(file: str, broken: Path) -> None:
    (broken / file).unlink()
    assert f"The `{file}` of the backbone '{broken}' can't be used: " in rejection(broken)


@pytest.mark.parametrize("file", [TABLE, WEIGHTS])
def test_a_flipped_bit_is_detected(file: str, broken: Path) -> None:
    content = bytearray((broken / file).read_bytes())
    content[-100] ^= 1
    (broken / file).write_bytes(content)
    assert "has changed since it was written" in rejection(broken)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"vocab_size": 500}, (500, 32)),
        ({"vocab_size": 3}, (3, 32)),
        ({"hidden_size": 64}, (400, 64)),
    ],
)
def test_a_table_that_does_not_fit_the_configuration_is_rejected(
    change: dict[str, int], expected: tuple[int, int], broken: Path
) -> None:
    config = json.loads((broken / "config.json").read_text())
    (broken / "config.json").write_text(json.dumps(config | change))
    assert rejection(broken) == (
        f"The weights of '{broken}' are truncated or don't fit its `config.json` "
        "('bert.embeddings.word_embeddings.weight' has the shape (400, 32) instead of "
        f"{expected}). Copy or download the folder again."
    )


def test_a_missing_weight_is_named(broken: Path) -> None:
    saved = load_file(broken / WEIGHTS)
    del saved["cls.predictions.bias"]
    save_file(saved, broken / WEIGHTS)
    assert "don't fit its `config.json` ('cls.predictions.bias' is missing)" in rejection(broken)


def test_it_computes_what_its_weights_say_and_draws_nothing(packed: Path) -> None:
    state = torch.get_rng_state()
    model = model_in(packed).eval()
    assert torch.get_rng_state().equal(state)
    stock = AutoModelForMaskedLM.from_config(model.config)
    stock.load_state_dict(model.state_dict())
    ids = torch.tensor([[2, 7, 9, 3]])
    assert stock.eval()(ids).logits.equal(model(ids).logits)
    assert not any(buffer.is_meta for buffer in model.buffers())


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([4, 397, 398, 400], "the ids of its rows have gaps, or occur twice"),
        ([4, 397, 398, 398], "the ids of its rows have gaps, or occur twice"),
        ([-1, 397, 398, 399], "the ids of its rows have gaps, or occur twice"),
        (None, "it does not name the table of embeddings"),
    ],
)
def test_rows_at_impossible_places_are_rejected(
    ids: list[int] | None, message: str, broken: Path
) -> None:
    saved = load_file(broken / WEIGHTS)
    (name,) = (key for key in saved if key.endswith(".ids"))
    assert len(saved.pop(name)) == 4
    if ids is not None:
        saved[name] = torch.tensor(ids)
    save_file(saved, broken / WEIGHTS)
    assert message in rejection(broken)


def test_transformers_does_not_mistake_the_files_for_a_whole_model(packed: Path) -> None:
    with pytest.raises(OSError, match=r"no file named model.safetensors"):
        AutoModelForMaskedLM.from_pretrained(packed)


def test_code_in_a_packed_folder_is_not_run(broken: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    (broken / "evil.py").write_text(f"import pathlib\npathlib.Path({str(trace)!r}).touch()\n")
    config = json.loads((broken / "config.json").read_text())
    config["auto_map"] = {"AutoConfig": "evil.X", "AutoModelForMaskedLM": "evil.X"}
    (broken / "config.json").write_text(json.dumps(config))
    load_backbone(str(broken))
    assert not trace.exists()


def test_both_files_belong_to_the_identity(packed: Path, broken: Path) -> None:
    identities = {weights_identity(str(packed)), weights_identity(str(broken))}
    assert len(identities) == 1
    for file in (TABLE, WEIGHTS):
        content = bytearray((broken / file).read_bytes())
        content[-100] ^= 1
        (broken / file).write_bytes(content)
        identities.add(weights_identity(str(broken)))
    assert len(identities) == 3
