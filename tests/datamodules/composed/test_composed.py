from pathlib import Path

import pytest

from lowner_pl.corpus import count_types
from lowner_pl.datamodules import CrossLingualDataModule, MultilingualDataModule
from tests.datamodules.corpus_folders import dutch, english, german, masakhaner, mine, msra, spanish


class TestMultilingual:
    def test_trained_on_the_union_and_tested_on_each(self) -> None:
        data = MultilingualDataModule([german(train_size=5), spanish()])
        assert data.sentences("train") == [
            *german(train_size=5).sentences("train"),
            *spanish().sentences("train"),
        ]
        assert data.sentences("dev") == german().sentences("dev") + spanish().sentences("dev")
        assert data.test_sets() == [german().sentences("test"), spanish().sentences("test")]
        assert data.test_names == ["de", "es"]
        assert data.name == "conll2003-de+conll2002-es"

    def test_types_are_those_of_any(self) -> None:
        assert MultilingualDataModule([msra(), german()]).entity_types == (
            "PER",
            "ORG",
            "LOC",
            "MISC",
        )

    def test_development_data_are_split_off_each_source_by_itself(self) -> None:
        data = MultilingualDataModule([msra(), german()])
        assert data.sentences("dev") == msra().sentences("dev") + german().sentences("dev")

    def test_corpora_of_one_language_are_told_apart_by_name(self) -> None:
        assert MultilingualDataModule([english(), mine(language="en")]).test_names == [
            "conll2003-en",
            "mine-en",
        ]

    def test_a_source_without_a_test_leaves_the_union_without(self) -> None:
        data = MultilingualDataModule([german(), mine(test_path=None)])
        data.setup("fit")
        with pytest.raises(ValueError, match="must have test data, was: none"):
            data.test_sets()

    def test_a_type_of_any_source_is_seen(self) -> None:
        odd = mine(type_map={"LOC": "PLACE"})
        data = MultilingualDataModule([german(), odd])
        data.setup("fit")  # no warning: what one source lacks another has
        assert set(data.seen_types) == set(data.entity_types)
        assert data.has_training_data
        assert not MultilingualDataModule([german(), mine(train_path=None)]).has_training_data

    def test_one_option_cuts_each_corpus_as_its_own_options_would(self) -> None:
        sizes = {"train_size": 5, "dev_size": 3}
        each = MultilingualDataModule([german(**sizes), spanish(**sizes)])
        data = MultilingualDataModule([german(), spanish()], size_each=5)
        fewer = MultilingualDataModule([german(), spanish()], size_each=3)
        assert data.sentences("train") == each.sentences("train")
        assert fewer.sentences("dev") == each.sentences("dev")
        assert data.test_sets() == each.test_sets()
        assert len(fewer.sentences("train")) == 6
        assert all(s in data.sentences("train") for s in fewer.sentences("train"))

    def test_a_cut_of_the_union_is_said(self, caplog: pytest.LogCaptureFixture) -> None:
        # `train_size` of an experiment's own corpus stays when `--data` names another one.
        with caplog.at_level("INFO"):
            data = MultilingualDataModule([german(), spanish()], train_size=5)
            every = len(german().sentences("train") + spanish().sentences("train"))
            assert len(data.sentences("train")) == 5
        said = f"conll2003-de+conll2002-es: 5 of {every:,} sentences (`train_size`)."
        assert [record.getMessage() for record in caplog.records] == [said]

    def test_a_size_that_a_corpus_has_not_is_refused(self) -> None:
        with pytest.raises(ValueError, match="`size_each` must be at least 1, was: 0"):
            MultilingualDataModule([german()], size_each=0)
        with pytest.raises(ValueError, match=r"`size_each` must be at most \d+, the train senten"):
            MultilingualDataModule([german()], size_each=10_000).sentences("train")

    def test_sources_have_different_names(self) -> None:
        with pytest.raises(
            ValueError, match=r"needs corpora of different names, was: \['mine', 'mi"
        ):
            MultilingualDataModule([mine(), mine()])
        with pytest.raises(
            ValueError, match=r"MultilingualDataModule needs corpora .*, was: \[\]\. List"
        ):
            MultilingualDataModule([])


class TestCrossLingual:
    def test_trained_on_the_source_and_tested_on_each_target(self) -> None:
        data = CrossLingualDataModule(english(), [german(), spanish(), dutch()])
        assert data.sentences("train") == english().sentences("train")
        assert data.sentences("dev") == english().sentences("dev")
        assert data.test_sets()[1] == spanish().sentences("test")
        assert data.test_names == ["de", "es", "nl"]
        assert data.name == "conll2003-en-to-de+es+nl"
        assert data.entity_types == ("PER", "ORG", "LOC", "MISC")

    def test_a_type_that_not_all_have_is_outside_everywhere(self) -> None:
        # English and German have MISC, Chinese has not; Swahili alone has DATE.
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

    def test_what_becomes_outside_is_said_once_with_its_number(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        target = mine(type_map={"LOC": "PLACE", "ORG": None})
        data = CrossLingualDataModule(english(type_map={"ORG": None, "MISC": None}), [target])
        with caplog.at_level("INFO"):
            data.setup("fit")
            data.setup("test")
        source = [count_types(english().sentences(split))["LOC"] for split in ("train", "dev")]
        places = count_types(target.sentences("test"))["PLACE"]
        why = "become 'O', as not all of its corpora have the type"
        assert [record.getMessage() for record in caplog.records] == [
            f"{data.name}: entities of LOC {why}: {source[0]} in train conll2003-en, {source[1]} "
            "in dev conll2003-en.",
            f"{data.name}: entities of PLACE {why}: {places} in test mine.",
        ]

    def test_a_type_of_no_training_data_stays_gold(self, tmp_path: Path) -> None:
        path = tmp_path / "odd.conll"
        path.write_text("Linux\tB-PRODUCT\n")
        data = CrossLingualDataModule(english(), [mine(test_path=path)])
        with pytest.warns(UserWarning, match=r"PRODUCT \(test 1, first in .*odd\.conll:1\)"):
            data.setup("fit")
        assert data.test_sets()[0][0].tags == ("B-PRODUCT",)

    def test_types_are_compared_after_each_corpus_has_renamed_its_own(self) -> None:
        target = german(type_map={"MISC": None, "PER": "PERSON"})
        data = CrossLingualDataModule(english(type_map={"PER": "PERSON"}), [target])
        assert data.entity_types == ("ORG", "LOC", "PERSON")

    def test_no_type_in_common_is_refused(self) -> None:
        source = english(type_map={"PER": "A", "ORG": "A", "LOC": "A", "MISC": "A"})
        data = CrossLingualDataModule(source, [german()])
        with pytest.raises(ValueError, match=r"types in common, was: \{'conll2003-en': \('A',\)"):
            _ = data.entity_types

    def test_targets_need_no_training_data(self) -> None:
        target = mine(train_path=None, dev_path=None, language="xx")
        data = CrossLingualDataModule(english(), [target])
        data.setup("test")
        assert data.test_sets() == [target.sentences("test")]
