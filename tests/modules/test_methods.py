"""Contracts of every tagging method."""

from typing import Any

import pytest
import torch

from lowner_pl.corpus import Sentence, entities_of
from lowner_pl.modules import (
    BaseModule,
    MANERLightningModule,
    MLMNERLightningModule,
    NERModule,
    SNERLightningModule,
)

from ..conftest import KINDS

TYPES = ("PER", "LOC", "ORG")
METHODS: dict[str, tuple[type[NERModule], dict[str, Any]]] = {
    "sner": (SNERLightningModule, {}),
    "maner": (MANERLightningModule, {}),
    "maner_rand": (MANERLightningModule, {"marker": "random"}),
    "maner_mlm": (MANERLightningModule, {"mlm_weight": 0.5}),
    "mlm_ner": (MLMNERLightningModule, {}),
    "sner_crf": (SNERLightningModule, {"head": "crf"}),
    "maner_io": (MANERLightningModule, {"tag_scheme": "io"}),
    "maner_crf_io": (MANERLightningModule, {"head": "crf", "tag_scheme": "io"}),
    "sner_one_type": (SNERLightningModule, {"entity_types": ("PER",)}),
    "sner_crf_one_type": (SNERLightningModule, {"entity_types": ("PER",), "head": "crf"}),
    "maner_crf_io_one_type": (
        MANERLightningModule,
        {"entity_types": ("PER",), "head": "crf", "tag_scheme": "io"},
    ),
}


@pytest.fixture(params=METHODS)
def module(request: pytest.FixtureRequest, tiny: str) -> NERModule:
    torch.manual_seed(0)
    cls, options = METHODS[request.param]
    return cls(**{"entity_types": TYPES, "backbone": tiny, **options})


