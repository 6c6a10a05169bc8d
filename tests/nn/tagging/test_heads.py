import itertools
import math
from typing import cast

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from lowner_pl.corpus import TagSet
from lowner_pl.nn.tagging.heads import CRFHead, Head, HeadName, SoftmaxHead, build_head

HIDDEN = 8
TAG_SET = TagSet(["PER", "LOC"])
TAG_SETS = [
    TAG_SET,
    TagSet(["PER", "LOC"], scheme="io"),
    TagSet(["PER"]),
    TagSet(["PER"], scheme="io"),
]
LENGTHS = [3, 1, 5]
NAMES: list[HeadName] = ["softmax", "crf"]


def new_head(name: HeadName, *, tag_set: TagSet = TAG_SET, dropout: float = 0.0) -> Head:
    torch.manual_seed(0)
    head = build_head(name, HIDDEN, tag_set, dropout)
    if isinstance(head, CRFHead):
        for parameter in head.crf.parameters():
            torch.nn.init.normal_(parameter)
    return head


def random_batch(num_tags: int = len(TAG_SET)) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    shape = (len(LENGTHS), max(LENGTHS))
    emissions = torch.randn(*shape, num_tags, generator=generator)
    tags = torch.randint(num_tags, shape, generator=generator)
    return emissions, tags, torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS).unsqueeze(1)


@pytest.mark.parametrize("tag_set", TAG_SETS, ids=repr)
@pytest.mark.parametrize("name", NAMES)
class TestEveryHead:
    def test_emissions_are_a_linear_map_of_the_hidden_state(
        self, name: HeadName, tag_set: TagSet
    ) -> None:
        head = new_head(name, tag_set=tag_set)
        words = torch.randn(2, 3, HIDDEN)
        expected = words @ head.linear.weight.T + head.linear.bias
        torch.testing.assert_close(head.emissions(words), expected)
        assert head.emissions(words).shape == (2, 3, len(tag_set))

    def test_dropout_applies_in_training_only(self, name: HeadName, tag_set: TagSet) -> None:
        head = new_head(name, tag_set=tag_set, dropout=1.0)
        words = torch.randn(2, 3, HIDDEN)
        assert torch.equal(head.emissions(words), head.linear.bias.expand(2, 3, -1))
        assert not torch.equal(head.eval().emissions(words), head.linear.bias.expand(2, 3, -1))

    def test_loss_is_a_scalar_that_ignores_padding(self, name: HeadName, tag_set: TagSet) -> None:
        head = new_head(name, tag_set=tag_set)
        emissions, tags, mask = random_batch(len(tag_set))
        other = emissions.masked_fill(~mask.unsqueeze(2), 1e6)
        other_tags = tags.masked_fill(~mask, 3)
        loss = head.loss(emissions, tags, mask)
        assert loss.shape == ()
        assert torch.equal(head.loss(other, other_tags, mask), loss)
        wider = (F.pad(emissions, (0, 0, 0, 4)), F.pad(tags, (0, 4)), F.pad(mask, (0, 4)))
        torch.testing.assert_close(head.loss(*wider), loss)

    def test_losses_are_those_of_single_sentences_times_their_words(
        self, name: HeadName, tag_set: TagSet
    ) -> None:
        head = new_head(name, tag_set=tag_set)
        emissions, tags, mask = random_batch(len(tag_set))
        other = emissions.masked_fill(~mask.unsqueeze(2), 1e6)
        losses = head.losses(other, tags.masked_fill(~mask, 3), mask)
        for i, length in enumerate(LENGTHS):
            rows = (part[i : i + 1, :length] for part in (emissions, tags, mask))
            alone = head.per_word(head.loss(*rows), sentences=1, words=length) * length
            torch.testing.assert_close(losses[i], alone)

    def test_decoding_ignores_padding_and_leaves_0_there(
        self, name: HeadName, tag_set: TagSet
    ) -> None:
        head = new_head(name, tag_set=tag_set)
        emissions, _, mask = random_batch(len(tag_set))
        decoded = head.decode(emissions, mask)
        other = emissions.masked_fill(~mask.unsqueeze(2), 1e6)
        assert torch.equal(head.decode(other, mask), decoded)
        assert decoded.dtype == torch.int64
        assert not decoded[~mask].any()

    def test_batch_decodes_as_single_sentences(self, name: HeadName, tag_set: TagSet) -> None:
        head = new_head(name, tag_set=tag_set)
        emissions, _, mask = random_batch(len(tag_set))
        decoded = head.decode(emissions, mask)
        for i, length in enumerate(LENGTHS):
            alone = head.decode(emissions[i : i + 1, :length], mask[i : i + 1, :length])
            assert torch.equal(alone[0], decoded[i, :length])

    def test_every_parameter_gets_a_gradient(self, name: HeadName, tag_set: TagSet) -> None:
        head = new_head(name, tag_set=tag_set)
        _, tags, mask = random_batch(len(tag_set))
        words = torch.randn(*mask.shape, HIDDEN, requires_grad=True)
        torch.autograd.backward(head.loss(head.emissions(words), tags, mask))
        for parameter in head.parameters():
            assert parameter.grad is not None
            assert parameter.grad.any()
        assert words.grad is not None
        assert words.grad[mask].any(dim=1).all()
        assert not words.grad[~mask].any()

    def test_loss_is_float32_under_autocast(self, name: HeadName, tag_set: TagSet) -> None:
        head = new_head(name, tag_set=tag_set)
        _, tags, mask = random_batch(len(tag_set))
        words = torch.randn(*mask.shape, HIDDEN)
        with torch.autocast("cpu", torch.bfloat16):
            emissions = head.emissions(words)
            loss = head.loss(emissions, tags, mask)
        assert emissions.dtype == torch.bfloat16
        assert torch.equal(loss, head.loss(emissions.float(), tags, mask))

    def test_training_on_one_batch_learns_its_tags(self, name: HeadName, tag_set: TagSet) -> None:
        head = new_head(name, tag_set=tag_set)
        last = f"B-{tag_set.entity_types[-1]}"
        tags = torch.tensor([tag_set.encode(["B-PER", "I-PER", "O", last, last])])
        words = torch.randn(1, 5, HIDDEN)
        mask = torch.ones_like(tags, dtype=torch.bool)
        optimizer = torch.optim.Adam(head.parameters(), lr=0.1)
        for _ in range(100):
            optimizer.zero_grad()
            torch.autograd.backward(head.loss(head.emissions(words), tags, mask))
            optimizer.step()
        assert torch.equal(head.decode(head.emissions(words), mask), tags)

    def test_decoded_tags_are_well_formed(self, name: HeadName, tag_set: TagSet) -> None:
        head = new_head(name, tag_set=tag_set)
        emissions, _, mask = random_batch(len(tag_set))
        decoded = head.decode(1e6 * emissions, mask)
        for ids, length in zip(decoded.tolist(), LENGTHS, strict=True):
            tags = tag_set.decode(ids[:length])
            for before, after in itertools.pairwise(("O", *tags)):
                assert not after.startswith("I-") or before[2:] == after[2:]


