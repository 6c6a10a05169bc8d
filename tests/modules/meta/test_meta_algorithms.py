"""Second-order MAML, Reptile and ANIL compute the gradients that define them."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor

from lowner_pl.corpus import Episode, Sentence
from lowner_pl.modules import MetaLightningModule
from lowner_pl.modules.meta.module import Algorithm

from .meta_tasks import episodes, new_module, no_dropout, sgd


def meta_gradients(
    backbone: str, tasks: list[Episode], algorithm: Algorithm, **options: Any
) -> tuple[MetaLightningModule, dict[str, Tensor]]:
    module = new_module(backbone, algorithm=algorithm, inner_optimizer=sgd(0.05), **options)
    no_dropout(module)
    module.add_meta_gradients(tasks)
    return module, {n: p.grad for n, p in module.named_parameters() if p.grad is not None}


def test_the_second_order_gradient_is_the_slope_of_the_query_loss_at_the_start_weights(
    tiny: str, swahili: list[Sentence]
) -> None:
    tasks = episodes(swahili, 1)
    module, second = meta_gradients(tiny, tasks, "maml")
    _, first = meta_gradients(tiny, tasks, "fomaml")
    (task,) = tasks
    support, query = (
        module.encode(list(part), train=False) for part in (task.support, (task.query,))
    )

    def query_loss(shift: float, name: str, place: int) -> float:
        """Compute the query loss after the inner loop with one start weight shifted."""
        other = copy.deepcopy(module).double()
        with torch.no_grad():
            dict(other.named_parameters())[name].view(-1)[place] += shift
        trainable = [p for p in other.parameters() if p.requires_grad]
        for _ in range(2):
            gradients = torch.autograd.grad(other(support, 2.0), trainable, allow_unused=True)
            with torch.no_grad():
                for parameter, gradient in zip(trainable, gradients, strict=True):
                    if gradient is not None:
                        parameter.sub_(0.05 * gradient)
        return float(other(query, 2.0).detach())

    for name in (
        "tagger.head.linear.bias",
        "tagger.head.linear.weight",
        "tagger.backbone.encoder.encoder.layer.0.output.dense.weight",
    ):
        place = int((second[name] - first[name]).abs().argmax())  # where the Jacobian matters most
        slope = (query_loss(5e-3, name, place) - query_loss(-5e-3, name, place)) / 1e-2
        whole, without_jacobian = (g[name].view(-1)[place].item() for g in (second, first))
        assert whole == pytest.approx(slope, rel=4e-3, abs=2e-4)
        assert abs(without_jacobian - slope) > 4 * abs(whole - slope)


def test_the_reptile_gradient_is_the_sum_of_the_inner_gradients(
    tiny: str, swahili: list[Sentence]
) -> None:
    # After two SGD steps, (start - adapted) / rate is the sum of the two gradients.
    tasks = episodes(swahili, 1)
    module, gradients = meta_gradients(tiny, tasks, "reptile")
    task = tasks[0]
    other = copy.deepcopy(module)
    batch = other.encode([*task.support, task.query], train=False)
    expected = torch.zeros_like(other.tagger.head.linear.bias)
    optimizer = torch.optim.SGD(other.parameters(), lr=0.05)
    for _ in range(2):
        optimizer.zero_grad()
        other(batch, 2.0).backward()
        assert other.tagger.head.linear.bias.grad is not None
        expected += other.tagger.head.linear.bias.grad
        optimizer.step()
    found = gradients["tagger.head.linear.bias"]
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)


def test_reptile_gradients_are_weighted_by_the_words_of_the_queries(
    tiny: str, swahili: list[Sentence]
) -> None:
    # Queries of 4 and 12 words, 8 on average: the weights are 1/2 and 3/2.
    queries = [
        Sentence(whole.words[:count], (whole.tags or ())[:count])
        for whole, count in zip(swahili[5:7], (4, 12), strict=True)
    ]
    tasks = [Episode((swahili[2],), query, number) for number, query in enumerate(queries)]
    assert [len(query.words) for query in queries] == [4, 12]
    _, both = meta_gradients(tiny, tasks, "reptile", average="words")
    short, long = (meta_gradients(tiny, [task], "reptile", average="words")[1] for task in tasks)
    for name, gradient in both.items():
        expected = 0.5 * short[name] + 1.5 * long[name]
        torch.testing.assert_close(gradient, expected, rtol=1e-3, atol=1e-5)


def test_anil_adapts_only_the_head(tiny: str, swahili: list[Sentence]) -> None:
    tasks = episodes(swahili, 1)
    module, gradients = meta_gradients(tiny, tasks, "anil")
    other = copy.deepcopy(module)
    support, query = (
        other.encode(list(part), train=False) for part in (tasks[0].support, (tasks[0].query,))
    )
    head = list(other.tagger.head.parameters())
    for _ in range(2):
        for parameter, gradient in zip(
            head, torch.autograd.grad(other(support, 2.0), head), strict=True
        ):
            parameter.data -= 0.05 * gradient
    other.zero_grad()
    other(query, 2.0).backward()
    for name, parameter in other.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(gradients[name], parameter.grad, rtol=1e-4, atol=1e-6)
    assert len(gradients) > 10  # the backbone is trained, though it does not adapt
    ((_, adapted),) = module.eval().adaptations(tasks)
    with adapted:
        body = {n: p for n, p in module.named_parameters() if ".head." not in n}
        assert all(p.equal(dict(other.named_parameters())[n]) for n, p in body.items())


@pytest.mark.parametrize("algorithm", ["fomaml", "maml", "reptile", "anil"])
def test_every_algorithm_sums_its_gradients_over_the_tasks(
    algorithm: Algorithm, tiny: str, swahili: list[Sentence]
) -> None:
    tasks = episodes(swahili, 2)
    _, both = meta_gradients(tiny, tasks, algorithm)
    one, other = (meta_gradients(tiny, [task], algorithm)[1] for task in tasks)
    for name, gradient in both.items():
        torch.testing.assert_close(gradient, one[name] + other[name], rtol=1e-4, atol=1e-5)
