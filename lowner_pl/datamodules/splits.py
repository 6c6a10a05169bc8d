"""Which sentences of a corpus are used for training and development."""

from collections.abc import Sequence

from lightning.pytorch.utilities import rank_zero_info, rank_zero_warn

from lowner_pl.corpus import Sentence, split_off, subset
from lowner_pl.runs.ranges import check_range


def check_share(share: float | None, size: int | None) -> None:
    """Check the share of training sentences to use.

    Args:
        share: The share, or ``None``.
        size: The number to use instead, or ``None``.

    Raises:
        ValueError: If the share isn't above 0 and at most 1, or if both are given.
    """
    if share is None:
        return
    check_range("train_share", share, 0.0, 1.0, open_below=True)
    if size is not None:
        raise ValueError(
            f"`train_size` is {size} and `train_share` is {share}, but only one of them can "
            "choose the training sentences. Set the other one to null."
        )


def train_and_dev(
    train: Sequence[Sentence],
    dev: Sequence[Sentence] | None,
    *,
    train_size: int | None,
    train_share: float | None,
    dev_size: int | None,
    seed: int,
    corpus: str,
) -> tuple[list[Sentence], list[Sentence]]:
    """Cut training and development sentences to size.

    Args:
        train: The training sentences.
        dev: The development sentences; ``None`` sets training sentences aside.
        train_size: Number of training sentences; ``None`` uses all.
        train_share: Share of the training sentences to use instead.
        dev_size: Number of development sentences; ``None`` uses all.
        seed: Seed of the choices.
        corpus: Name of the corpus, for messages.

    Raises:
        ValueError: If a size is below 1 or there are fewer sentences.
    """
    if dev is None:
        train, dev = split_off_dev(train, size=dev_size, seed=seed, corpus=corpus)
    size, option = train_size, "train_size"
    if train_share is not None:
        size, option = size_of_share(train_share, len(train)), "train_share"
    return (
        cut_to_size(train, size, option=option, seed=seed, corpus=corpus),
        cut_to_size(dev, dev_size, option="dev_size", seed=seed, corpus=corpus),
    )


def size_of_share(share: float, whole: int) -> int:
    """Compute the number of sentences nearest to a share of ``whole``, at least 1."""
    return max(1, round(share * whole))


def cut_to_size(
    sentences: Sequence[Sentence], size: int | None, *, option: str, seed: int, corpus: str
) -> list[Sentence]:
    """Choose a seeded subset of sentences, and report its size if it is smaller than the whole.

    Args:
        sentences: All sentences.
        size: Number of sentences to choose; ``None`` uses all.
        option: Option that sets the size, for messages.
        seed: Seed of the choice.
        corpus: Name of the corpus, for messages.

    Raises:
        ValueError: If the size is below 1 or there are fewer sentences.
    """
    if size is not None and not 1 <= size <= len(sentences):
        raise ValueError(
            f"`{option}` is {size}, but it must be between 1 and {len(sentences)}, the number of "
            f"sentences that {corpus} has for it. Choose a number in this range, or leave the "
            "option out to use all."
        )
    if size is not None and size < len(sentences):
        rank_zero_info(f"{corpus}: {size:,} of {len(sentences):,} sentences (`{option}`).")
    return subset(sentences, size, seed=seed)


def split_off_dev(
    train: Sequence[Sentence], *, size: int | None, seed: int, corpus: str
) -> tuple[list[Sentence], list[Sentence]]:
    """Set training sentences aside as development data, and report how many.

    Args:
        train: All training sentences.
        size: Number of development sentences; ``None`` takes 10 %.
        seed: Seed of the choice.
        corpus: Name of the corpus, for messages.

    Returns:
        The remaining training sentences, and the development sentences.
    """
    rest, dev = split_off(train, size=size, seed=seed)
    rank_zero_info(
        f"{corpus} has no development data: {len(dev):,} of its {len(train):,} training sentences "
        f"are used instead (seed {seed}), {len(rest):,} remain for training."
    )
    return rest, dev


def warn_of_overlap(train: Sequence[Sentence], test: Sequence[Sentence], *, corpus: str) -> None:
    """Warn of test sentences that are also training sentences, with their number."""
    seen = {sentence.words for sentence in train}
    if shared := sum(sentence.words in seen for sentence in test):
        rank_zero_warn(
            f"{shared:,} of the {len(test):,} test sentences of {corpus} are also among its "
            f"{len(train):,} training sentences."
        )
