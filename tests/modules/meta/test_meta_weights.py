"""`average` decides whether sentences or words count equally, in a support and between tasks."""

from typing import Any

import pytest
import torch
from torch import Tensor

from lowner_pl.corpus import Episode, Sentence
from lowner_pl.modules import MetaLightningModule

from .meta_tasks import TYPES, new_module, no_dropout, sgd

# The support has one word tagged O and three tagged B-PER; the query has one word.
SUPPORT = (Sentence(("Leo",), ("O",)), Sentence(("Asha", "Juma", "Zoe"), ("B-PER",) * 3))
TASK = Episode(SUPPORT, Sentence(("jana",), ("O",)), 0)
TAGS = 2 * len(TYPES) + 1


def flat_module(backbone: str, **options: Any) -> MetaLightningModule:
    """Create a module in which only the bias of the head moves, from 0, by gradient descent."""
    options = {"max_weight": 0.0, "inner_steps": 1, "inner_optimizer": sgd(1.0), **options}
    module = new_module(backbone, **options)
    no_dropout(module)
    norms = [m for m in module.tagger.backbone.modules() if isinstance(m, torch.nn.LayerNorm)]
    for weight in (module.tagger.head.linear.weight, *norms[-1].parameters()):
        torch.nn.init.zeros_(weight)  # so all hidden states are 0
    return module


def of_tags(module: MetaLightningModule, values: Tensor) -> list[float]:
    """Return the values of O, B-PER and B-LOC."""
    return [values[module.tag_set.tags.index(tag)].item() for tag in ("O", "B-PER", "B-LOC")]


def direction(counted: tuple[float, float]) -> Tensor:
    """Compute minus the gradient of the bias of O, B-PER and B-LOC where all biases are 0.

    Each word adds 1 to its own tag and subtracts 1/7 from all seven.
    """
    outside, person = counted
    return torch.tensor([outside, person, 0.0]) - (outside + person) / TAGS


@pytest.mark.parametrize("algorithm", ["fomaml", "maml", "anil"])
def test_tasks_are_weighted_by_the_words_of_their_queries(
    algorithm: Any, tiny: str, swahili: list[Sentence]
) -> None:
    # Queries of 4 and 12 words, 8 on average: their mean losses are weighted by 1/2 and 3/2, their
    # maxima by 1. The sum is twice the loss of a batch that averages over all its words.
    support = tuple(swahili[:2])
    queries = [
        Sentence(whole.words[:count], (whole.tags or ())[:count])
        for whole, count in zip(swahili[5:7], (4, 12), strict=True)
    ]
    assert [len(query.words) for query in queries] == [4, 12]
    gradients = []
    for average in ("words", "sentences"):
        module = new_module(
            tiny, average=average, algorithm=algorithm, inner_optimizer=sgd(0.0), max_weight=2.0
        )
        no_dropout(module)
        if average == "words":
            module.add_meta_gradients([Episode(support, q, i) for i, q in enumerate(queries)])
        else:
            module.average = "words"  # average over the batch
            batch = module.encode(queries, train=False)
            (
                2.0 * module(batch, 2.0)
            ).backward()  # the inner rate is 0, so this is at the start weights
        gradients.append({n: p.grad for n, p in module.named_parameters() if p.grad is not None})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], rtol=1e-3, atol=1e-5)


def test_the_mean_number_of_words_is_taken_over_all_devices(
    tiny: str, swahili: list[Sentence], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Queries of 4 and 12 words on this device and one of 32 on another: 16 on average.
    def add_others(_: MetaLightningModule, total: Tensor) -> None:
        total += torch.tensor([32, 1])

    module = new_module(tiny, average="words")
    queries = [Sentence(swahili[0].words[:1] * count) for count in (4, 12)]
    tasks = [Episode((swahili[1],), query, i) for i, query in enumerate(queries)]
    assert module._task_weights(tasks) == [0.5, 1.5]
    monkeypatch.setattr(MetaLightningModule, "_sum_over_devices", add_others)
    assert module._task_weights(tasks) == [0.25, 0.75]
    monkeypatch.setattr(MetaLightningModule, "_sum_over_devices", lambda *_: None)
    assert module._task_weights([]) == []  # a device may get no task


@pytest.mark.parametrize(
    ("options", "counted"),
    [
        # Eq. 3: one word of tag O counts as much as three of B-PER.
        ({"average": "sentences"}, (1 / 2, 1 / 2)),
        ({"average": "words"}, (1 / 4, 3 / 4)),
        # A CRF sums over the words of a sentence: (1 + 0) / 2 and (0 + 3) / 2.
        ({"head": "crf"}, (1 / 2, 3 / 2)),
    ],
)
def test_the_support_is_averaged_as_configured_when_a_sentence_is_tagged(
    options: dict[str, Any], counted: tuple[float, float], tiny: str
) -> None:
    module = flat_module(tiny, adaptation_lr=1.0, **options).eval()
    ((_, adapted),) = module.adaptations([TASK])
    with adapted:
        moved = of_tags(module, module.tagger.head.linear.bias.detach())
    assert moved == pytest.approx(direction(counted).tolist(), abs=1e-5)


@pytest.mark.parametrize("algorithm", ["fomaml", "maml", "anil", "reptile"])
@pytest.mark.parametrize("average", ["sentences", "words"])
def test_the_support_is_averaged_like_the_queries_in_meta_training(
    average: Any, algorithm: Any, tiny: str
) -> None:
    module = flat_module(tiny, average=average, algorithm=algorithm)
    module.add_meta_gradients([TASK])
    gradient = module.tagger.head.linear.bias.grad
    assert gradient is not None
    if algorithm == "reptile":  # also learns from the query: 3 sentences, 5 words
        counted = (2 / 3, 1 / 3) if average == "sentences" else (2 / 5, 3 / 5)
        expected = -direction(counted)
    else:
        counted = (1 / 2, 1 / 2) if average == "sentences" else (1 / 4, 3 / 4)
        scores = torch.full((TAGS,), -1 / TAGS)  # of the query, after the step
        scores[:2] += torch.tensor(counted)
        expected = scores.softmax(0)[:3] - torch.tensor([1.0, 0.0, 0.0])
    if algorithm == "maml":  # the Hessian is I/7 - 1/49, and the gradient sums to 0
        expected = expected * (1 - 1 / TAGS)
    assert of_tags(module, gradient) == pytest.approx(expected.tolist(), abs=1e-5)
