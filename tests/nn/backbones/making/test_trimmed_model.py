from typing import Any

import pytest
import torch
from transformers import CONFIG_MAPPING, AutoModelForMaskedLM, PreTrainedModel

from lowner_pl.nn.backbones.making.trimmed_model import Row, cut_model, first_positions, start_head

SMALL: dict[str, Any] = {
    "vocab_size": 20,
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": 32,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
}
ROWS: list[Row] = [0, 1, 2, 7, 9, (7, 8), (), 19]
NEW_IDS = {0: 0, 1: 1, 2: 2, 7: 3, 9: 4, 19: 7}
HEADS = {
    "bert": "cls.predictions",
    "xlm-roberta": "lm_head",
    "modernbert": "decoder",
    "distilbert": "vocab_projector",
}
"""Where each type of model keeps the bias of its subwords."""


def model(kind: str, **more: Any) -> PreTrainedModel:
    torch.manual_seed(0)
    options = {**SMALL, "dim": 8, "n_heads": 2, "n_layers": 1, "hidden_dim": 16} | more
    config = CONFIG_MAPPING[kind](**options)
    made: PreTrainedModel = AutoModelForMaskedLM.from_config(config)
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(torch.randn_like(weight))
    return made


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("tied", [True, False])
def test_rows_of_kept_subwords_are_the_same_and_new_ones_start_from_their_seeds(
    kind: str, tied: bool
) -> None:
    whole: Any = model(kind, tie_word_embeddings=tied)
    cut: Any = cut_model(whole, ROWS, NEW_IDS)
    for table in ("get_input_embeddings", "get_output_embeddings"):
        old, new = getattr(whole, table)().weight, getattr(cut, table)().weight
        assert new.shape == (8, 8)
        assert new[[0, 1, 2, 3, 4, 7]].equal(old[[0, 1, 2, 7, 9, 19]])
        torch.testing.assert_close(new[5], (old[7] + old[8]) / 2)
        assert new[6].std() > 0
        assert not any(new[6].equal(row) for row in old)
    tables = cut.get_input_embeddings().weight, cut.get_output_embeddings().weight
    assert (tables[0] is tables[1]) == tied
    old = whole.get_submodule(HEADS[kind]).bias
    new = cut.get_submodule(HEADS[kind]).bias
    assert new[[0, 1, 2, 3, 4, 7]].equal(old[[0, 1, 2, 7, 9, 19]])
    assert new[5] == new[6] == old[[0, 1, 2, 7, 9, 19]].min()


def test_everything_else_is_the_same() -> None:
    model_ = model("bert")
    whole, cut = model_.state_dict(), cut_model(model_, [0, 3], {}).state_dict()
    assert whole.keys() == cut.keys()
    different = {name for name, weight in whole.items() if not weight.equal(cut[name])}
    assert {name.rpartition("predictions.")[2] for name in different} == {
        "bert.embeddings.word_embeddings.weight",
        "decoder.weight",
        "decoder.bias",
        "bias",
    }


def test_a_column_for_each_subword_is_cut_too() -> None:
    options = {"embedding_size": 4, "intra_bottleneck_size": 4, "true_hidden_size": 4}
    whole: Any = model("mobilebert", **options)
    cut: Any = cut_model(whole, [0, 5, (5, 6)], {0: 0, 5: 1})
    old, new = whole.cls.predictions.dense.weight, cut.cls.predictions.dense.weight
    assert old.shape == (4, 20)
    torch.testing.assert_close(new, torch.stack([old[:, 0], old[:, 5], old[:, 5:7].mean(1)], 1))


def test_the_configuration_has_the_new_ids() -> None:
    config = model("xlm-roberta", eos_token_id=9, bos_token_id=19).config
    new = cut_model(model("xlm-roberta", eos_token_id=9, bos_token_id=19), ROWS, NEW_IDS).config
    assert (config.vocab_size, config.eos_token_id, config.bos_token_id) == (20, 9, 19)
    assert new.vocab_size == 8
    assert (new.pad_token_id, new.eos_token_id, new.bos_token_id) == (1, 4, 7)
    gone = cut_model(model("bert", bos_token_id=12, eos_token_id=[9, 12]), ROWS, NEW_IDS).config
    assert (gone.bos_token_id, gone.eos_token_id) == (None, [4])


def test_the_configuration_lists_the_new_subwords() -> None:
    assert cut_model(model("bert"), ROWS, NEW_IDS).config.added_subwords == [5, 6]
    again = cut_model(model("bert", added_subwords=[9, 12]), ROWS, NEW_IDS)
    assert again.config.added_subwords == [4, 5, 6]
    assert not hasattr(cut_model(model("bert"), [0, 3], {}).config, "added_subwords")


def test_ids_that_number_positions_are_found() -> None:
    assert first_positions(model("xlm-roberta", pad_token_id=3)) == 4
    assert first_positions(model("bert", pad_token_id=3)) == 0


@pytest.mark.parametrize("kind", HEADS)
def test_a_missing_head_starts_as_an_identity_with_log_frequencies(kind: str) -> None:
    made: Any = model(kind)
    head = [
        name for name, _ in made.named_parameters() if not name.startswith(made.base_model_prefix)
    ]
    head += [f"{HEADS[kind]}.bias"]
    table = made.get_input_embeddings().weight.clone()
    shares = torch.tensor([0.5, 0.25, 0.25, *[0.0] * 17])
    start_head(made, head, shares)
    assert made.get_input_embeddings().weight.equal(table)
    # 0.5 + 0.001 / 20, and 0.001 / 20 for a subword that does not occur
    bias = made.get_submodule(HEADS[kind]).bias
    assert (bias[0] - bias[1]).item() == pytest.approx(0.6931, abs=1e-3)
    assert (bias[0] - bias[5]).exp().item() == pytest.approx(0.50005 / 0.00005, rel=1e-3)
    assert bias.mean().item() == pytest.approx(0.0, abs=1e-5)
    squares = [w for n, w in made.named_parameters() if n in head and w.shape == (8, 8)]
    assert len(squares) == 1
    assert squares[0].equal(torch.eye(8))
    ones = [w for n, w in made.named_parameters() if n in head and w.shape == (8,)]
    assert {weight.sum().item() for weight in ones} <= {0.0, 8.0}
    assert any(weight.sum() == 8 for weight in ones)


def test_an_untied_head_starts_with_the_embeddings() -> None:
    made: Any = model("bert", tie_word_embeddings=False)
    start_head(made, ["cls.predictions.decoder.weight"], torch.full((20,), 0.05))
    assert made.get_output_embeddings().weight.equal(made.get_input_embeddings().weight)


def test_a_head_that_can_not_be_an_identity_is_refused() -> None:
    made = model("rembert", input_embedding_size=8, output_embedding_size=6)
    message = r"has no masked-language-model head, and one of the type 'rembert' can't start as"
    with pytest.raises(ValueError, match=message):
        start_head(made, ["cls.predictions.decoder.weight"], torch.full((20,), 0.05))
