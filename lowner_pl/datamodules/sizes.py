"""How many sentences of a corpus are used."""

from collections.abc import Sequence

from lightning.pytorch.utilities import rank_zero_info

from lowner_pl.corpus import Sentence, subset


def check_share(share: float | None, size: int | None) -> None:
    """Refuse a share of the training sentences that is none, or that is given beside a number.

    Raises:
        ValueError: If it is.
    """
    if share is not None and not 0.0 < share <= 1.0:
        raise ValueError(f"`train_share` must be above 0 and at most 1, was: {share}.")
    if share is not None and size is not None:
        raise ValueError(
            "Training sentences must be chosen by `train_size` or by `train_share`, was: "
            f"{size} and {share}. Set one of them to null."
        )


def size_of_share(share: float, whole: int) -> int:
    """Return the number of sentences nearest to a share of ``whole``, at least 1."""
    return max(1, round(share * whole))


def cut_to_size(
    sentences: Sequence[Sentence], size: int | None, *, option: str, seed: int, corpus: str
) -> list[Sentence]:
    """Return the seeded subset that an option asks for; a smaller one is said.

    Args:
        sentences: All of them.
        size: How many to take; ``None`` takes all.
        option: What asks for them, for messages.
        seed: Of the subset.
        corpus: The name of the corpus, for messages.

    Raises:
        ValueError: If there are not so many.
    """
    if size is not None and not 1 <= size <= len(sentences):
        raise ValueError(
            f"`{option}` must be from 1 to {len(sentences)}, the sentences that {corpus} has for "
            f"it, was: {size}. Choose one of these, or leave it out for all."
        )
    if size is not None and size < len(sentences):
        rank_zero_info(f"{corpus}: {size:,} of {len(sentences):,} sentences (`{option}`).")
    return subset(sentences, size, seed=seed)
