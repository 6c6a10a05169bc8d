from math import exp, inf, log
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer

from lowner_pl.augmentation import TokenVocabulary
from lowner_pl.corpus import AugmentationReport, Sentence, TagSet
from lowner_pl.datamodules import SampleDataModule, TextDataModule
from lowner_pl.modules import DAGALightningModule, generate

from ...conftest import ROOT

ANN = Sentence(("Ann", "left"), ("B-P", "O"), "en")
BO = Sentence(("left", "Ann", "Ann"), ("O", "O", "O"), "en")


def constant(shares: dict[str, float], **options: Any) -> DAGALightningModule:
    """A module that predicts each token with a fixed probability, whatever precedes it."""
    module = DAGALightningModule(embedding_size=3, hidden_size=4, **options)
    module.build(TokenVocabulary(["B-P", "I-P"], ["Ann", "left"]), "en")
    assert module.network is not None
    names = ["end", "unknown", "B-P", "I-P", "Ann", "left"]
    with torch.no_grad():
        module.network.output.weight.zero_()
        module.network.output.bias[:] = torch.tensor([log(shares.get(n, 1e-9)) for n in names])
    return module.eval()


def made(module: DAGALightningModule, count: int, **options: Any) -> list[Sentence]:
    """Generate sentences from a single one."""
    module.rounds = count
    source = Sentence(("a", "source"), ("O", "O"))
    return list(generate(module, [source], **{"seed": 0, "gold": [], **options}))


SHARES = {"end": 0.2, "unknown": 0.1, "B-P": 0.25, "I-P": 0.05, "Ann": 0.3, "left": 0.1}


def test_rows_start_and_end_with_the_boundary_token() -> None:
    module = constant(SHARES)
    given, wanted, real = module.encode([ANN, Sentence(("x",), ("O",))])
    # B-P is 2, Ann 4, left 5; x is unknown, 1.
    assert given.tolist() == [[0, 2, 4, 5], [0, 1, 0, 0]]
    assert wanted.tolist() == [[2, 4, 5, 0], [1, 0, 0, 0]]
    assert real.tolist() == [[True] * 4, [True, True, False, False]]


def test_the_loss_is_the_mean_over_real_tokens() -> None:
    module = constant(SHARES)
    loss, tokens = module.loss([ANN, Sentence(("x",), ("O",))])
    first = log(0.25) + log(0.3) + log(0.1) + log(0.2)
    second = log(0.1) + log(0.2)
    assert tokens == 6
    assert loss.item() == pytest.approx(-(first + second) / 6)


def test_perplexity_weighs_batches_by_their_tokens(tmp_path: Path) -> None:
    module = constant(SHARES)

    class Data(SampleDataModule):
        def sentences(self, split: str) -> list[Sentence]:
            del split
            return [ANN, BO, ANN]

    trainer = Trainer(
        accelerator="cpu", logger=False, enable_progress_bar=False, default_root_dir=tmp_path
    )
    (scores,) = trainer.validate(module, datamodule=Data(eval_batch_size=2), verbose=False)
    ann = log(0.25) + log(0.3) + log(0.1) + log(0.2)
    bo = log(0.1) + log(0.3) + log(0.3) + log(0.2)
    # Batches of 8 and 4 tokens count by their tokens.
    expected = -(2 * ann + bo) / 12
    assert scores["dev/loss"] == pytest.approx(expected)
    assert scores["dev/log_likelihood"] == pytest.approx(-expected)
    assert scores["dev/perplexity"] == pytest.approx(exp(expected))
    assert module.least_loss == inf  # only training updates it