@pytest.fixture
def sentences(module: NERModule, swahili: list[Sentence]) -> list[Sentence]:
    """Swahili sentences with only the module's entity types."""
    return [sentence.restricted_to(module.entity_types) for sentence in swahili]


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a module log without a trainer."""
    monkeypatch.setattr(BaseModule, "log", lambda *_, **__: None)


def test_new_modules_are_in_training_mode(module: NERModule) -> None:
    assert all(part.training for part in module.modules())
    assert any(isinstance(part, torch.nn.Dropout) and part.p > 0 for part in module.modules())


@pytest.mark.usefixtures("quiet")
def test_every_parameter_gets_a_gradient(module: NERModule, sentences: list[Sentence]) -> None:
    module.loss(sentences[:16]).backward()
    without = {
        name
        for name, value in module.named_parameters()
        if value.requires_grad and value.grad is None
    }
    assert not without


def test_emissions_are_the_same_alone_and_in_a_batch(
    module: NERModule, sentences: list[Sentence]
) -> None:
    module.eval()
    with torch.no_grad():
        together, batch, emissions = module.tag(sentences[:20])
        for row, sentence in enumerate(sentences[:20]):
            alone, _, own = module.tag([sentence])
            assert alone == [together[row]]
            words = len(sentence.words)
            torch.testing.assert_close(own[0], emissions[row, :words], atol=1e-5, rtol=1e-4)
            assert batch.word_mask[row].sum() == words


def test_gold_tags_of_unknown_types_count_as_outside_in_the_dev_loss(
    module: NERModule, swahili: list[Sentence]
) -> None:
    # The fixture `sentences`, like training data, has only the module's types.
    odd = [Sentence(("Linux", *s.words), ("B-PRODUCT", *(s.tags or ()))) for s in swahili[:4]]
    plain = [s.restricted_to(module.entity_types) for s in odd]
    module.eval()
    with torch.no_grad():
        losses = []
        for batch in (odd, plain):
            tags = module.tag_dev_batch(batch)
            assert tags == module.tag(plain)[0]
            losses.append(module.dev_loss.compute())
            module.dev_loss.reset()
    assert losses[0] == losses[1]
    assert torch.isfinite(losses[0])
    with pytest.raises(ValueError, match="does not know the tag 'B-PRODUCT'"):
        module.loss(odd)  # in training data, unknown types are an error


def test_predicted_tags_are_well_formed_iob2(module: NERModule, sentences: list[Sentence]) -> None:
    module.eval()
    with torch.no_grad():
        tags, *_ = module.tag(sentences)
        again, sure = module.tag_with_confidence(sentences)
    assert again == tags
    assert [len(row) for row in sure] == [len(entities_of(row)) for row in tags]
    assert all(0.0 < value <= 1.0 for row in sure for value in row)
    assert any(tag != "O" for row in tags for tag in row)  # an untrained tagger predicts anything
    for row in tags:
        for before, tag in zip(("O", *row), row, strict=False):
            assert not tag.startswith("I-") or before[2:] == tag[2:]


@pytest.mark.usefixtures("quiet")
def test_training_lowers_the_loss(module: NERModule, sentences: list[Sentence]) -> None:
    optimizer = torch.optim.AdamW([p for p in module.parameters() if p.requires_grad], lr=3e-3)
    losses = []
    for _ in range(15):
        loss = module.loss(sentences[:16])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-3:]) < 0.85 * sum(losses[:3])


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_backbone_works(
    kind: str, backbones: dict[str, Any], swahili: list[Sentence]
) -> None:
    for marker in ("mask", "random"):
        module = MANERLightningModule(
            entity_types=TYPES,
            backbone=str(backbones[kind]),
            marker=marker,
        )
        module.loss(swahili[:4]).backward()


def test_the_random_marker_gets_a_random_embedding(tiny: str) -> None:
    plain = SNERLightningModule(entity_types=TYPES, backbone=tiny)
    rows = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        random = MANERLightningModule(entity_types=TYPES, backbone=tiny, marker="random")
        table: Any = random.tagger.backbone.encoder.get_input_embeddings().weight
        old: Any = plain.tagger.backbone.encoder.get_input_embeddings().weight
        assert len(table) == len(old) + 1
        assert table[:-1].equal(old)
        rows.append(table[-1])
    assert not rows[0].equal(rows[1])
    assert 0.005 < rows[0].std().item() < 0.05  # initializer_range 0.02


def test_mlm_ner_redraws_masks_in_training_and_masks_nothing_otherwise(
    tiny: str, swahili: list[Sentence]
) -> None:
    module = MLMNERLightningModule(entity_types=TYPES, backbone=tiny, p_ner=0.5)
    mask = module.word_encoder.mask_id
    torch.manual_seed(0)
    first, second = (module.encode(swahili, train=True).input_ids for _ in range(2))
    torch.manual_seed(0)
    again = module.encode(swahili, train=True).input_ids
    words = sum(len(sentence.words) for sentence in swahili)
    assert abs((first == mask).sum().item() - 0.5 * words) < 4 * (0.25 * words) ** 0.5
    assert not first.equal(second)
    assert first.equal(again)
    assert mask not in module.encode(swahili, train=False).input_ids


def test_the_mlm_loss_is_the_cross_entropy_at_the_masks(tiny: str, swahili: list[Sentence]) -> None:
    module = MANERLightningModule(entity_types=TYPES, backbone=tiny, mlm_weight=2.0).eval()
    batch = module._plain_encoder(swahili[:4], module.tag_set)
    torch.manual_seed(3)
    loss = module.mlm_loss(swahili[:4])
    # The stock model with the same masks (same seed), and the loss at the masks only.
    from transformers import AutoModelForMaskedLM

    from lowner_pl.encoding import mask_subwords

    stock = AutoModelForMaskedLM.from_pretrained(tiny).eval()
    torch.manual_seed(3)
    special = torch.tensor(module.word_encoder.tokenizer.all_special_ids)
    masked, positions = mask_subwords(
        batch.input_ids,
        ~torch.isin(batch.input_ids, special),
        probability=0.15,
        mask_id=module.word_encoder.mask_id,
        vocabulary=module.word_encoder.tokenizer.vocab_size,
        generator=torch.default_generator,
    )
    rows = masked.split(batch.lengths)
    logits = torch.cat([stock(input_ids=row[None]).logits[0] for row in rows])
    expected = -logits.log_softmax(1)[positions, batch.input_ids[positions]].mean()
    torch.testing.assert_close(loss, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.usefixtures("quiet")
def test_the_loss_of_maner_is_the_weighted_sum_of_both_losses(
    tiny: str, swahili: list[Sentence]
) -> None:
    torch.manual_seed(0)
    module = MANERLightningModule(entity_types=TYPES, backbone=tiny, mlm_weight=2.0).eval()
    with torch.no_grad():
        tagging = NERModule.loss(module, swahili[:4])
        torch.manual_seed(1)
        mlm = module.mlm_loss(swahili[:4])
        torch.manual_seed(1)
        torch.testing.assert_close(module.loss(swahili[:4]), tagging + 2.0 * mlm)


@pytest.mark.parametrize(("layers", "frozen"), [(0, 0), (1, 1), (2, 2)])
def test_frozen_layers_freezes_the_embeddings_and_the_bottom_layers(
    layers: int, frozen: int, tiny: str, swahili: list[Sentence]
) -> None:
    module = SNERLightningModule(entity_types=TYPES, backbone=tiny, frozen_layers=layers)
    encoder: Any = module.tagger.backbone.encoder
    assert not any(p.requires_grad for p in encoder.embeddings.parameters())
    for index, layer in enumerate(encoder.encoder.layer):
        assert all(p.requires_grad == (index >= frozen) for p in layer.parameters())
    module.loss(swahili[:4]).backward()
    assert all(p.grad is None for p in encoder.embeddings.parameters())


@pytest.mark.parametrize("options", [{}, {"frozen_layers": 1}, {"head": "crf"}])
def test_the_head_can_have_a_higher_learning_rate(options: dict[str, Any], tiny: str) -> None:
    module = SNERLightningModule(
        entity_types=TYPES,
        backbone=tiny,
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.1),
        head_lr_factor=5.0,
        **options,
    )
    optimizer = module.new_optimizer()
    trained = {name: p for name, p in module.named_parameters() if p.requires_grad}
    before = {name: p.detach().clone() for name, p in trained.items()}
    for parameter in trained.values():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    for name, parameter in trained.items():
        step = 0.5 if name.startswith("tagger.head") else 0.1  # 0.1, or 5 x 0.1, times 1
        torch.testing.assert_close(before[name] - parameter, torch.full_like(parameter, step))


def test_a_head_with_the_same_learning_rate_has_no_parameter_group_of_its_own(tiny: str) -> None:
    module = SNERLightningModule(entity_types=TYPES, backbone=tiny)
    assert len(module.new_optimizer().param_groups) == 1


@pytest.mark.parametrize(
    ("cls", "options", "message"),
    [
        (
            SNERLightningModule,
            {"average": "sentences", "head": "crf"},
            "`average` is 'sentences', but with `head: crf` it must be 'words'",
        ),
        (
            SNERLightningModule,
            {"head_lr_factor": 0.0},
            "`head_lr_factor` is 0.0",
        ),
        (
            SNERLightningModule,
            {"frozen_layers": 3},
            "`frozen_layers` is 3, but it must be between 0 and 2",
        ),
        (
            SNERLightningModule,
            {"dropout": 1.0},
            "`dropout` is 1.0, but it must be at least 0 and below 1",
        ),
        (SNERLightningModule, {"warmup": 1.5}, "`warmup` is 1.5, but it must be between 0 and 1"),
        (
            SNERLightningModule,
            {"subwords_per_pass": 0},
            "`subwords_per_pass` is 0, but it must be at least 1",
        ),
        (
            MANERLightningModule,
            {"mlm_weight": -1.0},
            "`mlm_weight` is -1.0, but it must be at least 0",
        ),
        (
            MANERLightningModule,
            {"mlm_probability": 2.0},
            "`mlm_probability` is 2.0",
        ),
        (MLMNERLightningModule, {"p_ner": 1.1}, "`p_ner` is 1.1, but it must be between 0 and 1"),
    ],
)
def test_bad_options_are_errors(
    cls: type[NERModule], options: dict[str, Any], message: str, tiny: str
) -> None:
    with pytest.raises(ValueError, match=message):
        cls(entity_types=TYPES, backbone=tiny, **options)


def test_base_classes_are_abstract() -> None:
    with pytest.raises(TypeError, match="abstract"):
        NERModule(entity_types=TYPES)  # type: ignore[abstract]


def test_scoring_untagged_sentences_is_an_error(tiny: str) -> None:
    module = SNERLightningModule(entity_types=TYPES, backbone=tiny)
    with pytest.raises(ValueError, match="has no tags and cannot be scored"):
        module.validation_step([Sentence(("Juma",))], 0)


def test_a_loss_of_nan_is_an_error_that_names_the_batch(
    tiny: str, swahili: list[Sentence], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = SNERLightningModule(entity_types=TYPES, backbone=tiny)
    monkeypatch.setattr(module, "loss", lambda _: torch.tensor(float("nan")))
    with pytest.raises(
        ValueError, match="The loss is nan in epoch 0, batch 4, which begins with 'Rehema"
    ):
        module.training_step(swahili[:3], 4)


@pytest.mark.parametrize("head", ["softmax", "crf"])
def test_a_sentence_of_4_000_words_can_be_tagged_and_trained_on(head: Any, tiny: str) -> None:
    module = MANERLightningModule(entity_types=TYPES, backbone=tiny, head=head, max_length=128)
    sentence = Sentence(
        ("Juma", "alifika", "Dodoma", ".") * 1_000, ("B-PER", "O", "B-LOC", "O") * 1_000
    )
    module.loss([sentence]).backward()
    assert all(p.grad is not None for p in module.tagger.backbone.parameters())
    module.eval()
    with torch.inference_mode():
        (tags,), *_ = module.tag([sentence])
    assert len(tags) == 4_000


@pytest.mark.parametrize("name", ["sner", "maner"])
def test_the_loss_averaged_by_sentences_is_the_mean_of_the_sentence_losses(
    name: str, tiny: str, swahili: list[Sentence]
) -> None:
    cls, options = METHODS[name]
    torch.manual_seed(0)
    module = cls(entity_types=TYPES, backbone=tiny, average="sentences", **options).eval()
    torch.nn.init.normal_(module.tagger.head.linear.weight)
    batch = [max(swahili, key=lambda s: len(s.words)), min(swahili, key=lambda s: len(s.words))]
    with torch.no_grad():
        each = torch.stack([module.loss([sentence]) for sentence in batch])
        torch.testing.assert_close(module.loss(batch), each.mean(), rtol=1e-4, atol=1e-5)
        module.average = "words"
        assert (module.loss(batch) - each.mean()).abs() > 1e-3
