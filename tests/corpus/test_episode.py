import pickle
from dataclasses import FrozenInstanceError

import pytest

from lowner_pl.corpus import Episode, Sentence, queries

ANN, BEN, COE = (Sentence((name, "left"), ("B-PER", "O")) for name in ("Ann", "Ben", "Coe"))


def test_moving_an_episode_to_a_device_returns_the_episode_itself() -> None:
    episode = Episode((ANN, BEN), COE, 0)
    assert episode.to("cuda:0") is episode


def test_an_episode_is_immutable_hashable_and_picklable() -> None:
    episode = Episode((ANN, BEN), COE, 7)
    with pytest.raises(FrozenInstanceError):
        episode.number = 8  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(episode)) == episode
    assert len({episode, Episode((ANN, BEN), COE, 7), Episode((ANN, BEN), COE, 8)}) == 2


def test_the_sentences_to_tag_are_plain_sentences_and_the_queries_of_episodes() -> None:
    assert queries([ANN, BEN]) == [ANN, BEN]
    assert queries([Episode((ANN, BEN), COE, 0), Episode((COE,), ANN, 1)]) == [COE, ANN]
    assert queries([]) == []


def test_an_episode_without_support_or_with_a_negative_number_is_refused() -> None:
    with pytest.raises(ValueError, match="has no support"):
        Episode((), COE, 0)
    with pytest.raises(ValueError, match="is -1; it can't be negative"):
        Episode((ANN,), COE, -1)
