"""Products by oneDNN are products: same numbers, same derivatives, few shapes."""

import pytest
import torch
from torch import Tensor, nn

from lowner_pl.nn import load_backbone
from lowner_pl.nn.backbones import products
from lowner_pl.nn.backbones.products import (
    FastLinear,
    product,
    rows_with_padding,
    use_fast_products,
)

needs_onednn = pytest.mark.skipif(
    not hasattr(torch.ops.mkldnn, "_linear_pointwise"), reason="this PyTorch has no oneDNN"
)


@pytest.fixture(params=[True, False])
def fast(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the processor counts as one that wants oneDNN; either works on every processor."""
    monkeypatch.setattr(products, "has_fast_products", lambda: request.param)
    return bool(request.param)


def layers(*, bias: bool = True) -> tuple[nn.Linear, nn.Linear]:
    """Return two layers of the same weights: torch's and ours."""
    torch.manual_seed(0)
    stock, ours = nn.Linear(6, 5, bias=bias), nn.Linear(6, 5, bias=bias)
    ours.load_state_dict(stock.state_dict())
    ours.__class__ = FastLinear
    return stock, ours


@needs_onednn
@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(6,), (7, 6), (2, 3, 6), (0, 6)])
def test_a_fast_layer_is_a_linear_layer(shape: tuple[int, ...], bias: bool) -> None:
    stock, ours = layers(bias=bias)
    values = torch.randn(shape)
    results = []
    for layer in (stock, ours):
        read = values.clone().requires_grad_()
        written = layer(read)
        written.sin().sum().backward()
        results.append([written, read.grad, *(p.grad for p in layer.parameters())])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)


@needs_onednn
@pytest.mark.usefixtures("fast")
def test_a_product_by_hand() -> None:
    # (1, 2) and (3, 4) times the transpose of (5, 6), (7, 8) and (9, 10).
    rows = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    weight = torch.tensor([[5.0, 6.0], [7.0, 8.0], [9.0, 10.0]])
    assert product(rows, weight).tolist() == [[17.0, 23.0, 29.0], [39.0, 53.0, 67.0]]
    gradient = torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]])  # of what was written
    assert product(gradient, weight.t()).tolist() == [[23.0, 26.0], [7.0, 8.0]]
    assert product(gradient.t(), rows.t()).tolist() == [[1.0, 2.0], [3.0, 4.0], [2.0, 4.0]]


@needs_onednn
@pytest.mark.usefixtures("fast")
def test_a_product_has_a_second_derivative() -> None:
    def curvature(layer: nn.Linear) -> list[Tensor]:
        read = torch.linspace(-1, 1, 12).view(2, 6).requires_grad_()
        first = torch.autograd.grad(layer(read).pow(3).sum(), read, create_graph=True)[0]
        return list(torch.autograd.grad(first.pow(2).sum(), [read, *layer.parameters()]))

    for one, other in zip(*map(curvature, layers()), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


@needs_onednn
@pytest.mark.usefixtures("fast")
def test_other_types_stay_with_torch() -> None:
    stock, ours = layers()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert ours(torch.ones(2, 6)).dtype == torch.bfloat16
    wide = torch.randn(2, 6, dtype=torch.float64)
    assert ours.double()(wide).equal(stock.double()(wide))


def test_layers_are_swapped_where_products_are_slow_and_stay_what_they_are(fast: bool) -> None:
    class Special(nn.Linear):
        """A layer with an idea of its own."""

    module = nn.Sequential(nn.Linear(2, 3), Special(3, 3), nn.LayerNorm(3))
    names = list(module.state_dict())
    use_fast_products(module)
    kinds = [type(part) for part in module]
    assert kinds == [FastLinear if fast else nn.Linear, Special, nn.LayerNorm]
    assert list(module.state_dict()) == names


def test_padded_numbers_of_rows_are_few_and_not_much_larger() -> None:
    padded = [rows_with_padding(rows) for rows in range(1, 4097)]
    assert all(0 <= new - old <= max(15, old / 4) for old, new in enumerate(padded, start=1))
    assert len(set(padded)) < 40
    assert padded == sorted(padded)
    assert [rows_with_padding(new) for new in padded] == padded


@needs_onednn
def test_a_padded_row_by_hand(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # 21 subwords become 32: the 11 of no sentence are windows of at most 9, the longest there is.
    monkeypatch.setattr(products, "has_fast_products", lambda: False)
    backbone = load_backbone(tiny)[0].eval()
    ids, lengths = torch.arange(5, 26), (3, 9, 9)
    with torch.no_grad():
        plain = backbone(ids, lengths)
        assert backbone.padded(ids, lengths) == (ids, lengths)
        monkeypatch.setattr(products, "has_fast_products", lambda: True)
        row, windows = backbone.padded(ids, lengths)
        assert row.tolist() == [*range(5, 26), *[0] * 11]
        assert windows == (3, 9, 9, 9, 2)
        torch.testing.assert_close(backbone(ids, lengths), plain, rtol=1e-4, atol=1e-5)
