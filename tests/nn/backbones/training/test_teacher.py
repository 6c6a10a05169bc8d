"""A teacher keeps what a backbone knew while it learns to fill masks."""

from pathlib import Path
from typing import Any

import pytest
import torch

from lowner_pl.corpus import Sentence
from lowner_pl.modules import MLMLightningModule
from lowner_pl.nn import load_backbone, unexplained_variance


def taught(backbone: Path | str, teacher: Path | str, **options: Any) -> MLMLightningModule:
    return MLMLightningModule(
        backbone=str(backbone), teacher=str(teacher), length=24, dropout=0.0, **options
    )


def test_the_loss_is_the_share_of_variance_that_is_not_explained() -> None:
    wanted = torch.tensor([[1.0, 0.0], [3.0, 4.0]])  # mean (2, 2): squared deviations 5 + 5
    hidden = torch.tensor([[1.0, 1.0], [3.0, 2.0]])  # squared errors 1 + 4
    assert unexplained_variance(hidden, wanted).item() == pytest.approx(0.5)
    assert unexplained_variance(wanted, wanted).item() == 0.0
    mean = wanted.mean(0).expand(2, 2)
    assert unexplained_variance(mean, wanted).item() == 1.0


def test_the_teacher_reads_the_text_without_masks(
    backbones: dict[str, Path], swahili: list[Sentence]
) -> None:
    module = taught(backbones["bert"], backbones["bert"], mask_rate=0.5)
    batch = module.mask(swahili[:4], torch.Generator().manual_seed(0))
    whole = batch.input_ids.clone()
    whole[batch.positions] = batch.targets
    assert not whole.equal(batch.input_ids)
    wanted = load_backbone(str(backbones["bert"]))[0].eval()(whole, batch.lengths)
    hidden = module.backbone(batch.input_ids, batch.lengths)
    expected = ((hidden - wanted) ** 2).sum() / ((wanted - wanted.mean(0)) ** 2).sum()
    assert module.teacher is not None
    torch.testing.assert_close(module._teacher_loss(hidden, batch, module.teacher), expected)


def test_a_module_with_a_teacher_trains_and_saves_only_its_own_weights(
    backbones: dict[str, Path],
) -> None:
    with_teacher = taught(backbones["bert"], backbones["bert"])
    without = MLMLightningModule(backbone=str(backbones["bert"]))
    assert with_teacher.state_dict().keys() == without.state_dict().keys()
    assert len(with_teacher.trained_weights()) == len(without.trained_weights())


def test_hidden_states_stay_closer_to_the_teacher(
    backbones: dict[str, Path], swahili: list[Sentence]
) -> None:
    def distance(weight: float | None) -> float:
        path = str(backbones["bert"])
        options: dict[str, Any] = (
            {} if weight is None else {"teacher": path, "teacher_weight": weight}
        )
        module = MLMLightningModule(backbone=path, length=24, dropout=0.0, **options)
        start = load_backbone(path)[0].eval()
        optimizer = torch.optim.AdamW(module.trained_weights(), lr=1e-3)
        batch = module.mask(swahili[:4], torch.Generator().manual_seed(0))
        for _ in range(10):
            optimizer.zero_grad()
            module.losses(batch)["loss"].backward()
            optimizer.step()
        whole = batch.input_ids.clone()
        whole[batch.positions] = batch.targets
        states = [b(whole, batch.lengths).detach() for b in (module.backbone, start)]
        return unexplained_variance(*states).item()

    assert distance(10.0) < 0.5 * distance(None)


def test_a_teacher_with_another_vocabulary_or_size_is_an_error(
    backbones: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="splits text into other subwords than the backbone"):
        taught(backbones["bert"], backbones["xlm-roberta"])
    from transformers import AutoTokenizer, BertConfig, BertForMaskedLM

    tokenizer = AutoTokenizer.from_pretrained(backbones["bert"])
    tokenizer.save_pretrained(tmp_path)
    config = BertConfig.from_pretrained(backbones["bert"])
    config.hidden_size, config.num_attention_heads = 48, 2
    BertForMaskedLM(config).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"have 48 numbers, those of the backbone \d+\. Choose"):
        taught(backbones["bert"], tmp_path)


def test_the_weight_of_the_teacher_must_be_positive(backbones: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match="`teacher_weight` is 0"):
        taught(backbones["bert"], backbones["bert"], teacher_weight=0.0)
