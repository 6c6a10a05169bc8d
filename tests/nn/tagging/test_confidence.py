import itertools
import math
from collections import defaultdict

import pytest
import torch
from torch import Tensor

from lowner_pl.corpus import Entity, TagSet, entities_of
from lowner_pl.nn import HeadName, build_head
from lowner_pl.nn.tagging.confidence import entity_confidences, log_likelihoods
from lowner_pl.nn.tagging.heads import CRFHead, Head

LENGTHS = [1, 4, 2, 3]
SCHEMES = pytest.mark.parametrize("scheme", ["iob2", "io"])
HEADS = pytest.mark.parametrize("name", ["softmax", "crf"])


def random_head(name: HeadName, tag_set: TagSet) -> Head:
    head = build_head(name, 4, tag_set, 0.0)
    generator = torch.Generator().manual_seed(7)
    if isinstance(head, CRFHead):
        with torch.no_grad():
            for parameter in head.crf.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return head


def random_batch(tags: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    emissions = 2 * torch.randn(len(LENGTHS), max(LENGTHS), tags, generator=generator)
    return emissions, torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS).unsqueeze(1)


@torch.no_grad()
def odds_of_legal_paths(
    head: Head, emissions: Tensor, temperature: float
) -> dict[tuple[int, ...], float]:
    """Score the legal paths of one ``(W, T)`` sentence, term by term."""
    tag_set, odds = head.tag_set, {}
    for path in itertools.product(range(len(tag_set)), repeat=len(emissions)):
        pairs = list(itertools.pairwise(path))
        if not tag_set.starts()[path[0]] or not all(
            tag_set.transitions()[before][after] for before, after in pairs
        ):
            continue
        score = sum(float(emissions[word, tag]) for word, tag in enumerate(path))
        if isinstance(head, CRFHead):
            score += float(head.crf.starts[path[0]] + head.crf.ends[path[-1]])
            score += sum(float(head.crf.transitions[before, after]) for before, after in pairs)
        odds[path] = math.exp(score / temperature)
    return odds


@HEADS
@SCHEMES
@pytest.mark.parametrize("temperature", [1.0, 0.5, 3.0])
def test_the_confidence_of_every_possible_entity_is_its_share_of_all_legal_paths(
    name: HeadName, scheme: str, temperature: float
) -> None:
    tag_set = TagSet(["PER", "LOC"], scheme=scheme)  # type: ignore[arg-type]
    head = random_head(name, tag_set)
    emissions, mask = random_batch(len(tag_set))
    spans, expected = [], []
    for row, length in enumerate(LENGTHS):
        odds = odds_of_legal_paths(head, emissions[row, :length], temperature)
        shares: dict[Entity, float] = defaultdict(float)
        for path, weight in odds.items():
            for entity in entities_of(tag_set.decode(path)):
                shares[entity] += weight / sum(odds.values())
        assert len(shares) == length * (length + 1)  # two types of each span
        spans.append(list(shares))
        expected.append(list(shares.values()))
    emissions = emissions.masked_fill(~mask.unsqueeze(2), 50.0)  # the padding never matters
    found = entity_confidences(head, emissions, mask, spans, temperature)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5)


@HEADS
@SCHEMES
def test_the_likelihood_of_tags_is_their_share_of_all_legal_paths(
    name: HeadName, scheme: str
) -> None:
    tag_set = TagSet(["PER", "LOC"], scheme=scheme)  # type: ignore[arg-type]
    head = random_head(name, tag_set)
    emissions, mask = random_batch(len(tag_set))
    # All legal paths of the second sentence; the others keep their first legal path.
    odds = [
        odds_of_legal_paths(head, emissions[row, :length], 2.0)
        for row, length in enumerate(LENGTHS)
    ]
    tags = torch.zeros(mask.shape, dtype=torch.long)
    total = 0.0
    for path, weight in odds[1].items():
        tags[1] = torch.tensor(path)
        likelihood = log_likelihoods(tag_set, head.chain(), emissions, tags, mask, 2.0).exp()
        assert likelihood[1].item() == pytest.approx(weight / sum(odds[1].values()), rel=1e-5)
        total += likelihood[1].item()
    assert total == pytest.approx(1.0)
    for row in (0, 2, 3):
        only_o = odds[row][(0,) * LENGTHS[row]] / sum(odds[row].values())
        assert likelihood[row].item() == pytest.approx(only_o, rel=1e-5)


