import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import AutoModelForMaskedLM

from lowner_pl.corpus import Sentence
from lowner_pl.encoding import WordEncoder
from lowner_pl.metrics import MaskedScores
from lowner_pl.modules import BaseModule, MELMLightningModule

from ...conftest import ALL_KINDS

TYPES = ("PER", "ORG", "LOC", "MISC", "DATE")
JUMA = Sentence(("Juma", "alifika", "Dodoma", "."), ("B-PER", "O", "B-LOC", "O"), "sw")


def melm(backbone: Path | str, **options: Any) -> MELMLightningModule:
    torch.manual_seed(0)
    return MELMLightningModule(entity_types=TYPES, backbone=str(backbone), **options)


def masked(module: MELMLightningModule, sentences: list[Sentence], seed: int = 0) -> Any:
    return module.mask(sentences, torch.Generator().manual_seed(seed))


def vocabulary(module: MELMLightningModule) -> dict[str, int]:
    known: dict[str, int] = module.tokenizer.get_vocab()
    return known


def table(module: MELMLightningModule) -> Tensor:
    """Return the input embedding table."""
    weight = module.backbone.encoder.get_input_embeddings().weight
    assert isinstance(weight, Tensor)
    return weight


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a module log without a trainer."""
    monkeypatch.setattr(BaseModule, "log", lambda *_, **__: None)


@pytest.mark.parametrize("kind", ALL_KINDS)
@pytest.mark.parametrize("linearize", [True, False])
def test_the_loss_is_eq_1_computed_with_the_stock_model(
    kind: str, linearize: bool, backbones: dict[str, Path], swahili: list[Sentence], tmp_path: Path
) -> None:
    # Eq. 1: -log p(x_i | masked sentence), summed where m_i = 1; here divided by the masks.
    module = melm(backbones[kind], linearize=linearize).eval()
    batch = masked(module, swahili[:8])
    module.export(tmp_path)
    stock = AutoModelForMaskedLM.from_pretrained(tmp_path).eval()
    labels = torch.full_like(batch.input_ids, -100)
    labels[batch.positions] = batch.targets
    expected = 0.0
    parts = zip(batch.input_ids.split(batch.lengths), labels.split(batch.lengths), strict=True)
    for ids, wanted in parts:
        scores = stock(input_ids=ids[None]).logits[0]
        expected += cross_entropy(scores, wanted, reduction="sum").item()
    assert len(batch.targets) > 8
    assert module.loss(batch).item() == pytest.approx(expected / len(batch.targets), rel=1e-4)


def test_only_subwords_of_entities_become_mask_tokens(tiny: str) -> None:
    module = melm(tiny, mask_rate=1.0)
    batch = masked(module, [JUMA, JUMA.with_tags(["O"] * 4)])
    known = vocabulary(module)
    person, place = (known[f"<B-{type_}>"] for type_ in ("PER", "LOC"))
    encoder = module.word_encoder
    names = [encoder.subwords(word) for word in ("Juma", "Dodoma")]
    assert batch.targets.tolist() == [*names[0], *names[1]]
    mask = [encoder.mask_id]
    expected = [
        *encoder.prefix,
        *(person, *mask * len(names[0]), person),
        *encoder.subwords("alifika"),
        *(place, *mask * len(names[1]), place),
        *encoder.subwords("."),
        *encoder.suffix,
    ]
    assert batch.input_ids.tolist() == expected  # the sentence without entities is left out


def test_masks_are_redrawn_in_every_step_from_the_generator(
    tiny: str, swahili: list[Sentence]
) -> None:
    module = melm(tiny)
    one, again, other = (masked(module, swahili[:9], seed) for seed in (0, 0, 1))
    assert one.input_ids.equal(again.input_ids)
    assert not one.input_ids.equal(other.input_ids)


def test_a_batch_without_entities_has_a_loss_of_zero(tiny: str) -> None:
    module = melm(tiny)
    batch = masked(module, [JUMA.with_tags(["O"] * 4)])
    assert len(batch.targets) == 0
    loss = module.loss(batch)
    loss.backward()
    assert loss.item() == 0.0
    gradients = [p.grad for p in module.parameters() if p.grad is not None]
    assert not any(gradient.any() for gradient in gradients)


def test_dev_entities_of_types_without_label_tokens_are_ignored(tiny: str) -> None:
    module = melm(tiny).eval()
    odd = Sentence((*JUMA.words, "Linux"), (*(JUMA.tags or ()), "B-PRODUCT"), "sw")
    scores = []
    for sentence in (odd, odd.restricted_to(TYPES)):
        module.on_validation_epoch_start()
        module.validation_step([sentence], 0)
        scores.append(dict(module.scores.compute())[""])
    assert scores[0] == scores[1]
    assert scores[0]["masks"] > 0


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_label_tokens_start_from_their_seed_words(
    kind: str, backbones: dict[str, Path], swahili: list[Sentence]
) -> None:
    module = melm(backbones[kind], seed_words={"ORG": "shirika chama", "sw": "Kiswahili"})
    rows = table(module)
    known = vocabulary(module)
    encoder = WordEncoder(module.tokenizer)
    seeds = {"PER": ["person"], "ORG": ["shirika", "chama"], "DATE": ["date"]}
    for type_, words in seeds.items():
        ids = [id_ for word in words for id_ in encoder.subwords(word)]
        for prefix in "BI":
            row = rows[known[f"<{prefix}-{type_}>"]]
            torch.testing.assert_close(row, rows[ids].mean(0))
    assert "<sw>" not in known
    marked = melm(backbones[kind], languages=["sw"])
    assert "<sw>" in vocabulary(marked)
    assert vocabulary(marked)["<sw>"] in masked(marked, swahili[:5]).input_ids


def test_without_linearisation_no_token_is_added(tiny: str) -> None:
    module = melm(tiny, linearize=False)
    assert not [token for token in vocabulary(module) if token.startswith("<B-")]
    batch = masked(module, [JUMA])
    ids = batch.input_ids.clone()
    ids[batch.positions] = batch.targets
    encoder = module.word_encoder
    words = [i for word in JUMA.words for i in encoder.subwords(word)]
    assert ids.tolist() == [*encoder.prefix, *words, *encoder.suffix]


@pytest.mark.usefixtures("quiet")
def test_every_parameter_gets_a_gradient(tiny: str, swahili: list[Sentence]) -> None:
    module = melm(tiny)
    assert all(part.training for part in module.modules())
    module.training_step(swahili[:16], 0).backward()
    assert not [name for name, value in module.named_parameters() if value.grad is None]
    rows = table(module)
    assert rows.grad is not None
    assert rows.grad[vocabulary(module)["<B-PER>"]].any()


def test_every_window_of_a_long_sentence_is_trained_on(tiny: str, swahili: list[Sentence]) -> None:
    pairs = [pair for s in swahili[:30] for pair in zip(s.words, s.tags or (), strict=True)]
    long = Sentence(tuple(w for w, _ in pairs), tuple(t for _, t in pairs))
    module = melm(tiny, max_length=40, mask_rate=1.0)
    batch = masked(module, [long])
    subwords = [
        id_
        for entity in long.entities
        for word in long.words[entity.start : entity.end]
        for id_ in module.word_encoder.subwords(word)
    ]
    assert len(batch.lengths) > 10
    assert batch.targets.tolist() == subwords


def test_perplexity_is_the_exponential_of_the_loss() -> None:
    scores = MaskedScores(4)
    scores.update(torch.zeros(3, 4), torch.tensor([0, 1, 2]))  # all four are as likely
    values = scores.compute()
    assert values["loss"].item() == pytest.approx(math.log(4))
    assert values["perplexity"].item() == pytest.approx(4.0)


def test_a_seed_word_that_the_tokenizer_cannot_spell_is_an_error(tiny: str) -> None:
    with pytest.raises(ValueError, match=r"seed words of '<B-人>', \['人'\].*`seed_words`"):
        MELMLightningModule(entity_types=("人",), backbone=tiny)
    MELMLightningModule(entity_types=("人",), backbone=tiny, seed_words={"人": "mtu"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mask_rate": 0.0}, "`mask_rate` is 0.0, but it must be above 0 and at most 1"),
        ({"rounds": 0}, "`rounds` is 0, but it must be at least 1"),
        ({"generation_rate": 0.0}, "`generation_rate` is 0.0, but it must be above 0"),
        ({"k": 2, "min_rank": 3}, "`min_rank` is 3, but it must be between 1 and 2"),
        ({"k": 0}, "`k` is 0, but it must be at least 1"),
        ({"min_rank": 0}, "`min_rank` is 0, but it must be between 1 and 5"),
        ({"max_length": 4}, "`max_length` is 4, which leaves no room"),
        ({"linearize": False, "languages": ["sw"]}, "can only be marked beside label tokens"),
    ],
)
def test_options_outside_their_range_are_errors(
    tiny: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        melm(tiny, **options)


def test_a_sentence_in_an_unmarked_language_is_an_error(tiny: str) -> None:
    module = melm(tiny, languages=["en"])
    with pytest.raises(ValueError, match="no token '<sw>'"):
        masked(module, [JUMA])