def test_the_learning_rate_decays_when_the_dev_loss_does_not_improve(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = constant(SHARES)
    optimizer = module.optimizer(module.parameters())
    module._configured = [{"lr": 0.8}]
    trainer: Any = SimpleNamespace(optimizers=[optimizer], state=SimpleNamespace(fn="fit"))
    monkeypatch.setattr(module, "note_dev_score", lambda _: None)
    monkeypatch.setattr(DAGALightningModule, "trainer", trainer)
    rates = []
    for loss in (3.0, 2.0, 2.5, 1.9, 1.9, 1.8):
        module.on_train_epoch_start()
        rates.append(optimizer.param_groups[0]["lr"])
        monkeypatch.setattr(module, "_log_scores", lambda _, loss=loss: loss)
        module.on_validation_epoch_end()
    assert rates == [0.8, 0.8, 0.8, 0.4, 0.4, 0.2]


def test_every_parameter_gets_an_update() -> None:
    module = constant(SHARES).train()
    assert module.network is not None
    torch.nn.init.normal_(module.network.output.weight)
    loss, _ = module.loss([ANN, BO])
    loss.backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_reasons_occur_as_often_as_the_model_predicts() -> None:
    module = constant(SHARES, draws=1)
    report = AugmentationReport()
    new = made(module, 10_000, report=report)
    assert report.candidates == 10_000
    assert report.sentences_in == 1
    # No words: the end comes first (0.2) or after labels only: 0.2 / (1 - 0.3). Binomial, 4 sigma.
    share = 0.2 / 0.7
    assert abs(report.dropped["no_words"] - 10_000 * share) < 4 * (10_000 * share * 0.715) ** 0.5
    assert len(new) == len({sentence.words for sentence in new}) > 100
    tag_set = TagSet(("P",))
    for sentence in new:
        assert sentence.tags is not None
        assert tag_set.decode(tag_set.encode(sentence.tags)) == sentence.tags
        assert sentence.entities
        assert sentence.language == "en"
        assert set(sentence.words) != {"<unk>"}


def test_samples_without_an_end_are_dropped() -> None:
    report = AugmentationReport()
    assert made(constant({"left": 1.0}, draws=2, most_tokens=9), 3, report=report) == []
    assert report.dropped == {"endless": 6}


def test_a_low_temperature_samples_the_most_likely_token() -> None:
    # With temperature 0.01, "Ann" (0.3) is about 80 million times as likely as "B-P" (0.25).
    cold = constant(SHARES, temperature=0.01, most_tokens=5, draws=1, rounds=8)
    (candidates,) = cold.candidates([ANN], [0], seed=0)
    assert list(candidates) == ["endless"] * 8
    cold = constant({**SHARES, "end": 0.9}, temperature=0.01, draws=1, rounds=8)
    (candidates,) = cold.candidates([ANN], [0], seed=0)
    assert list(candidates) == ["no_words"] * 8


def test_unknown_words_can_be_dropped() -> None:
    kept = made(constant(SHARES), 200)
    assert any("<unk>" in sentence.words for sentence in kept)
    pure = made(constant(SHARES, unknown="drop", draws=300), 9)
    assert len(pure) == 9
    assert not any("<unk>" in sentence.words for sentence in pure)


def test_gold_sentences_are_not_generated_again() -> None:
    module = constant(SHARES)
    new = made(module, 20)
    gold = new[3].with_tags(["O"] * len(new[3].words))
    report = AugmentationReport()
    assert made(module, 20, gold=[gold], report=report)[:19] == new[:3] + new[4:]
    assert report.dropped["duplicate_of_source"] >= 1


def test_the_same_seed_gives_the_same_sentences_and_fewer_rounds_a_prefix_of_them() -> None:
    module = constant(SHARES)
    many = made(module, 300, seed=1)
    assert made(module, 300, seed=1) == many
    assert made(module, 30, seed=1) == many[:30]
    assert made(module, 30, seed=2) != many[:30]


def test_every_sentence_gets_its_own_samples() -> None:
    module = constant(SHARES, rounds=2)
    sentences = [Sentence((f"w{n}",), ("O",)) for n in range(4)]
    new = list(generate(module, sentences, seed=0, batch_size=2))
    assert len(new) == len({s.words for s in new}) == 8
    samples = [list(parts) for parts in module.candidates(sentences[:2], [3, 0], seed=0)]
    assert samples[0] != samples[1]
    assert samples == [list(parts) for parts in module.candidates(sentences[2:], [3, 0], seed=0)]
    assert new[:2] == [s for s in samples[1] if isinstance(s, Sentence)][:2]


def test_generation_uses_no_dropout_and_restores_training_mode() -> None:
    module = constant(SHARES, draws=100)
    assert module.network is not None
    torch.nn.init.normal_(module.network.output.weight)
    calm = made(module, 10)
    state = torch.random.get_rng_state()
    module.train()
    assert made(module, 10) == calm
    assert all(part.training for part in module.modules())
    assert torch.random.get_rng_state().equal(state)


@pytest.mark.parametrize("option", ["temperature", "most_tokens", "draws", "rounds"])
def test_generation_options_must_be_positive(option: str) -> None:
    options: dict[str, Any] = {option: 0}
    with pytest.raises(ValueError, match=f"`{option}` is 0"):
        DAGALightningModule(**options)


def test_generating_with_an_untrained_module_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"has no vocabulary yet\. Train it with `fit`"):
        made(DAGALightningModule(), 5)


@pytest.mark.parametrize("decay", [0.0, 1.5])
def test_a_decay_outside_its_range_is_an_error(decay: float) -> None:
    with pytest.raises(
        ValueError, match=f"`decay` is {decay}, but it must be above 0 and at most 1"
    ):
        DAGALightningModule(decay=decay)


def test_a_dropout_of_one_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"`dropout` is 1\.0, but it must be at least 0 and below"):
        DAGALightningModule(dropout=1.0)


def test_training_on_raw_text_is_an_error(tmp_path: Path) -> None:
    data = TextDataModule(paths=str(ROOT / "tests" / "data" / "text"), cache_folder=str(tmp_path))
    trainer = Trainer(accelerator="cpu", logger=False, default_root_dir=tmp_path, max_epochs=1)
    with pytest.raises(ValueError, match="has no tags, so it can't be labelled"):
        trainer.fit(DAGALightningModule(), datamodule=data)
