"""Packing avoids padding without changing hidden states or gradients."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForTokenClassification,
    DataCollatorForTokenClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from lowner_pl.corpus import Sentence, TagSet
from lowner_pl.encoding import WordEncoder
from lowner_pl.nn import Backbone, Tagger, build_head, load_backbone
from lowner_pl.nn.backbones import backbone as backbone_file
from lowner_pl.nn.backbones import packed_attention
from lowner_pl.nn.backbones.making.fresh_tokenizer import Kind

from ...conftest import KINDS

TAG_SET = TagSet(["PER", "LOC", "ORG"])
LENGTHS = (2, 5, 5, 5, 9, 40)  # 40: longer than ModernBERT's local attention below


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    chosen: Kind = request.param
    return chosen


@pytest.fixture
def batch(swahili: list[Sentence]) -> list[Sentence]:
    """Sentences of many lengths, one of them longer than ModernBERT's local attention."""
    long = swahili[:5]
    words = tuple(word for sentence in long for word in sentence.words)
    tags = tuple(tag for sentence in long for tag in sentence.tags or ())
    return [*swahili[5:16], Sentence(words, tags), Sentence(words[:1], tags[:1])]


@pytest.fixture(params=backbone_file.PACKABLE)
def encoder(request: pytest.FixtureRequest) -> PreTrainedModel:
    return new_encoder(request.param)


def new_encoder(model_type: str, *, dropout: float = 0.0) -> PreTrainedModel:
    """Create a tiny random encoder of any type in double precision."""
    drops = ["hidden_dropout_prob", "attention_probs_dropout_prob"]
    drops += ["attention_dropout", "mlp_dropout", "embedding_dropout"]
    shape = {"vocab_size": 50, "hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2}
    shape |= {"intermediate_size": 24, "max_position_embeddings": 64, "pad_token_id": 1}
    shape |= {"bos_token_id": 0, "eos_token_id": 2, "cls_token_id": 0, "sep_token_id": 2}
    shape |= {"local_attention": 8} if model_type == "modernbert" else {}
    config = AutoConfig.for_model(model_type, **shape, **dict.fromkeys(drops, dropout))
    torch.manual_seed(0)
    has_pooler = model_type not in ("modernbert", "electra")
    options = {"add_pooling_layer": False} if has_pooler else {}
    model: PreTrainedModel = AutoModel.from_config(config, **options)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3)  # by default, attention would be nearly uniform
    return model.double()


