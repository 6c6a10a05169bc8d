from pathlib import Path

import pytest
import torch

from lowner_pl.nn import PackedTable, load_backbone, staying_packed
from lowner_pl.nn.backbones.files.packed_folder import PackedNumbers
from lowner_pl.nn.backbones.training.embedding_rows import EmbeddingRows

from ...packed import pack, toy_blocks
from ...running import small_backbone

pytestmark = pytest.mark.usefixtures("offline")


@pytest.fixture
def numbers() -> PackedNumbers:
    """Ten rows of 64 numbers: row 3 differs from its blocks, rows 8 and 9 have none."""
    rows = torch.randn(3, 64, generator=torch.Generator().manual_seed(0)).half()
    return PackedNumbers(toy_blocks(8, 64), rows, torch.tensor([9, 3, 8]))


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    return pack(small_backbone(), tmp_path / "packed")


def test_vectors_are_those_of_the_whole_table(numbers: PackedNumbers) -> None:
    table = PackedTable(numbers, 0).eval()
    ids = torch.tensor([[0, 3, 7], [8, 9, 3]])
    assert table(ids).equal(numbers.whole()[ids])
    assert table.unpacked()(ids).equal(numbers.whole()[ids])
    assert table(torch.tensor([], dtype=torch.long)).shape == (0, 64)
    assert list(table.state_dict()) == []


def test_trained_rows_take_the_place_of_others(numbers: PackedNumbers) -> None:
    table = PackedTable(numbers, None).eval()
    whole = EmbeddingRows(table.unpacked(), torch.tensor([1, 3, 9]))
    table.replace_rows(torch.tensor([1, 3, 9]))
    every = torch.arange(10)
    assert table(every).equal(numbers.whole())
    assert table.state_dict().keys() == whole.state_dict().keys() - {"weight"}
    trained = torch.full((3, 64), 7.0)
    for part in (table, whole):
        part.load_state_dict({"ids": table.ids, "rows": trained}, strict=False)
    assert table(every).equal(whole(every))
    assert table(every)[[1, 3, 9]].equal(trained)


def test_it_refuses_to_be_trained(numbers: PackedNumbers) -> None:
    table = PackedTable(numbers, None)
    with pytest.raises(RuntimeError, match=r"loaded for tagging and can't be trained\. Load the"):
        table(torch.tensor([1]))
    with torch.no_grad():
        assert table(torch.tensor([1])).equal(numbers.whole()[[1]])


def test_only_encoders_of_packed_folders_that_are_asked_for_stay_packed(packed: Path) -> None:
    def is_packed(name: Path | str, **options: object) -> bool:
        return isinstance(load_backbone(str(name), **options)[0].embeddings, PackedTable)  # type: ignore[arg-type]

    assert not is_packed(packed)
    with staying_packed():
        assert is_packed(packed)
        assert not is_packed(packed, needs_head=True)
        assert not is_packed(packed, new_tokens={"<rand>": ()})
        assert not is_packed(small_backbone())
    assert not is_packed(packed)


def test_an_output_layer_without_vectors_computes_nothing(packed: Path) -> None:
    with staying_packed():
        backbone, head, _ = load_backbone(str(packed))
    assert head.output_layer.weight.is_meta
    assert not any(part.is_meta for part in backbone.parameters())
