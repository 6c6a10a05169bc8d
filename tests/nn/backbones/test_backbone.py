import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer

from lowner_pl.corpus import Sentence, TagSet
from lowner_pl.encoding import WordEncoder
from lowner_pl.modules import MANERLightningModule, MLMLightningModule
from lowner_pl.nn import Backbone, load_backbone, max_positions, save_backbone

from ...conftest import ALL_KINDS, KINDS

pytestmark = pytest.mark.usefixtures("offline")


@pytest.mark.parametrize("kind", KINDS)
def test_the_head_maps_hidden_states_to_the_scores_of_the_stock_model(
    kind: str, backbones: dict[str, Path], swahili: list[Sentence]
) -> None:
    backbone, head, tokenizer = load_backbone(str(backbones[kind]))
    stock = AutoModelForMaskedLM.from_pretrained(backbones[kind]).eval()
    backbone.eval()
    head.eval()
    batch = WordEncoder(tokenizer)(swahili[:1], TagSet(("PER", "LOC", "ORG")))
    with torch.no_grad():
        mine = head(backbone(batch.input_ids, batch.lengths))
        torch.testing.assert_close(mine, stock(input_ids=batch.input_ids[None]).logits[0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_backbone_is_loaded_in_training_mode_float32_and_unpooled(
    kind: str, backbones: dict[str, Path]
) -> None:
    backbone, head, _ = load_backbone(str(backbones[kind]))
    assert all(part.training for part in (*backbone.modules(), *head.modules()))
    assert not any("pooler" in name for name, _ in backbone.named_parameters())
    assert {p.dtype for p in backbone.parameters()} == {torch.float32}
    assert max_positions(backbone) == 512


def test_new_tokens_have_embeddings_and_scores(tiny: str) -> None:
    backbone, head, tokenizer = load_backbone(tiny, new_tokens={"<rand>": (), "<B-PER>": ()})
    assert len(tokenizer) == backbone.encoder.get_input_embeddings().num_embeddings
    hidden = backbone(torch.tensor([0, len(tokenizer) - 1, 2]), (3,))
    assert head(hidden).shape == (3, len(tokenizer))


@pytest.mark.parametrize("name", ["no/such-model", "/no/such/folder"])
def test_a_backbone_that_does_not_exist_is_rejected(name: str) -> None:
    with pytest.raises(FileNotFoundError, match=f"'{name}' is not a complete folder"):
        load_backbone(name)


def test_without_a_network_the_error_comes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def unplugged(*_: Any, **__: Any) -> None:
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", unplugged)
    begin = time.perf_counter()
    with pytest.raises(FileNotFoundError, match="hub did not provide it"):
        load_backbone("no/such-model")
    assert time.perf_counter() - begin < 2


def test_a_folder_without_weights_is_rejected(tiny: str, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny, tmp_path / "bare")
    (folder / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="is not a complete folder") as caught:
        load_backbone(str(folder))
    assert "Error no file named model.safetensors" in str(caught.value)
    assert "network" not in str(caught.value)


def test_a_model_that_is_no_masked_language_model_is_rejected(tiny: str, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny, tmp_path / "clip")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "vit", "architectures": ["ViTModel"]}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"clip' is not a masked language model"):
        load_backbone(str(folder))


def test_a_folder_without_a_fast_tokenizer_is_rejected(tiny: str, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny, tmp_path / "slow")
    (folder / "tokenizer.json").unlink()
    with pytest.raises((ValueError, FileNotFoundError), match="slow"):
        load_backbone(str(folder))


def test_code_in_a_backbone_folder_is_not_run(tiny: str, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny, tmp_path / "evil")
    trace = tmp_path / "trace"
    (folder / "evil.py").write_text(f"import pathlib\npathlib.Path({str(trace)!r}).touch()\n")
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoConfig": "evil.X", "AutoModelForMaskedLM": "evil.X"}
    (folder / "config.json").write_text(json.dumps(config))
    load_backbone(str(folder))
    assert not trace.exists()


