"""Model types that run padded: batching, training, freezing, raw text."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import CONFIG_MAPPING, AutoModel, AutoModelForMaskedLM

from lowner_pl.commands.cli import run
from lowner_pl.corpus import Sentence
from lowner_pl.modules import MANERLightningModule, MLMLightningModule, SNERLightningModule
from lowner_pl.nn import Backbone, load_backbone

from ...running import CONFIGS

SMALL: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 130,
}
TYPES: dict[str, dict[str, Any]] = {
    "albert": {"embedding_size": 8},
    "big_bird": {},
    "convbert": {"embedding_size": 16},  # convolutions read the padding
    "deberta-v2": {},
    "distilbert": {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32},
    "electra": {"embedding_size": 8},
    "fnet": {},  # Fourier transforms read the padding, and there is no attention mask
    "funnel": {  # pools the padding; its blocks define the number of layers
        "d_model": 16,
        "n_head": 2,
        "d_head": 8,
        "d_inner": 32,
        "block_sizes": [2, 2],
        "num_hidden_layers": None,
    },
    "longformer": {"attention_window": 8},
    # concatenates the embeddings of neighbours, including padding
    "mobilebert": {"embedding_size": 8, "intra_bottleneck_size": 8, "true_hidden_size": 8},
    "mpnet": {},
    "nystromformer": {},  # pools the padding
    "rembert": {"input_embedding_size": 8, "output_embedding_size": 8},
}
READ_PADDING = {"convbert", "fnet", "funnel", "mobilebert", "nystromformer"}
WITHOUT_STACK = {"albert", "funnel"}
ENTITIES = ("PER", "LOC", "ORG")


@pytest.fixture(scope="module")
def folders(
    tmp_path_factory: pytest.TempPathFactory, backbones: dict[str, Path]
) -> dict[str, Path]:
    """A random model of each type, with a Swahili vocabulary."""
    tiny = backbones["xlm-roberta"]
    root = tmp_path_factory.mktemp("types")
    for name, options in TYPES.items():
        values = {**SMALL, **options, "vocab_size": 400, "pad_token_id": 1}
        config = CONFIG_MAPPING[name](**{k: v for k, v in values.items() if v is not None})
        torch.manual_seed(0)
        model = AutoModelForMaskedLM.from_config(config)
        with torch.no_grad():
            for weight in model.parameters():  # no zeros, as if trained
                weight.add_(0.05 * torch.randn_like(weight))
        model.save_pretrained(root / name)
        for file in tiny.glob("tokenizer*"):
            shutil.copy(file, root / name)
    return {name: root / name for name in TYPES}


@pytest.fixture(params=TYPES)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_a_sentence_gets_the_same_scores_alone_and_in_a_batch(
    kind: str, folders: dict[str, Path], swahili: list[Sentence]
) -> None:
    module = MANERLightningModule(
        entity_types=ENTITIES, backbone=str(folders[kind]), max_length=40, context=4
    ).eval()
    backbone = module.tagger.backbone
    assert not backbone.packed
    assert backbone.reads_padding == (kind in READ_PADDING)
    sentences = [swahili[0], swahili[1], Sentence(swahili[2].words[:2]), swahili[3], swahili[0]]
    with torch.no_grad():
        tags, _, together = module.tag(sentences)
        for row, sentence in enumerate(sentences):
            (alone,), _, scores = module.tag([sentence])
            assert tags[row] == alone
            torch.testing.assert_close(
                together[row, : scores.shape[1]], scores[0], rtol=1e-4, atol=1e-5
            )


def test_training_lowers_the_loss_of_a_batch(
    kind: str, folders: dict[str, Path], swahili: list[Sentence]
) -> None:
    module = SNERLightningModule(entity_types=ENTITIES, backbone=str(folders[kind]))
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-2)
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        loss = module.loss(swahili[:4])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert min(losses[4:]) < losses[0]
    trained = [p for p in module.tagger.backbone.parameters() if p.grad is not None]
    assert len(trained) > 5


def test_layers_are_frozen_or_the_error_says_why_not(kind: str, folders: dict[str, Path]) -> None:
    backbone, _, _ = load_backbone(str(folders[kind]))
    backbone.freeze(0)
    frozen = {name for name, p in backbone.encoder.named_parameters() if not p.requires_grad}
    assert frozen
    assert all(name.startswith("embeddings.") for name in frozen)
    if kind in WITHOUT_STACK:
        with pytest.raises(ValueError, match=f"is 1, but .* '{kind}' has no stack of layers"):
            backbone.freeze(1)
        return
    backbone.freeze(1)
    more = {name for name, p in backbone.encoder.named_parameters() if not p.requires_grad}
    assert more > frozen
    assert any(p.requires_grad for p in backbone.encoder.parameters())


def test_masked_language_modelling_trains_the_embeddings(
    kind: str, folders: dict[str, Path], swahili: list[Sentence]
) -> None:
    module = MLMLightningModule(backbone=str(folders[kind]), length=24)
    loss = module.loss(module.mask(swahili[:12], torch.Generator().manual_seed(0)))
    loss.backward()
    assert torch.isfinite(loss)
    encoder: Any = module.backbone.encoder
    gradient = encoder.get_input_embeddings().weight.grad
    assert gradient.abs().sum() > 0


@pytest.mark.parametrize("name", ["fnet", "longformer"])
def test_the_command_line_trains_them(
    name: str, folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    configs = [f"--config={CONFIGS / file}.yaml" for file in ("maner_wikiann", "embedded")]
    run(["fit", *configs, f"--model.backbone={folders[name]}", "--trainer.fast_dev_run=1"])


class Encoder(torch.nn.Module):
    """A fake model that applies a given function to the rows of a batch."""

    def __init__(self, what: Any) -> None:
        super().__init__()
        self.table = torch.nn.Embedding(50, 4)
        self.what = what
        self.config = AutoModel.from_config(CONFIG_MAPPING["electra"](**SMALL)).config

    def get_input_embeddings(self) -> torch.nn.Embedding:
        return self.table

    def forward(self, input_ids: torch.Tensor, **_: Any) -> Any:
        output: Any = type("Output", (), {})()
        output.last_hidden_state = self.what(self.table(input_ids))
        return output


def test_a_model_that_mixes_the_rows_of_a_batch_is_rejected() -> None:
    encoder: Any = Encoder(lambda rows: rows + rows.mean(0))
    with pytest.raises(
        ValueError, match=r"'electra' can't be a backbone: .* depend on other sentences"
    ):
        Backbone(encoder)
    assert encoder.training


def test_a_model_that_needs_more_than_subword_ids_is_rejected() -> None:
    encoder: Any = Encoder(lambda rows: rows.no_such_method())
    with pytest.raises(ValueError, match=r"can't be a backbone: .* fails with .*no_such_method"):
        Backbone(encoder)
