"""Warnings about data from which a tagger can't learn, one cause at a time."""

from collections import Counter
from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from lowner_pl.callbacks.screen.corpus_doubts import doubts
from lowner_pl.callbacks.screen.corpus_facts import SplitFacts, corpus_facts
from lowner_pl.callbacks.screen.fit_report import cause_of_zero
from lowner_pl.datamodules import SampleDataModule
from lowner_pl.encoding import Coverage, WordEncoder, coverage
from lowner_pl.nn.backbones import loading

PERSIAN = ("دانشگاه", "تهران", "در", "ایران", "است")
ETHIOPIC = ("ሀለተከ", "በአረጠጠ", "ተገደሠገረ", ".")
SPELT = Coverage(10, 15, 0, 0, "<unk>")


class Module:
    def __init__(self, encoder: WordEncoder) -> None:
        self.encoder = encoder

    def coverage(self, words: Any) -> Coverage:
        return coverage(self.encoder, words)


def embedded(**options: Any) -> WordEncoder:
    return WordEncoder(AutoTokenizer.from_pretrained(loading.EMBEDDED), **options)


def latin() -> WordEncoder:
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *".abc", *("##a", "##b", "##c")]
    model = models.WordPiece({name: i for i, name in enumerate(names)}, unk_token="[UNK]")
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", mask_token="[MASK]", pad_token="[PAD]"
    )
    return WordEncoder(fast)


def split(
    name: str, measured: Coverage = SPELT, types: dict[str, int] | None = None, **more: int
) -> SplitFacts:
    return SplitFacts(name, 5, 10, Counter({**(types or {}), **more}), measured)


def said(*splits: SplitFacts) -> str:
    return "\n".join(doubts(splits, "mine"))


def test_the_sample_corpus_has_no_warnings() -> None:
    data, encoder = SampleDataModule(language="sw"), embedded()
    splits = corpus_facts(data, Module(embedded(marker="mask")))
    assert [(part.name, part.sentences) for part in splits] == [
        ("train", 100),
        ("dev", 50),
        ("test", 100),
    ]
    assert splits[0].types == {"LOC": 73, "ORG": 47, "PER": 45}
    assert splits[0].words == 1510
    assert splits[0].coverage is not None
    words = [word for sentence in data.sentences("train") for word in sentence.words]
    subwords = sum(len(encoder.subwords(word)) for word in words)
    assert (
        round(splits[0].coverage.per_word * 1510) == subwords
    )  # without the mask before each word
    assert doubts(splits, "embedded") == []


def test_the_share_of_words_that_the_vocabulary_does_not_know_is_named() -> None:
    measured = coverage(latin(), [*ETHIOPIC, "abc"])
    assert measured == Coverage(5, 3 + 1 + 3, 3, 0, "[UNK]")
    text = said(split("train", measured, PER=9), split("dev", PER=9))
    assert "'mine' does not know 60% of the words in the training data" in text
    assert "[UNK]" in text


def test_a_script_that_is_spelt_by_single_bytes_has_a_warning() -> None:
    measured = coverage(embedded(), PERSIAN)
    assert measured.per_word > 4
    assert measured.bytes == 5
    assert measured.unknown == 0
    text = said(split("train", measured, PER=9), split("dev", PER=9))
    assert (
        f"in {measured.per_word:.1f} subwords each on average, 100% of them at least partly" in text
    )


def test_many_subwords_per_word_have_a_warning_also_in_a_test_set_alone() -> None:
    many = Coverage(100, 401, 0, 0, "<unk>")
    few = Coverage(100, 400, 9, 9, "<unk>")
    dev = split("dev", PER=9)
    assert "in 4.0 subwords each on average. It" in said(split("train", many, A=9), dev)
    assert not said(split("train", few, PER=9), dev)
    test = split("test fa", many, PER=9)
    assert "the words in the test fa data" in said(split("train", PER=9), dev, test)


@pytest.mark.parametrize(
    ("rare", "often"), [("PRE", "PER"), ("per", "PER"), ("PERS", "PER"), ("LOK", "LOC")]
)
def test_a_rare_type_named_almost_like_a_frequent_one_is_pointed_out(rare: str, often: str) -> None:
    train = split("train", types={often: 60, "ORG": 40})
    text = said(train, split("dev", types={rare: 1, often: 9}))
    assert f"{rare!r} has 1 entity, {often!r} has 69" in text
    assert f"--data.type_map '{{{rare}: {often}}}'" in text
    assert not said(train, split("dev", types={rare: 3, often: 9}))
    assert not said(train, split("dev", types={often: 9, "GPE": 1}))


def test_names_of_one_or_two_letters_are_never_almost_alike() -> None:
    assert not said(split("train", 人名=60, 地名=1), split("dev", 人名=9))


def test_each_cause_of_a_dev_f1_of_0_has_its_own_message() -> None:
    unknown = Coverage(10, 10, 9, 0, "[UNK]")
    train = split("train", PER=9, LOC=9)
    assert cause_of_zero(train, split("dev", PER=1), "mine") is None
    many = split("train", types={f"T{number}": 1 for number in range(20)})
    causes = [
        (train, split("dev"), "The 5 dev sentences have no entity"),
        (train, split("dev", person=2), "no entity type in common ('PER', 'LOC'; 'person')"),
        (split("train", unknown, PER=9), split("dev", PER=1), "does not know 90%"),
        (many, split("dev", T1=1), "20 entity types"),
    ]
    for train, dev, cause in causes:
        assert cause in (cause_of_zero(train, dev, "mine") or "")
        assert cause in said(train, dev)


def test_coverage_counts_repeated_words_and_ignores_markers() -> None:
    encoder = embedded(marker="mask")
    once, thrice = coverage(encoder, ["Juma"]), coverage(encoder, ["Juma"] * 3)
    assert thrice.words == 3 * once.words == 3
    assert thrice.subwords == 3 * (len(encoder.subwords("Juma")) - 1)


def test_subwords_are_counted_in_an_even_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    from lowner_pl.callbacks.screen import corpus_facts as facts

    monkeypatch.setattr(facts, "SAMPLED", 30)
    splits = facts.corpus_facts(SampleDataModule(language="sw"), Module(embedded()))
    assert splits[0].coverage is not None
    assert 300 < splits[0].coverage.words < 500  # 25 of 100 sentences
    assert splits[0].words == 1510
