"""Tables of which only some rows are trained."""

import torch
from torch import nn

from lowner_pl.nn.backbones.training.embedding_rows import EmbeddingRows


def tables() -> tuple[nn.Embedding, EmbeddingRows]:
    """Return an ordinary table of 5 rows, and a copy of it that trains rows 1 and 4."""
    weight = torch.arange(10.0).view(5, 2)
    plain = nn.Embedding(5, 2, _weight=weight.clone())
    return plain, EmbeddingRows(nn.Embedding(5, 2, _weight=weight.clone()), torch.tensor([1, 4]))


def test_it_looks_up_what_the_table_holds() -> None:
    plain, rows = tables()
    ids = torch.tensor([[0, 4, 1], [1, 3, 2]])
    assert rows(ids).equal(plain(ids))


def test_only_the_chosen_rows_get_gradients_and_they_equal_those_of_the_whole_table() -> None:
    plain, rows = tables()
    ids, factors = torch.tensor([1, 1, 3, 4]), torch.tensor([[1.0], [10.0], [100.0], [1000.0]])
    for table in (plain, rows):
        (table(ids) * factors).sum().backward()
    assert [name for name, p in rows.named_parameters() if p.requires_grad] == ["rows"]
    assert rows.rows.grad is not None
    assert plain.weight.grad is not None
    assert rows.rows.grad.tolist() == [[11.0, 11.0], [1000.0, 1000.0]]
    assert rows.rows.grad.equal(plain.weight.grad[[1, 4]])
    assert rows.weight.grad is None


def test_trained_rows_are_read_at_once_and_reach_the_table_when_written_back() -> None:
    _, rows = tables()
    with torch.no_grad():
        rows.rows.fill_(-1.0)
    assert rows(torch.tensor([4, 3])).tolist() == [[-1.0, -1.0], [6.0, 7.0]]
    assert rows.weight[4].tolist() == [8.0, 9.0]
    expected = [[0.0, 1.0], [-1.0, -1.0], [4.0, 5.0], [6.0, 7.0], [-1.0, -1.0]]
    with rows.written_back():
        assert rows.weight.tolist() == expected
    assert rows.weight[4].tolist() == [8.0, 9.0]
    whole = rows.merged()
    assert type(whole) is nn.Embedding
    assert whole.weight is rows.weight  # which an output layer may share
    assert whole.weight.tolist() == expected
