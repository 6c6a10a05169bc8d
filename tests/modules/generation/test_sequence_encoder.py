import pytest
import torch

from lowner_pl.augmentation import Token
from lowner_pl.corpus import Sentence
from lowner_pl.modules import MulDALightningModule
from lowner_pl.modules.generation.sequence_encoder import first_words

from ...sequence_models import Kind
from .mulda_models import GOLD, KINDS, made

pytestmark = pytest.mark.usefixtures("offline")


def names(module: MulDALightningModule, ids: list[int]) -> list[str]:
    return list(module.tokenizer.convert_ids_to_tokens(ids))


def spelt(module: MulDALightningModule, word: str) -> list[str]:
    ids = module.tokenizer(word, add_special_tokens=False)["input_ids"]
    return names(module, ids)


def test_sources_and_targets_equal_those_worked_out_by_hand(
    sequence_folders: dict[Kind, str],
) -> None:
    prefix = [Token("B-PER", is_label=True), Token("Ann")]
    mt5, mbart = (made(sequence_folders[kind]) for kind in KINDS)
    ann = spelt(mt5, "Ann")
    assert names(mt5, mt5.encoder.source(prefix, "en")) == [
        *("<en>", "<B-PER>", *ann, "<extra_id_0>", "</s>")
    ]
    assert names(mt5, mt5.encoder.source([], "de")) == ["<de>", "<extra_id_0>", "</s>"]
    assert mt5.encoder.start("en") == mt5.tokenizer.pad_token_id
    # mBART: text, end, its own language token if it has one; the decoder starts with it.
    assert names(mbart, mbart.encoder.source([], "en")) == ["<mask>", "</s>", "en_XX"]
    assert names(mbart, [mbart.encoder.start("en"), mbart.encoder.start("de")]) == ["en_XX", "<de>"]
    for module, start in ((mt5, "<pad>"), (mbart, "<de>")):
        batch = module.encoder([GOLD[3]], torch.Generator())
        target = [*spelt(module, "bald"), *spelt(module, "kam"), "<B-PER>", *spelt(module, "Ann")]
        assert names(module, batch.wanted[0].tolist()) == [*target, "</s>"]
        assert names(module, batch.given[0].tolist()) == [start, *target]


def test_the_first_words_keep_their_labels() -> None:
    row = [Token("a"), Token("B-PER", is_label=True), Token("b"), Token("c")]
    assert [len(first_words(row, words)) for words in range(4)] == [0, 1, 3, 4]


def test_a_source_has_at_most_prefix_words_and_never_the_whole_sentence(
    sequence_folders: dict[Kind, str],
) -> None:
    module = made(sequence_folders["mt5"], prefix_words=2)
    generator = torch.Generator().manual_seed(0)
    two = Sentence(("Rome", "left"), ("O", "O"), "en")
    lengths: dict[int, set[int]] = {0: set(), 1: set()}
    for _ in range(30):
        batch = module.encoder([two, GOLD[3]], generator)
        for row in lengths:
            lengths[row].add(int(batch.source_mask[row].sum()) - 3)
    rome, bald, kam = (len(spelt(module, word)) for word in ("Rome", "bald", "kam"))
    assert lengths == {0: {0, rome}, 1: {0, bald, bald + kam}}


def test_long_sentences_are_cut_at_the_limit(sequence_folders: dict[Kind, str]) -> None:
    module = made(sequence_folders["mbart"], max_length=500)
    assert module.encoder.max_length == 64  # the positions of the model
    long = Sentence(("Rome",) * 90, ("O",) * 90, "en")
    loss, subwords = module.loss([long], torch.Generator())
    assert subwords == 64
    assert torch.isfinite(loss)