def test_a_weight_file_with_code_is_not_run(tiny: str, tmp_path: Path) -> None:
    class Dangerous:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "trace"),)

    folder = shutil.copytree(tiny, tmp_path / "pickled")
    (folder / "model.safetensors").unlink()
    torch.save({"x": Dangerous()}, folder / "pytorch_model.bin")
    with pytest.raises((ValueError, FileNotFoundError)):
        load_backbone(str(folder))
    assert not (tmp_path / "trace").exists()


def test_importing_nn_imports_no_model_classes() -> None:
    # transformers imports its model classes only when a backbone is loaded.
    code = "import sys, lowner_pl.nn; print('transformers.models.xlm_roberta' in sys.modules)"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert output.stdout.strip() == "False"


def table(backbone: Backbone) -> Tensor:
    """Return the input embeddings."""
    weight = backbone.encoder.get_input_embeddings().weight
    assert isinstance(weight, Tensor)
    return weight


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_new_tokens_start_from_the_mean_of_their_seed_words(
    kind: str, backbones: dict[str, Path]
) -> None:
    name = str(backbones[kind])
    plain, _, tokenizer = load_backbone(name)
    rows = table(plain)
    encoder = WordEncoder(tokenizer)
    ids = [*encoder.subwords("mtu"), *encoder.subwords("watu")]
    assert tokenizer.unk_token_id not in ids
    seeded = {"<B-PER>": ("mtu", "watu"), "<I-PER>": ("mtu", "watu")}
    backbone, head, extended = load_backbone(name, new_tokens={**seeded, "<rand>": ()})
    grown = table(backbone)
    known = extended.get_vocab()
    for token in seeded:
        torch.testing.assert_close(grown[known[token]], rows[ids].mean(0))
    assert not grown[known["<rand>"]].equal(grown[known["<B-PER>"]])
    torch.testing.assert_close(grown[: len(tokenizer)], rows[: len(tokenizer)])
    assert head(torch.zeros(1, backbone.hidden_size)).shape[1] >= len(extended)


def test_known_tokens_keep_their_embeddings(tiny: str, tmp_path: Path) -> None:
    backbone, head, tokenizer = load_backbone(tiny, new_tokens={"<B-PER>": ()})
    save_backbone(backbone, head, tokenizer, tmp_path)
    again, _, extended = load_backbone(str(tmp_path), new_tokens={"<B-PER>": ("mtu",)})
    row = extended.get_vocab()["<B-PER>"]
    assert len(extended) == len(tokenizer)
    assert table(backbone)[row].equal(table(again)[row])


def test_seed_words_that_the_vocabulary_does_not_cover_are_rejected(tiny: str) -> None:
    with pytest.raises(ValueError, match=r"none of the seed words of '<B-PER>', \['人'\]"):
        load_backbone(tiny, new_tokens={"<B-PER>": ("人",)})


def test_a_truncated_weight_file_is_rejected(tiny: str, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny, tmp_path / "cut")
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"weights of '.*cut' are truncated"):
        load_backbone(str(folder))


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_an_encoder_without_a_head_works_only_where_no_head_is_needed(
    kind: str, backbones: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(backbones[kind], tmp_path / "bare")
    AutoModel.from_pretrained(folder).save_pretrained(folder)
    load_backbone(str(folder))
    with pytest.raises(ValueError, match=r"bare' lacks weights of its head, such as '"):
        load_backbone(str(folder), needs_head=True)
    with pytest.raises(ValueError, match="lacks weights of its head"):
        MLMLightningModule(backbone=str(folder))
    MANERLightningModule(entity_types=("PER",), backbone=str(folder))
    with pytest.raises(ValueError, match="lacks weights of its head"):
        MANERLightningModule(entity_types=("PER",), backbone=str(folder), mlm_weight=0.1)


def test_an_incomplete_encoder_is_rejected(tiny: str, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny, tmp_path / "bare")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    with pytest.raises(ValueError, match=r"lacks weights of its encoder, such as '.*layer\.2"):
        load_backbone(str(folder))


def test_a_tokenizer_with_more_subwords_than_embeddings_is_rejected(
    tiny: str, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny, tmp_path / "grown")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["zaidi"])
    tokenizer.save_pretrained(folder)
    with pytest.raises(
        ValueError, match=r"grown' has 400 embeddings, but its tokenizer has 401 subwords"
    ):
        load_backbone(str(folder), new_tokens={"<B-PER>": ()})