def test_the_softmax_loss_is_a_hand_computed_cross_entropy() -> None:
    # Three tags with odds 1:1:2 have probabilities 1/4, 1/4, 1/2. The gold tag is 2 for the only
    # word of the first sentence, and 0 and 2 in the second, so the loss is
    # -(ln 1/2 + ln 1/4 + ln 1/2) / 3 = 4/3 ln 2.
    head = new_head("softmax", tag_set=TagSet(["PER"]))
    emissions = torch.tensor([1.0, 1.0, 2.0]).log().expand(2, 2, 3)
    mask = torch.tensor([[True, False], [True, True]])
    loss = head.loss(emissions, torch.tensor([[2, 1], [0, 2]]), mask)
    torch.testing.assert_close(loss, 4 / 3 * torch.tensor(2.0).log())


def test_the_softmax_loss_equals_that_of_torch_on_the_real_words() -> None:
    emissions, tags, mask = random_batch()
    loss = new_head("softmax").loss(emissions, tags, mask)
    torch.testing.assert_close(loss, F.cross_entropy(emissions[mask], tags[mask]))


def test_softmax_decodes_words_independently() -> None:
    emissions, _, mask = random_batch()
    decoded = new_head("softmax").decode(emissions, mask)
    assert torch.equal(decoded[mask], emissions[mask].argmax(1))


def test_crf_loss_is_the_mean_over_sentences_of_the_negative_log_likelihood() -> None:
    head = new_head("crf")
    assert isinstance(head, CRFHead)
    emissions, tags, mask = random_batch()
    torch.testing.assert_close(
        head.loss(emissions, tags, mask), -head.crf(emissions, tags, mask).sum() / len(LENGTHS)
    )


@pytest.mark.parametrize("name", ["softmax", "crf"])
def test_the_logged_loss_of_both_heads_is_the_mean_over_the_words(name: HeadName) -> None:
    # Without transitions a CRF tags words independently, so both heads have the same loss.
    emissions, tags, mask = random_batch()
    head = build_head(name, HIDDEN, TAG_SET, 0.0)
    if isinstance(head, CRFHead):
        for parameter in head.crf.parameters():
            torch.nn.init.zeros_(parameter)
    loss = head.loss(emissions, tags, mask)
    per_word = head.per_word(loss, sentences=len(LENGTHS), words=sum(LENGTHS))
    torch.testing.assert_close(per_word, F.cross_entropy(emissions[mask], tags[mask]))


