from pathlib import Path

import pytest

from lowner_pl.corpus import count_types
from lowner_pl.datamodules import CrossLingualDataModule, MultilingualDataModule
from tests.datamodules.corpus_folders import dutch, english, german, masakhaner, mine, msra, spanish


class TestMultilingual:
    def test_training_is_on_the_union_and_testing_on_each_corpus(self) -> None:
        data = MultilingualDataModule([german(train_size=5), spanish()])
        assert data.sentences("train") == [
            *german(train_size=5).sentences("train"),
            *spanish().sentences("train"),
        ]
        assert data.sentences("dev") == german().sentences("dev") + spanish().sentences("dev")
        assert data.test_sets() == [german().sentences("test"), spanish().sentences("test")]
        assert data.test_names == ["de", "es"]
        assert data.name == "conll2003-de+conll2002-es"

    def test_entity_types_are_those_of_any_corpus(self) -> None:
        assert MultilingualDataModule([msra(), german()]).entity_types == (
            "PER",
            "ORG",
            "LOC",
            "MISC",
        )

    def test_development_data_are_split_off_each_source_separately(self) -> None:
        data = MultilingualDataModule([msra(), german()])
        assert data.sentences("dev") == msra().sentences("dev") + german().sentences("dev")

    def test_test_sets_in_one_language_are_named_after_their_corpora(self) -> None:
        assert MultilingualDataModule([english(), mine(language="en")]).test_names == [
            "conll2003-en",
            "mine-en",
        ]

    def test_the_union_has_no_test_data_if_a_source_has_none(self) -> None:
        data = MultilingualDataModule([german(), mine(test_path=None)])
        data.setup("fit")
        with pytest.raises(ValueError, match="has no test data"):
            data.test_sets()

    def test_the_types_of_every_source_count_as_seen(self) -> None:
        odd = mine(type_map={"LOC": "PLACE"})
        data = MultilingualDataModule([german(), odd])
        data.setup("fit")  # no warning: each type occurs in one of the sources
        assert set(data.seen_types) == set(data.entity_types)
        assert data.has_training_data
        assert not MultilingualDataModule([german(), mine(train_path=None)]).has_training_data

    def test_size_each_chooses_the_same_sentences_as_the_options_of_each_corpus(self) -> None:
        sizes = {"train_size": 5, "dev_size": 3}
        each = MultilingualDataModule([german(**sizes), spanish(**sizes)])
        data = MultilingualDataModule([german(), spanish()], size_each=5)
        fewer = MultilingualDataModule([german(), spanish()], size_each=3)
        assert data.sentences("train") == each.sentences("train")
        assert fewer.sentences("dev") == each.sentences("dev")
        assert data.test_sets() == each.test_sets()
        assert len(fewer.sentences("train")) == 6
        assert all(s in data.sentences("train") for s in fewer.sentences("train"))

    def test_limiting_the_union_is_reported(self, caplog: pytest.LogCaptureFixture) -> None:
        # An experiment's `train_size` stays in force when `--data` replaces its corpus.
        with caplog.at_level("INFO"):
            data = MultilingualDataModule([german(), spanish()], train_size=5)
            every = len(german().sentences("train") + spanish().sentences("train"))
            assert len(data.sentences("train")) == 5
        said = f"conll2003-de+conll2002-es: 5 of {every:,} sentences (`train_size`)."
        assert [record.getMessage() for record in caplog.records] == [said]

    def test_a_size_each_beyond_a_corpus_is_refused(self) -> None:
        with pytest.raises(ValueError, match="`size_each` is 0, but it must be at least 1"):
            MultilingualDataModule([german()], size_each=0)
        with pytest.raises(
            ValueError, match=r"`size_each` is 10000, but .* has only \d+ train sent"
        ):
            MultilingualDataModule([german()], size_each=10_000).sentences("train")

    def test_sources_of_the_same_name_are_refused(self) -> None:
        with pytest.raises(ValueError, match="has several corpora named mine"):
            MultilingualDataModule([mine(), mine()])
        with pytest.raises(ValueError, match="MultilingualDataModule needs at least one corpus"):
            MultilingualDataModule([])


class TestCrossLingual:
    def test_training_is_on_the_source_and_testing_on_each_target(self) -> None:
        data = CrossLingualDataModule(english(), [german(), spanish(), dutch()])
        assert data.sentences("train") == english().sentences("train")
        assert data.sentences("dev") == english().sentences("dev")
        assert data.test_sets()[1] == spanish().sentences("test")
        assert data.test_names == ["de", "es", "nl"]
        assert data.name == "conll2003-en-to-de+es+nl"
        assert data.entity_types == ("PER", "ORG", "LOC", "MISC")

    def test_types_that_not_all_corpora_have_become_o_everywhere(self) -> None:
        # English and German have MISC, Chinese does not; only Swahili has DATE.
        data = CrossLingualDataModule(english(), [german(), msra(), masakhaner()])
        assert data.entity_types == ("PER", "ORG", "LOC")
        assert any(e.type == "MISC" for s in english().sentences("train") for e in s.entities)
        plain = [english().sentences("train"), german().sentences("test")]
        for before, after in zip(
            plain, [data.sentences("train"), data.test_sets()[0]], strict=True
        ):
            for sentence, mapped in zip(before, after, strict=True):
                kept = tuple(e for e in sentence.entities if e.type != "MISC")
                assert mapped.entities == kept

    def test_entities_that_become_o_are_counted_and_reported_once(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        target = mine(type_map={"LOC": "PLACE", "ORG": None})
        data = CrossLingualDataModule(english(type_map={"ORG": None, "MISC": None}), [target])
        with caplog.at_level("INFO"):
            data.setup("fit")
            data.setup("test")
        source = [count_types(english().sentences(split))["LOC"] for split in ("train", "dev")]
        places = count_types(target.sentences("test"))["PLACE"]
        why = "entities become 'O' because not all of its corpora have this type"
        assert [record.getMessage() for record in caplog.records] == [
            f"{data.name}: LOC {why}: {source[0]} in train conll2003-en, {source[1]} "
            "in dev conll2003-en.",
            f"{data.name}: PLACE {why}: {places} in test mine.",
        ]

    def test_a_type_that_no_training_data_have_stays_gold(self, tmp_path: Path) -> None:
        path = tmp_path / "odd.conll"
        path.write_text("Linux\tB-PRODUCT\n")
        data = CrossLingualDataModule(english(), [mine(test_path=path)])
        with pytest.warns(UserWarning, match=r"PRODUCT \(test 1, first in .*odd\.conll, line 1\)"):
            data.setup("fit")
        assert data.test_sets()[0][0].tags == ("B-PRODUCT",)

    def test_types_are_compared_after_the_type_maps_of_the_corpora(self) -> None:
        target = german(type_map={"MISC": None, "PER": "PERSON"})
        data = CrossLingualDataModule(english(type_map={"PER": "PERSON"}), [target])
        assert data.entity_types == ("ORG", "LOC", "PERSON")

    def test_corpora_without_a_common_type_are_refused(self) -> None:
        source = english(type_map={"PER": "A", "ORG": "A", "LOC": "A", "MISC": "A"})
        data = CrossLingualDataModule(source, [german()])
        with pytest.raises(
            ValueError, match=r"have no entity type in common \(conll2003-en: A; conll2003-de: PER,"
        ):
            _ = data.entity_types

    def test_targets_do_not_need_training_data(self) -> None:
        target = mine(train_path=None, dev_path=None, language="xx")
        data = CrossLingualDataModule(english(), [target])
        data.setup("test")
        assert data.test_sets() == [target.sentences("test")]
