"""Scores are the same for batches in any order, merged metrics and several processes."""

import copy
import multiprocessing
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from lowner_pl.metrics import EntityScores

from ..scored_tags import TYPES, random_corpus, scores_of


def partitions(size: int, generator: random.Random) -> Iterator[list[int]]:
    order = generator.sample(range(size), size)
    while order:
        cut = generator.randint(0, 40)  # includes empty batches
        yield order[:cut]
        order = order[cut:]


@pytest.mark.parametrize("seed", range(5))
def test_batch_order_and_size_do_not_matter(seed: int) -> None:
    gold, predicted = random_corpus(0, 300)
    metric = EntityScores(TYPES)
    for batch in partitions(300, random.Random(seed)):
        metric.update([gold[i] for i in batch], [predicted[i] for i in batch])
    assert {k: v.item() for k, v in metric.compute().items()} == scores_of(gold, predicted)


def test_merged_metrics_equal_a_single_metric() -> None:
    gold, predicted = random_corpus(0, 300)
    whole, first, second = EntityScores(TYPES), EntityScores(TYPES), EntityScores(TYPES)
    whole.update(gold, predicted)
    first.update(gold[:70], predicted[:70])
    second.update(gold[70:], predicted[70:])
    first.merge_state(second)
    assert first.compute() == whole.compute()
    assert torch.equal(first.confusion, whole.confusion)


def test_updates_count_after_compute_and_reset_clears_them() -> None:
    gold, predicted = random_corpus(0, 50)
    metric = EntityScores(TYPES)
    metric.update(gold, predicted)
    expected, confusion = metric.compute(), metric.confusion.clone()
    metric.update(gold, predicted)
    assert torch.equal(metric.confusion, 2 * confusion)
    metric.reset()
    assert not metric.confusion.any()
    metric.update(gold, predicted)
    assert metric.compute() == expected
    assert torch.equal(metric.confusion, confusion)


def test_a_metric_reset_in_inference_mode_can_be_updated_outside_it() -> None:
    metric = EntityScores(TYPES)
    with torch.inference_mode():
        metric.update([["B-PER"]], [["B-PER"]])
        metric.reset()
        metric.update([["B-PER"]], [["B-PER"]])
        assert metric.compute()["recall"] == 1
    metric.update([["B-PER"]], [["O"]])
    assert metric.compute()["recall"] == 0.5


def test_a_copy_is_independent_and_checkpoints_contain_no_counts() -> None:
    metric = EntityScores(TYPES)
    metric.update([["B-PER"]], [["B-PER"]])
    other = copy.deepcopy(metric)
    other.update([["B-PER"]], [["O"]])
    assert metric.compute()["recall"] == 1
    assert other.compute()["recall"] == 0.5
    assert not metric.state_dict()


def score_share(rank: int, folder: Path) -> None:
    store = f"file://{folder / 'store'}"
    dist.init_process_group("gloo", init_method=store, rank=rank, world_size=2)
    gold, predicted = random_corpus(0, 101)
    metric = EntityScores(TYPES)
    metric.update(gold[rank::2], predicted[rank::2])
    metric.update([], [])
    scores = {key: value.item() for key, value in metric.compute().items()}
    torch.save((scores, metric.confusion), folder / f"{rank}.pt")
    dist.destroy_process_group()


def test_two_processes_give_the_scores_of_one(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")  # a new process would import torch first
    processes = [fork.Process(target=score_share, args=(rank, tmp_path)) for rank in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    gold, predicted = random_corpus(0, 101)
    whole = EntityScores(TYPES)
    whole.update(gold, predicted)
    expected = {key: value.item() for key, value in whole.compute().items()}
    for rank in range(2):
        scores, confusion = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        assert scores == expected
        assert torch.equal(confusion, whole.confusion)
