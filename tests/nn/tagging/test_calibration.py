import math

import pytest
import torch
from torch import Tensor

from lowner_pl.corpus import TagSet
from lowner_pl.nn import Chain, DevPaths, GoldPath, HeadName, build_head, fit_temperature
from lowner_pl.nn.tagging.heads import CRFHead, Head


def zeros(tags: int) -> Chain:
    return Chain(torch.zeros(tags), torch.zeros(tags, tags), torch.zeros(tags))


def one_word(score: float, gold: int) -> GoldPath:
    """Make a sentence of one word whose score of ``PER`` is higher than that of ``O``."""
    return GoldPath(torch.tensor([[0.0, score]]), [gold], zeros(2))


def random_paths(name: HeadName, temperature: float) -> list[GoldPath]:
    """Draw gold tags by the probabilities of a head, whose scores are then made larger."""
    tag_set = TagSet(["PER"], scheme="io")
    head = build_head(name, 4, tag_set, 0.0)
    generator = torch.Generator().manual_seed(0)
    if isinstance(head, CRFHead):
        with torch.no_grad():
            head.crf.transitions.copy_(torch.tensor([[1.0, -1.0], [0.0, 1.0]]))
    step = head.chain().transitions.detach()
    paths = []
    for _ in range(400):
        scores = torch.randn(3, 2, generator=generator)
        odds = torch.zeros(2, 2, 2)
        for place in range(3):
            odds = odds + scores[place].view([2 if at == place else 1 for at in range(3)])
        odds = (odds + step[:, :, None] + step[None]).exp().flatten()
        drawn = int(torch.multinomial(odds, 1, generator=generator))
        chain = Chain(*(temperature * part.detach() for part in head.chain()))
        tags = [drawn >> 2 & 1, drawn >> 1 & 1, drawn & 1]
        paths.append(GoldPath(temperature * scores, tags, chain))
    return paths


def test_the_temperature_of_words_with_one_score_makes_them_as_sure_as_they_are_right() -> None:
    # Each of 10 words prefers PER by 4, and 8 are PER: sigmoid(4 / t) = 0.8, so t = 4 / ln 4.
    paths = [one_word(4.0, int(number < 8)) for number in range(10)]
    fitted = fit_temperature(TagSet(["PER"], scheme="io"), paths)
    assert fitted is not None
    assert fitted.temperature == pytest.approx(4 / math.log(4), rel=2e-3)
    assert (fitted.sentences, fitted.words) == (10, 10)
    entropy = -0.8 * math.log(0.8) - 0.2 * math.log(0.2)
    assert fitted.loss == pytest.approx(entropy, abs=1e-5)
    sure = 1 / (1 + math.exp(-4))
    expected = -0.8 * math.log(sure) - 0.2 * math.log(1 - sure)
    assert fitted.loss_before == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", ["softmax", "crf"])
@pytest.mark.parametrize("temperature", [0.7, 2.0])
def test_the_temperature_that_was_put_in_is_found(name: HeadName, temperature: float) -> None:
    paths = random_paths(name, temperature)
    fitted = fit_temperature(TagSet(["PER"], scheme="io"), paths)
    assert fitted is not None
    assert fitted.temperature == pytest.approx(temperature, rel=0.15)
    assert fitted.loss < fitted.loss_before
    assert fit_temperature(TagSet(["PER"], scheme="io"), paths[::-1]) == pytest.approx(fitted)


def test_each_sentence_can_have_weights_of_its_own() -> None:
    tag_set = TagSet(["PER"], scheme="io")
    paths = random_paths("crf", 2.0)[:40]
    other = Chain(*(part + 1.0 for part in zeros(2)))  # a constant changes no probability
    shifted = [path._replace(chain=other) for path in random_paths("softmax", 2.0)[:40]]
    plain = random_paths("softmax", 2.0)[:40]
    together = fit_temperature(tag_set, [*paths, *shifted])
    assert together is not None
    assert together == pytest.approx(fit_temperature(tag_set, [*paths, *plain]))


def test_the_temperature_stays_in_its_bounds() -> None:
    tag_set = TagSet(["PER"], scheme="io")
    right = fit_temperature(tag_set, [one_word(1.0, 1)] * 5)
    wrong = fit_temperature(tag_set, [one_word(1.0, 0)] * 5)
    assert right is not None
    assert wrong is not None
    assert right.temperature == pytest.approx(0.25, rel=2e-3)
    assert wrong.temperature == pytest.approx(4.0, rel=2e-3)


def test_without_dev_sentences_there_is_no_temperature() -> None:
    assert fit_temperature(TagSet(["PER"]), []) is None


def test_malformed_gold_tags_are_repaired() -> None:
    # I (2) at the start is read as B (1).
    tag_set = TagSet(["PER"])
    scores = torch.tensor([[0.0, 2.0, 1.0], [0.0, 0.0, 1.0]])
    both = [fit_temperature(tag_set, [GoldPath(scores, [first, 2], zeros(3))]) for first in (1, 2)]
    assert both[0] == both[1]
    assert both[0] is not None
    assert math.isfinite(both[0].loss)


def batch(head: Head, *lengths: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(sum(lengths))
    shape = (len(lengths), max(lengths))
    emissions = torch.randn(*shape, len(head.tag_set), generator=generator)
    tags = torch.randint(len(head.tag_set), shape, generator=generator)
    return emissions, tags, torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)


def test_dev_sentences_keep_their_scores_and_the_chain_of_their_weights() -> None:
    head = build_head("crf", 4, TagSet(["PER"]), 0.0)
    dev = DevPaths()
    first, second = batch(head, 2, 3), batch(head, 1)
    dev.add(head, *first)
    with torch.no_grad():
        head.chain().transitions.fill_(5.0)
    dev.add(head, *second)
    one, two, three = dev.sentences()
    assert one.emissions.equal(first[0][0, :2])
    assert one.tags == first[1][0, :2].tolist()
    assert two.emissions.equal(first[0][1])
    assert three.tags == second[1][0].tolist()
    assert not one.chain.transitions.any()
    assert three.chain.transitions.eq(5.0).all()
    dev.clear()
    assert dev.sentences() == []


def test_many_dev_sentences_are_thinned_evenly() -> None:
    head = build_head("softmax", 4, TagSet(["PER"]), 0.0)
    dev = DevPaths()
    parts = [batch(head, 2, 2, 2), batch(head, 2, 2), batch(head, 2, 2, 2)]
    for part in parts:
        dev.add(head, *part)
    every = [row for emissions, _, _ in parts for row in emissions]
    thinned = dev.sentences(most_words=6)  # 16 words, so every third sentence
    assert [path.emissions.tolist() for path in thinned] == [
        every[place].tolist() for place in (0, 3, 6)
    ]