def test_confidences_of_a_softmax_head_equal_values_computed_by_hand() -> None:
    # Odds of O, B and I: (1, 3, 9) and (2, 1, 4). Legal paths: OO 1·2, OB 1·1, BO 3·2, BB 3·1,
    # BI 3·4; together 24. The first word alone is an entity in BO and BB: 9/24. With temperature 2
    # the odds are square roots.
    head = build_head("softmax", 4, TagSet(["PER"]), 0.0)
    emissions = torch.tensor([[[1.0, 3.0, 9.0], [2.0, 1.0, 4.0]]]).log()
    mask = torch.ones(1, 2, dtype=torch.bool)
    spans = [[Entity(0, 2, "PER"), Entity(0, 1, "PER"), Entity(1, 2, "PER")]]
    assert entity_confidences(head, emissions, mask, spans) == [
        pytest.approx([12 / 24, 9 / 24, 4 / 24])
    ]
    odds = [math.sqrt(weight) for weight in (2, 1, 6, 3, 12)]
    assert entity_confidences(head, emissions, mask, spans, 2.0)[0][0] == pytest.approx(
        odds[4] / sum(odds)
    )


def test_an_entity_that_decoding_repairs_has_the_probability_of_the_repaired_entity() -> None:
    # The best tag of the only word is I, which decoding reads as B; legal are O (1) and B (3).
    head = build_head("softmax", 4, TagSet(["PER"]), 0.0)
    emissions = torch.tensor([[[1.0, 3.0, 9.0]]]).log()
    mask = torch.ones(1, 1, dtype=torch.bool)
    tags = head.tag_set.decode(head.decode(emissions, mask)[0].tolist())
    assert entity_confidences(head, emissions, mask, [entities_of(tags)]) == [[pytest.approx(0.75)]]


@HEADS
def test_scores_of_any_size_give_probabilities(name: HeadName) -> None:
    head = random_head(name, TagSet(["PER"]))
    emissions = torch.zeros(2, 400, 3)
    emissions[..., 0] = 1e4
    emissions[0, 5, 1] = 2e4
    emissions[1, 5, 1] = 1e4
    mask = torch.ones(2, 400, dtype=torch.bool)
    spans = [[Entity(5, 6, "PER"), Entity(5, 7, "PER")], [Entity(5, 6, "PER")]]
    (sure, impossible), (even,) = entity_confidences(head, emissions, mask, spans)
    assert (sure, impossible) == (1.0, 0.0)
    assert 0.0 < even < 1.0


def test_sentences_without_entities_have_no_confidences() -> None:
    head = build_head("crf", 4, TagSet(["PER"]), 0.0)
    emissions, mask = random_batch(3)
    assert entity_confidences(head, emissions, mask, [[], [], [], []]) == [[], [], [], []]
    some = entity_confidences(head, emissions, mask, [[], [Entity(1, 3, "PER")], [], []])
    assert [len(row) for row in some] == [0, 1, 0, 0]


@pytest.mark.parametrize(
    ("spans", "temperature", "message"),
    [
        ([[]] * 4, 0.0, "temperature is 0.0, but it must be above 0"),
        ([[]] * 4, math.nan, "temperature is nan, but it must be above 0"),
        ([[]] * 3, 1.0, "3 lists of entities for 4 sentences"),
        ([[], [], [Entity(1, 3, "PER")], []], 1.0, "ends after its sentence, which has 2 words"),
        ([[Entity(0, 1, "DATE")], [], [], []], 1.0, "does not know. It knows PER, LOC"),
    ],
)
def test_wrong_arguments_are_refused(
    spans: list[list[Entity]], temperature: float, message: str
) -> None:
    head = build_head("softmax", 4, TagSet(["PER", "LOC"]), 0.0)
    emissions, mask = random_batch(5)
    with pytest.raises(ValueError, match=message):
        entity_confidences(head, emissions, mask, spans, temperature)