def token_ids(seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(3, 50, (sum(LENGTHS),), generator=generator)


def gradients(module: nn.Module) -> dict[str, Tensor]:
    return {name: p.grad.clone() for name, p in module.named_parameters() if p.grad is not None}


def output_and_gradients(backbone: Backbone, ids: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Run a batch forward and backward, with a loss that depends on all hidden states."""
    backbone.zero_grad()
    torch.manual_seed(5)
    hidden = backbone(ids, LENGTHS)
    weights = torch.linspace(-1, 1, hidden.numel(), dtype=hidden.dtype).view_as(hidden)
    torch.autograd.backward((hidden.tanh() * weights).sum())
    return hidden.detach(), gradients(backbone)


def assert_same_gradients(mine: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    """Compare with a relative tolerance of 1e-5, except gradients that are 0 but for noise."""
    assert mine.keys() == other.keys()
    largest = max(float(gradient.norm()) for gradient in other.values())
    for name, gradient in other.items():
        difference = float((mine[name] - gradient).norm())
        assert difference <= 1e-5 * float(gradient.norm()) + 1e-12 * largest, name


def assert_windows_are_independent(backbone: Backbone) -> None:
    ids, lengths = token_ids(), list(LENGTHS)
    together = torch.split(backbone(ids, LENGTHS), lengths)
    for alone, length, hidden in zip(torch.split(ids, lengths), lengths, together, strict=True):
        torch.testing.assert_close(backbone(alone, (length,)), hidden)


def stock_batch(
    tokenizer: PreTrainedTokenizerBase, sentences: list[Sentence], blank: str
) -> dict[str, Tensor]:
    """Encode like the usual token-classification script: label first subwords, pad rows."""
    encoded = tokenizer(
        [[blank + word for word in sentence.words] for sentence in sentences],
        is_split_into_words=True,
    )
    features = []
    for index, sentence in enumerate(sentences):
        words, ids = encoded.word_ids(index), TAG_SET.encode(sentence.tags or ())
        labels = [
            -100 if word is None or word == before else ids[word]
            for before, word in zip([None, *words], words, strict=False)
        ]
        features.append({"input_ids": encoded["input_ids"][index], "labels": labels})
    padded: dict[str, Tensor] = DataCollatorForTokenClassification(tokenizer)(features)
    return padded


@pytest.fixture
def stock(backbones: dict[str, Path], kind: Kind) -> PreTrainedModel:
    """The token-classification model of transformers with the same backbone."""
    torch.manual_seed(0)
    model: PreTrainedModel = AutoModelForTokenClassification.from_pretrained(
        backbones[kind], num_labels=len(TAG_SET)
    )
    if kind == "modernbert":
        model.head = nn.Identity()  # only ModernBERT has another layer before the classifier
    model.double().train(False)  # no dropout
    return model


def test_a_step_has_the_same_gradient_as_a_padded_step_of_the_stock_model(
    backbones: dict[str, Path], kind: Kind, batch: list[Sentence], stock: PreTrainedModel
) -> None:
    backbone, _, tokenizer = load_backbone(str(backbones[kind]))
    tagger = Tagger(backbone, build_head("softmax", backbone.hidden_size, TAG_SET, 0.1))
    tagger.head.linear.load_state_dict(stock.get_submodule("classifier").state_dict())
    tagger.double().eval()

    encoded = WordEncoder(tokenizer)(batch, TAG_SET)
    loss = tagger.head.loss(tagger(encoded), encoded.tags, encoded.word_mask)
    torch.autograd.backward(loss)
    # ModernBERT's tokenizer expects the blank before a word.
    padded = stock_batch(tokenizer, batch, " " if kind == "modernbert" else "")
    assert padded["input_ids"].numel() > 2 * len(encoded.input_ids)  # more padding than text
    expected = stock(**padded)
    torch.autograd.backward(expected.loss)

    assert loss.item() == pytest.approx(expected.loss.item(), rel=1e-6)
    mine = gradients(tagger.backbone.encoder) | gradients(tagger.head.linear)
    assert_same_gradients(
        mine, gradients(stock.base_model) | gradients(stock.get_submodule("classifier"))
    )


def test_packed_and_padded_rows_give_equal_outputs_and_gradients(
    encoder: PreTrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_type = encoder.config.model_type
    packed, packed_gradients = output_and_gradients(Backbone(encoder), token_ids())
    monkeypatch.setattr(backbone_file, "PACKABLE", ())
    reference = Backbone(new_encoder(model_type))
    assert not reference.packed
    padded, padded_gradients = output_and_gradients(reference, token_ids())
    torch.testing.assert_close(packed, padded, rtol=1e-6, atol=1e-6)
    assert_same_gradients(packed_gradients, padded_gradients)


def test_a_window_does_not_see_its_neighbours_in_the_row(encoder: PreTrainedModel) -> None:
    backbone = Backbone(encoder).eval()
    assert_windows_are_independent(backbone)


@pytest.mark.parametrize("training", [True, False])
def test_several_passes_give_the_same_outputs_and_gradients_as_one(
    encoder: PreTrainedModel, training: bool
) -> None:
    backbone = Backbone(encoder).train(training)
    one, one_gradients = output_and_gradients(backbone, token_ids())
    backbone.subwords_per_pass = 12
    assert len(backbone_file._passes(LENGTHS, 12)) == 4
    several, several_gradients = output_and_gradients(backbone, token_ids())
    torch.testing.assert_close(several, one)
    assert_same_gradients(several_gradients, one_gradients)


def test_a_recomputed_pass_drops_the_same_units(monkeypatch: pytest.MonkeyPatch) -> None:
    backbone = Backbone(new_encoder("xlm-roberta", dropout=0.5), subwords_per_pass=12).train()
    recomputed, recomputed_gradients = output_and_gradients(backbone, token_ids())
    monkeypatch.setattr(backbone_file, "checkpoint", lambda run, *inputs, **_: run(*inputs))
    kept, kept_gradients = output_and_gradients(backbone, token_ids())
    assert recomputed.equal(kept)
    assert_same_gradients(recomputed_gradients, kept_gradients)


@pytest.mark.parametrize("sliding_window", [None, 6])
def test_bfloat16_attention_on_a_cpu_matches_double_precision(sliding_window: int | None) -> None:
    generator = torch.Generator().manual_seed(3)
    numbers = torch.randn(3, 1, 2, sum(LENGTHS), 8, generator=generator, dtype=torch.double)
    outputs, gradients_ = [], []
    for dtype in (torch.bfloat16, torch.double):
        row = numbers.bfloat16().to(dtype).requires_grad_()
        query, key, value = row
        attended, _ = packed_attention.packed_attention(
            nn.Module(),
            query,
            key,
            value,
            None,
            lengths=LENGTHS,
            scaling=0.5,
            sliding_window=sliding_window,
        )
        torch.autograd.backward((attended.double() ** 2).sum())
        assert row.grad is not None
        outputs.append(attended.detach().double())
        gradients_.append(row.grad.double())
    assert outputs[0].norm() > 1
    for mine, exact in (outputs, gradients_):
        assert (mine - exact).norm() < 0.01 * exact.norm()  # 8 bits of mantissa: 0.4 % each


def test_bfloat16_attention_on_a_cpu_applies_dropout() -> None:
    ones = torch.ones(1, 1, 1000, 4, dtype=torch.bfloat16)
    torch.manual_seed(0)
    attended, _ = packed_attention.packed_attention(
        nn.Module(), ones, ones, ones, None, lengths=(1,) * 1000, dropout=0.25
    )
    # A window of one subword has a single weight of 1, which becomes 0 or 1 / 0.75.
    dropped = (attended == 0).float().mean().item()
    assert 0.2 < dropped < 0.3
    assert attended.max().item() == pytest.approx(1 / 0.75, rel=0.01)


def test_a_model_type_that_cannot_be_packed_runs_padded() -> None:
    backbone = Backbone(new_encoder("electra")).eval()
    assert not backbone.packed
    assert_windows_are_independent(backbone)
