import os

import pytest
import torch

from lowner_pl.nn import PackedTable, staying_packed
from lowner_pl.nn.backbones import kept, loading
from lowner_pl.nn.backbones.loading import load_whole


@pytest.fixture
def keeping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept._State, "kept", {})


@pytest.fixture(params=["mapped", "copied"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep large weights in a mapped file, also small ones; or copy them, as outside Linux."""
    if request.param == "mapped":
        monkeypatch.setattr(kept, "LARGE", 1)
    else:
        monkeypatch.delattr(os, "memfd_create")


@pytest.mark.usefixtures("keeping", "way")
def test_a_kept_backbone_equals_a_loaded_one_and_is_read_once(
    tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _, missing = load_whole(tiny)
    monkeypatch.setattr(loading, "_load", None)  # fails if it is called
    second, _, missing_again = load_whole(tiny)
    assert missing == missing_again
    assert second.training
    for (name, one), (other_name, other) in zip(
        first.state_dict().items(), second.state_dict().items(), strict=True
    ):
        assert name == other_name
        assert one.equal(other)


@pytest.mark.usefixtures("keeping", "way")
def test_training_one_copy_leaves_the_others_alone(tiny: str) -> None:
    first, *_ = load_whole(tiny)
    second, *_ = load_whole(tiny)
    before = {name: weight.clone() for name, weight in second.named_parameters()}
    with torch.no_grad():
        for weight in first.parameters():
            weight.add_(1)
    third, *_ = load_whole(tiny)
    for model in (second, third):
        assert all(weight.equal(before[name]) for name, weight in model.named_parameters())


@pytest.mark.usefixtures("keeping", "way")
def test_weights_that_are_shared_inside_a_model_stay_shared(tiny: str) -> None:
    load_whole(tiny)
    model, *_ = load_whole(tiny)
    table, output = model.get_input_embeddings(), model.get_output_embeddings()
    assert table is not None
    assert output is not None
    assert table.weight is output.weight


@pytest.mark.usefixtures("keeping", "way")
def test_embeddings_that_stay_packed_are_kept_too() -> None:
    ids = torch.tensor([[0, 7, 200]])
    expected = load_whole("embedded")[0].eval().base_model(ids)[0]
    with staying_packed():
        packed = [load_whole("embedded", stays_packed=True)[0].eval() for _ in range(2)]
    for model in packed:
        assert isinstance(model.get_input_embeddings(), PackedTable)
        assert torch.allclose(model.base_model(ids)[0], expected, atol=1e-5)


@pytest.mark.usefixtures("keeping")
def test_new_tokens_go_to_a_copy_of_the_shared_tokenizer(tiny: str) -> None:
    _, shared, _ = load_whole(tiny)
    size = len(shared)
    for _ in range(2):
        backbone, _, tokenizer = loading.load_backbone(tiny, new_tokens={"<new>": ()})
        assert len(tokenizer) == size + 1
        assert backbone.embeddings.num_embeddings == size + 1
    assert load_whole(tiny)[1] is shared
    assert len(shared) == size


def test_nothing_is_kept_unless_asked_for(tiny: str) -> None:
    assert load_whole(tiny)[1] is not load_whole(tiny)[1]