def test_crf_decoding_follows_the_rules_of_the_tag_set() -> None:
    # B-PER I-LOC has the best scores, but I-LOC can't follow B-PER, so B-LOC I-LOC wins.
    head = build_head("crf", HIDDEN, TAG_SET, 0.0)
    emissions = torch.zeros(1, 2, len(TAG_SET))
    emissions[0, 0, TAG_SET.tags.index("B-PER")] = 2.0
    emissions[0, 0, TAG_SET.tags.index("B-LOC")] = 1.0
    emissions[0, 1, TAG_SET.tags.index("I-LOC")] = 3.0
    decoded = head.decode(emissions, torch.ones(1, 2, dtype=torch.bool))
    assert TAG_SET.decode(decoded[0].tolist()) == ("B-LOC", "I-LOC")


def test_build_head_creates_the_named_head() -> None:
    assert type(build_head("softmax", HIDDEN, TAG_SET, 0.1)) is SoftmaxHead
    assert type(build_head("crf", HIDDEN, TAG_SET, 0.1)) is CRFHead
    with pytest.raises(AssertionError):
        build_head(cast(HeadName, "linear"), HIDDEN, TAG_SET, 0.1)


def test_the_base_class_is_abstract() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Head(HIDDEN, TAG_SET, 0.1)  # type: ignore[abstract]


def test_the_max_loss_equals_a_hand_computed_value() -> None:
    # Two tags with logits (0, z): -log p(0) = log(1 + e^z), written L(z). Sentence 1 has z = 0 and
    # ln 3: L = ln 2 and ln 4. Sentence 2 has z = ln 7: L = ln 8; its second word is padding.
    # Mean over 3 words: (ln 2 + ln 4 + ln 8) / 3 = 2 ln 2; of maxima: (ln 4 + ln 8) / 2 = 2.5 ln 2.
    # Eq. 13 with lambda 2: 2 ln 2 + 2 * 2.5 ln 2 = 7 ln 2.
    z = torch.tensor([[1.0, 3.0], [7.0, 1e9]]).log()
    emissions = torch.stack([torch.zeros(2, 2), z], dim=2)
    tags = torch.tensor([[0, 0], [0, 1]])
    mask = torch.tensor([[True, True], [True, False]])
    head = SoftmaxHead(HIDDEN, TagSet(["PER"]), 0.0)
    loss = head.loss(emissions, tags, mask, max_weight=2.0)
    assert loss.item() == pytest.approx(7 * math.log(2))
    assert head.loss(emissions, tags, mask).item() == pytest.approx(2 * math.log(2))


def test_the_loss_averaged_over_sentences_equals_a_hand_computed_value() -> None:
    # As above, L = ln 2 and ln 4 in sentence 1 and ln 8 in sentence 2. The mean of their means
    # (Eq. 3) is (1.5 ln 2 + 3 ln 2) / 2 = 2.25 ln 2; the mean over words would be 2 ln 2.
    z = torch.tensor([[1.0, 3.0], [7.0, 1e9]]).log()
    emissions = torch.stack([torch.zeros(2, 2), z], dim=2)
    tags = torch.tensor([[0, 0], [0, 1]])
    mask = torch.tensor([[True, True], [True, False]])
    head = SoftmaxHead(HIDDEN, TagSet(["PER"]), 0.0)
    loss = head.loss(emissions, tags, mask, average="sentences")
    assert loss.item() == pytest.approx(2.25 * math.log(2))
    both = head.loss(emissions, tags, mask, max_weight=2.0, average="sentences")
    assert both.item() == pytest.approx(7.25 * math.log(2))


def test_a_crf_rejects_averaging_over_sentences() -> None:
    with pytest.raises(ValueError, match="`average` is 'sentences', but a CRF head needs 'words'"):
        new_head("crf").loss(*random_batch(), average="sentences")


@pytest.mark.parametrize("name", NAMES)
def test_the_max_loss_ignores_padding_and_has_gradients(name: HeadName) -> None:
    head = new_head(name)
    emissions, tags, mask = random_batch()
    emissions.requires_grad_()
    loss = head.loss(emissions, tags, mask, max_weight=2.0)
    assert loss > head.loss(emissions, tags, mask)
    other = emissions.masked_fill(~mask.unsqueeze(2), 1e6)
    torch.testing.assert_close(
        head.loss(other, tags.masked_fill(~mask, 3), mask, max_weight=2.0), loss
    )
    (gradient,) = torch.autograd.grad(loss, emissions)
    assert torch.isfinite(gradient).all()
    assert (gradient[~mask] == 0).all()


def test_the_max_loss_of_a_crf_uses_its_marginals() -> None:
    head = new_head("crf")
    assert isinstance(head, CRFHead)
    emissions, tags, mask = random_batch()
    marginals = head.crf.log_marginals(emissions, mask)
    worst = [
        max(-marginals[s, w, int(tags[s, w])].item() for w in range(length))
        for s, length in enumerate(LENGTHS)
    ]
    expected = head.loss(emissions, tags, mask).item() + 2.0 * sum(worst) / len(worst)
    assert head.loss(emissions, tags, mask, max_weight=2.0).item() == pytest.approx(expected)
