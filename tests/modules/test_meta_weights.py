"""What each task counts in the meta-update: once, or by the words of its query."""

from typing import Any

import pytest
import torch
from torch import Tensor

from lowner_pl.corpus import Episode, Sentence
from lowner_pl.modules import MetaLightningModule

from .meta_tasks import new_module, no_dropout, sgd


@pytest.mark.parametrize("algorithm", ["fomaml", "maml", "anil"])
def test_tasks_count_by_the_words_of_their_queries(
    algorithm: Any, tiny: str, swahili: list[Sentence]
) -> None:
    # Queries of 4 and 12 words, 8 in the mean: the means of their losses count 1/2 and 3/2 times,
    # their maxima once, so that the sum is that of a batch, twice the mean over all its words.
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
            batch = module.encode(queries, train=False)
            (2.0 * module(batch, 2.0)).backward()  # no step was taken: at the start
        gradients.append({n: p.grad for n, p in module.named_parameters() if p.grad is not None})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], rtol=1e-3, atol=1e-5)


def test_the_mean_number_of_words_is_that_of_all_devices(
    tiny: str, swahili: list[Sentence], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Queries of 4 and 12 words here, one of 32 elsewhere: 16 in the mean.
    def add_others(_: MetaLightningModule, total: Tensor) -> None:
        total += torch.tensor([32, 1])

    module = new_module(tiny, average="words")
    queries = [Sentence(swahili[0].words[:1] * count) for count in (4, 12)]
    tasks = [Episode((swahili[1],), query, i) for i, query in enumerate(queries)]
    assert module._weights(tasks) == [0.5, 1.5]
    monkeypatch.setattr(MetaLightningModule, "_sum_over_devices", add_others)
    assert module._weights(tasks) == [0.25, 0.75]
    monkeypatch.setattr(MetaLightningModule, "_sum_over_devices", lambda *_: None)
    assert module._weights([]) == []  # a device may have no task
