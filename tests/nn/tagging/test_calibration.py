import math

import pytest
import torch
from torch import Tensor

from lowner_pl.corpus import Entity, TagSet, entities_of
from lowner_pl.nn import (
    Chain,
    DevPath,
    DevPaths,
    HeadName,
    build_head,
    entity_confidences,
    fit_temperature,
)
from lowner_pl.nn.tagging.heads import CRFHead, Head


def zeros(tags: int) -> Chain:
    return Chain(torch.zeros(tags), torch.zeros(tags, tags), torch.zeros(tags))


def one_word(score: float, gold: int) -> DevPath:
    """Make a sentence of one word; ``PER`` has this score, ``O`` has 0, the higher is predicted."""
    entities = [Entity(0, 1, "PER")] if score > 0 else []
    return DevPath(torch.tensor([[0.0, score]]), [gold], entities, zeros(2))


def random_paths(name: HeadName, temperature: float) -> list[DevPath]:
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
        best = int(odds.argmax())
        found = tag_set.decode([best >> 2 & 1, best >> 1 & 1, best & 1])
        paths.append(DevPath(temperature * scores, tags, list(entities_of(found)), chain))
    return paths


def sigmoid(score: float) -> float:
    return 1 / (1 + math.exp(-score))


def test_words_with_one_score_become_as_sure_as_they_are_right() -> None:
    # Each of 10 words prefers PER by 4, and 8 are PER: sigmoid(4 / t) = 0.8, so t = 4 / ln 4.
    paths = [one_word(4.0, int(number < 8)) for number in range(10)]
    fitted = fit_temperature(TagSet(["PER"], scheme="io"), paths)
    assert fitted is not None
    assert fitted.temperature == pytest.approx(4 / math.log(4), rel=2e-3)
    assert fitted.of_words == pytest.approx(4 / math.log(4), rel=2e-3)
    assert fitted[2:6] == (10, 10, 10, 8)
    entropy = -0.8 * math.log(0.8) - 0.2 * math.log(0.2)
    assert fitted.loss == pytest.approx(entropy, abs=1e-5)
    expected = -0.8 * math.log(sigmoid(4)) - 0.2 * math.log(1 - sigmoid(4))
    assert fitted.loss_before == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("times", [1, 30])
def test_entities_that_are_surer_than_words_move_the_temperature_as_far_as_they_are_many(
    times: int,
) -> None:
    # 90 words are O and right; of 10 that are PER with the same score, half are right.
    tag_set = TagSet(["PER"], scheme="io")
    words = [one_word(-3.0, 0)] * 90 + [one_word(3.0, int(number < 5)) for number in range(10)]
    fitted = fit_temperature(tag_set, words * times)
    assert fitted is not None
    # 95 of 100 words are right: sigmoid(3 / t) = 0.95, so t = 3 / ln 19.
    assert fitted.of_words == pytest.approx(3 / math.log(19), rel=2e-3)

    def loss(temperature: float) -> float:
        sure = sigmoid(3 / temperature)
        prior = math.log(temperature * math.log(19) / 3) ** 2 / (2 * 0.3**2)
        return prior - 5 * times * (math.log(sure) + math.log(1 - sure))

    brute = min((0.25 * 1.001**step for step in range(3467)), key=loss)
    assert fitted.temperature == pytest.approx(brute, rel=3e-3)
    # Ten entities take the confidence from 0.95 to 0.85; three hundred to 0.63; right is 0.5.
    assert sigmoid(3 / fitted.temperature) == pytest.approx(CONFIDENCES[times], abs=0.005)
    assert fitted.loss == pytest.approx(
        -0.5 * (math.log(sigmoid(3 / brute)) + math.log(1 - sigmoid(3 / brute))), rel=1e-2
    )


CONFIDENCES = {1: 0.848, 30: 0.626}


@pytest.mark.parametrize("names", [["softmax"], ["crf"], ["softmax", "crf"]])
def test_the_loss_of_entities_is_that_of_their_confidences(names: list[HeadName]) -> None:
    tag_set = TagSet(["PER"], scheme="io")
    paths = [path for name in names for path in random_paths(name, 3.0)[:60]]
    fitted = fit_temperature(tag_set, paths)
    assert fitted is not None
    head = build_head("crf", 4, tag_set, 0.0)
    assert isinstance(head, CRFHead)
    mask = torch.ones(1, 3, dtype=torch.bool)
    losses, right = [], 0
    for path in paths:
        with torch.no_grad():  # of zeros, it is a softmax
            head.crf.transitions.copy_(path.chain.transitions)
        gold = entities_of(tag_set.decode(path.tags))
        (sure,) = entity_confidences(
            head, path.emissions[None], mask, [path.entities], fitted.temperature
        )
        right += sum(entity in gold for entity in path.entities)
        losses += [
            -math.log(value if entity in gold else 1 - value)
            for entity, value in zip(path.entities, sure, strict=True)
        ]
    assert (fitted.entities, fitted.right) == (len(losses), right)
    assert 0 < right < len(losses)
    assert fitted.loss == pytest.approx(sum(losses) / len(losses), rel=1e-6)


def test_without_predicted_entities_the_temperature_is_that_of_the_words() -> None:
    paths = [one_word(-4.0, int(number < 2)) for number in range(10)]
    fitted = fit_temperature(TagSet(["PER"], scheme="io"), paths)
    assert fitted is not None
    assert fitted.temperature == fitted.of_words == pytest.approx(4 / math.log(4), rel=2e-3)
    assert fitted[4:] == (0, 0, None, None)


@pytest.mark.parametrize("name", ["softmax", "crf"])
@pytest.mark.parametrize("temperature", [0.7, 2.0])
def test_the_temperature_that_was_put_in_is_found(name: HeadName, temperature: float) -> None:
    paths = random_paths(name, temperature)
    fitted = fit_temperature(TagSet(["PER"], scheme="io"), paths)
    assert fitted is not None
    assert fitted.temperature == pytest.approx(temperature, rel=0.15)
    assert fitted.loss is not None
    assert fitted.loss_before is not None
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
    assert wrong.temperature == pytest.approx(8.0, rel=2e-3)


def test_without_dev_sentences_there_is_no_temperature() -> None:
    assert fit_temperature(TagSet(["PER"]), []) is None


def test_malformed_gold_tags_are_repaired() -> None:
    # I (2) at the start is read as B (1).
    tag_set = TagSet(["PER"])
    scores = torch.tensor([[0.0, 2.0, 1.0], [0.0, 0.0, 1.0]])
    both = [
        fit_temperature(tag_set, [DevPath(scores, [first, 2], [Entity(0, 2, "PER")], zeros(3))])
        for first in (1, 2)
    ]
    assert both[0] == both[1]
    assert both[0] is not None
    assert both[0].right == 1


def batch(head: Head, *lengths: int) -> tuple[Tensor, Tensor, Tensor, list[list[Entity]]]:
    generator = torch.Generator().manual_seed(sum(lengths))
    shape = (len(lengths), max(lengths))
    emissions = torch.randn(*shape, len(head.tag_set), generator=generator)
    tags = torch.randint(len(head.tag_set), shape, generator=generator)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
    return emissions, tags, mask, [[Entity(0, length, "PER")] for length in lengths]


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
    assert [path.entities[0].end for path in (one, two, three)] == [2, 3, 1]
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
    every = [row for emissions, *_ in parts for row in emissions]
    thinned = dev.sentences(most_words=6)  # 16 words, so every third sentence
    assert [path.emissions.tolist() for path in thinned] == [
        every[place].tolist() for place in (0, 3, 6)
    ]
