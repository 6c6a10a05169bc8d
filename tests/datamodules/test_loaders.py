from collections import Counter
from collections.abc import Iterator

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer

from lowner_pl.corpus import Sentence
from lowner_pl.datamodules.loaders import StreamingLoader, evaluation_loader, training_loader

CORPUS = [Sentence((str(number),)) for number in range(7)]


def test_two_devices_take_turns_and_one_may_end_with_an_empty_batch() -> None:
    # Sentences 0 … 4, batches of 2: device 0 gets 0 2, 4; device 1 gets 1 3, nothing.
    batches = [
        [[s.words[0] for s in batch] for batch in loader]
        for rank in range(2)
        if (loader := evaluation_loader(CORPUS[:5], batch_size=2, world_size=2, rank=rank))
    ]
    assert batches == [[["0", "2"], ["4"]], [["1", "3"], []]]


@pytest.mark.parametrize("size", range(8))
def test_a_stream_gives_the_same_batches_as_a_list(size: int) -> None:
    for world_size in (1, 2, 3):
        for rank in range(world_size):
            share: dict[str, int] = {"batch_size": 2, "world_size": world_size, "rank": rank}
            loader = StreamingLoader(CORPUS[:size], **share)
            batches = list(evaluation_loader(CORPUS[:size], **share))
            assert list(loader) == list(loader) == batches
            assert len(loader) == len(batches)


def test_a_stream_is_read_one_batch_at_a_time() -> None:
    read = 0

    class Watched(list[Sentence]):
        def __iter__(self) -> Iterator[Sentence]:
            nonlocal read
            for sentence in super().__iter__():
                read += 1
                yield sentence

    for number, _ in enumerate(StreamingLoader(Watched(CORPUS), batch_size=2), 1):
        assert read == min(2 * number, len(CORPUS))


def test_devices_train_on_equally_many_sentences_that_cover_the_corpus() -> None:
    loaders = [
        training_loader(CORPUS, batch_size=2, seed=0, world_size=2, rank=rank) for rank in range(2)
    ]
    shares = [[sentence for batch in loader for sentence in batch] for loader in loaders]
    assert [len(share) for share in shares] == [4, 4]  # 7 sentences, one of them twice
    assert set(shares[0] + shares[1]) == set(CORPUS)
    assert len(Counter(shares[0] + shares[1])) == 7


def test_the_run_seed_decides_the_order_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PL_GLOBAL_SEED", "5")
    assert list(training_loader(CORPUS, batch_size=3)) == list(
        training_loader(CORPUS, batch_size=3, seed=5)
    )
    monkeypatch.delenv("PL_GLOBAL_SEED")
    assert list(training_loader(CORPUS, batch_size=3)) == list(
        training_loader(CORPUS, batch_size=3, seed=0)
    )


class Collector(LightningModule):
    """A module whose predictions are its batches."""

    def predict_step(self, batch: list[Sentence]) -> list[Sentence]:
        return batch


def test_lightning_passes_the_batches_on_unchanged() -> None:
    trainer = Trainer(
        accelerator="cpu", logger=False, enable_progress_bar=False, enable_checkpointing=False
    )
    for make in (evaluation_loader, StreamingLoader):
        batches = trainer.predict(Collector(), make(CORPUS, batch_size=3))
        assert batches == [CORPUS[:3], CORPUS[3:6], CORPUS[6:]]


def test_loading_does_not_touch_the_global_random_state() -> None:
    before = torch.get_rng_state()
    list(training_loader(CORPUS, batch_size=2))
    list(evaluation_loader(CORPUS, batch_size=2))
    assert torch.equal(torch.get_rng_state(), before)
