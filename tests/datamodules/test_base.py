import logging
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lowner_pl.corpus import Sentence, read_conll, write_conll
from lowner_pl.datamodules import ConllDataModule, NERDataModule, Split
from tests.datamodules.corpus_folders import MINE, Builder, english, mine, mine_without_dev


class Toy(NERDataModule):
    """A corpus in memory."""

    def __init__(self, splits: dict[Split, list[Sentence]], **options: Any) -> None:
        super().__init__(**options)
        self.name = "toy"
        self.splits = splits

    def read(self, split: Split) -> list[Sentence] | None:
        return self.splits.get(split)


def tagged(*tags: str, word: str = "a") -> Sentence:
    return Sentence((word,) * len(tags), tags)


class TestTypes:
    def test_adjacent_entities_renamed_to_one_type_stay_separate(self) -> None:
        data = Toy({"test": [tagged("B-GPE", "I-GPE", "B-LOC", "O")]}, type_map={"GPE": "LOC"})
        assert data.entity_types == ("LOC",)
        assert data.sentences("test")[0].tags == ("B-LOC", "I-LOC", "B-LOC", "O")

    def test_two_types_can_be_swapped(self) -> None:
        data = Toy({"test": [tagged("B-A", "B-B")]}, type_map={"A": "B", "B": "A"})
        assert data.sentences("test")[0].tags == ("B-B", "B-A")

    def test_entity_types_are_those_of_all_training_sentences(self) -> None:
        train = [tagged("B-PER", word=str(i)) for i in range(9)] + [
            tagged("B-ZOO", "B-ART", "B-LOC")
        ]
        data = Toy({"train": train, "dev": train}, train_size=1)
        assert data.entity_types == ("PER", "LOC", "ART", "ZOO")

    def test_data_without_entities_are_refused(self) -> None:
        data = Toy({"train": [tagged("O")], "dev": [tagged("O")]})
        with pytest.raises(ValueError, match="training data of toy contain no entities: all words"):
            _ = data.entity_types

    def test_training_data_without_entities_are_refused_when_the_types_are_known(self) -> None:
        data = Toy({"train": [tagged("O")], "dev": [tagged("O")]})
        data.corpus_types = ("PER",)
        with pytest.raises(ValueError, match=r"training data of toy have no entities: .* 1 sent"):
            data.setup("fit")

    def test_a_corpus_without_training_data_is_named_with_its_class(self) -> None:
        with pytest.raises(ValueError, match=r"toy has no training .* `Toy\.read\('train'\)` ret"):
            _ = Toy({}).entity_types

    def test_dropping_every_type_is_refused(self) -> None:
        data = Toy({"train": [tagged("B-PER")]}, type_map={"PER": None})
        with pytest.raises(ValueError, match=r"`type_map` drops all entity types of toy \(PER\)"):
            _ = data.entity_types


class TestUnseenTypes:
    @pytest.fixture
    def odd(self, tmp_path: Path) -> Path:
        path = tmp_path / "odd.conll"
        path.write_text(
            "Ann\tB-PER\n\nwith\tO\nLinux\tB-PRODUCT\n\nUnix\tB-PRODUCT\n6\tI-PRODUCT\n"
        )
        return path

    def test_types_that_only_the_test_data_have_are_reported_once_and_stay_gold(
        self, odd: Path
    ) -> None:
        data = mine(test_path=odd)
        said = (
            r"^No training .* of mine has .* PRODUCT \(test 2, first in .*odd\.conll, line 4\)\. T"
        )
        with pytest.warns(UserWarning, match=said):
            data.setup("fit")
        data.setup("test")  # any further warning would be an error
        assert data.entity_types == ("PER", "ORG", "LOC")
        assert data.sentences("test")[2].tags == ("B-PRODUCT", "I-PRODUCT")
        assert "PRODUCT" not in data.seen_types

    def test_types_that_only_the_development_data_have_are_reported(self, odd: Path) -> None:
        with pytest.warns(UserWarning, match=r"PRODUCT \(dev 2, test 2, first in"):
            mine(dev_path=odd, test_path=odd).setup("fit")
        with pytest.warns(UserWarning, match=r"PRODUCT \(dev 2, first in"):
            mine(dev_path=odd, test_path=odd).setup("validate")

    def test_dropped_types_are_not_reported(self, odd: Path) -> None:
        data = mine(test_path=odd, type_map={"PRODUCT": None})
        data.setup("fit")
        assert data.sentences("test")[1].tags == ("O", "O")

    def test_a_type_missing_from_the_chosen_subset_is_reported_but_stays_in_the_tag_set(
        self,
    ) -> None:
        train = [tagged("B-PER", word=str(n)) for n in range(9)] + [tagged("B-ZOO")]
        data = Toy({"train": train, "dev": [tagged("B-ZOO", "B-PER")]}, train_size=1)
        with pytest.warns(UserWarning, match=r"has these entity types: ZOO \(dev 1\)\."):
            data.setup("fit")
        assert data.seen_types == ("PER",)
        assert data.entity_types == ("PER", "ZOO")

    def test_the_warning_lists_ten_types_and_counts_the_rest(self) -> None:
        dev = [tagged(*(f"B-T{number:03}" for number in range(300)))]
        with pytest.warns(UserWarning, match=r"T009 \(dev 1\), and 290 more types\. They"):
            Toy({"train": [tagged("B-A")], "dev": dev}).setup("fit")

    def test_without_training_data_there_is_no_warning(self, odd: Path) -> None:
        data = mine(train_path=None, dev_path=None, test_path=odd)
        data.setup("test")
        assert not data.has_training_data
        assert mine().has_training_data

    def test_a_training_tag_outside_the_published_types_is_refused(self) -> None:
        data = Toy({"train": [tagged("B-A")], "dev": [tagged("B-A")]})
        data.corpus_types = ("B",)
        with pytest.raises(ValueError, match=r"^toy, train data: 'a' has the tag 'B-A', but"):
            data.setup("fit")


class TestSplits:
    def test_missing_development_data_are_split_off_and_this_is_reported_once(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        data = mine_without_dev(subset_seed=3)
        with caplog.at_level(logging.INFO):
            data.setup("fit")
            data.setup("validate")
        assert [record.getMessage() for record in caplog.records] == [
            "mine has no development data: 3 of its 30 training sentences are used instead "
            "(seed 3), 27 remain for training."
        ]
        assert len(data.sentences("train")) == 27
        assert len(data.sentences("dev")) == 3

    def test_development_data_are_split_off_before_the_training_subset_is_chosen(self) -> None:
        data = mine_without_dev(dev_size=10, train_size=20)
        assert len(data.sentences("dev")) == 10
        assert len(data.sentences("train")) == 20
        with pytest.raises(
            ValueError, match=r"`train_size` is 21, but it must be between 1 and 20, the"
        ):
            mine_without_dev(dev_size=10, train_size=21).setup("fit")

    def test_train_size_does_not_change_the_development_data(self) -> None:
        assert mine_without_dev(train_size=5).sentences("dev") == mine_without_dev().sentences(
            "dev"
        )

    def test_sentences_in_both_train_and_test_are_counted_in_one_warning(self) -> None:
        data = mine(test_path=MINE / "train.conll", train_size=12)
        expected = "^12 of the 30 test sentences of mine are also among its 12 training sentences"
        with pytest.warns(UserWarning, match=expected):
            data.setup("fit")
        # Any further warning would be an error.
        data.setup("test")

    def test_the_message_about_a_missing_split_says_how_to_supply_it(self) -> None:
        with pytest.raises(ValueError, match=r"mine has no test data\. Set `train_path`"):
            mine(test_path=None).sentences("test")
        with pytest.raises(ValueError, match=r"mine has no training data\. Set `train"):
            mine(train_path=None).setup("fit")
        with pytest.raises(ValueError, match=r"toy has no test data\. Use a corpus"):
            Toy({}).sentences("test")

    def test_a_corpus_without_test_data_can_be_trained_on(self) -> None:
        mine(test_path=None).setup("fit")

    def test_a_corpus_without_training_data_can_be_tested_on(self) -> None:
        data = mine(train_path=None, dev_path=None)
        data.setup("test")
        assert data.entity_types == ("PER", "ORG", "LOC")

    @pytest.mark.parametrize("option", ["batch_size", "eval_batch_size"])
    def test_a_batch_size_of_zero_is_refused(self, option: str) -> None:
        with pytest.raises(ValueError, match=f"`{option}` is 0, but it must be at least 1"):
            Toy({}, **{option: 0})

    @pytest.mark.parametrize("size", [0, -3])
    def test_a_train_size_below_one_is_refused(self, size: int) -> None:
        with pytest.raises(ValueError, match=f"`train_size` is {size}, but .* between 1 and 30"):
            mine(train_size=size).sentences("train")


class TestShare:
    @pytest.mark.parametrize(
        ("share", "size"), [(1.0, 30), (0.05, 2), (0.06, 2), (0.1, 3), (0.12, 4), (0.001, 1)]
    )
    def test_a_share_is_rounded_to_at_least_one_sentence(self, share: float, size: int) -> None:
        # Of 30 sentences 5, 6, 10, 12 and 0.1 % are 1.5, 1.8, 3, 3.6 and 0.03.
        data = mine(train_share=share, subset_seed=3)
        assert data.sentences("train") == mine(train_size=size, subset_seed=3).sentences("train")
        assert data.sentences("dev") == mine().sentences("dev")

    def test_shares_are_nested_and_reported(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO):
            small, large = (mine(train_share=share).sentences("train") for share in (0.2, 0.5))
        assert [s for s in large if s in small] == small
        assert [record.getMessage() for record in caplog.records] == [
            f"mine: {size} of 30 sentences (`train_share`)." for size in (6, 15)
        ]

    @pytest.mark.parametrize("share", [0.0, -0.1, 1.01, float("nan")])
    def test_shares_outside_zero_to_one_are_refused(self, share: float) -> None:
        with pytest.raises(ValueError, match=r"`train_share` is .*above 0 and at most 1"):
            mine(train_share=share)

    def test_train_size_together_with_train_share_is_refused(self) -> None:
        with pytest.raises(
            ValueError, match=r"`train_size` is 5 and `train_share` is 0\.1, but only"
        ):
            mine(train_size=5, train_share=0.1)


class TestPredict:
    def test_raw_text_can_be_predicted(self, tmp_path: Path) -> None:
        path = tmp_path / "raw.txt"
        path.write_text("Ann left .\nLee too\n")
        data = mine(predict_path=path, language="en")
        data.setup("predict")
        assert data.sentences("predict") == [
            Sentence(("Ann", "left", "."), None, "en"),
            Sentence(("Lee", "too"), None, "en"),
        ]

    @pytest.mark.parametrize("text", ["Ann\nleft\n", "Ann\tB-NO-SUCH-TYPE\nleft\t?\n"])
    @pytest.mark.parametrize("build", [mine, english])
    def test_conll_files_can_be_predicted_with_or_without_tags(
        self, tmp_path: Path, build: Builder, text: str
    ) -> None:
        path = tmp_path / "raw.conll"
        path.write_text(text)
        data = build(predict_path=path)
        assert data.sentences("predict") == [Sentence(("Ann", "left"), None, data.language)]

    def test_predicting_a_file_keeps_no_corpus_in_memory(self, tmp_path: Path) -> None:
        path = tmp_path / "raw.conll"
        path.write_text("Ann\tB-PER\nleft\tO\n")
        data = mine(predict_path=path)
        assert data.entity_types == mine().entity_types
        data.setup("predict")
        assert list(data.predict_dataloader()) == [[Sentence(("Ann", "left"))]]
        data.predict_split = "train"
        assert not data._raw

    def test_an_unknown_type_in_a_file_to_generate_from_is_named_with_its_line(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "raw.conll"
        path.write_text("Ann\tB-PER\n\nleft\tO\nMay\tB-DAY\n")
        data = mine(predict_path=path)
        data.predict_split = "train"
        with pytest.raises(ValueError, match=r"raw\.conll, line 4: 'May' has the tag 'B-DAY', but"):
            data.sentences("predict")

    @pytest.mark.parametrize("name", ["test.txt", "new.md", "new", "eng.testb", "new.tsv"])
    def test_tags_are_never_read_as_words_whatever_the_file_name(
        self, tmp_path: Path, name: str
    ) -> None:
        path = tmp_path / name
        path.write_text("Ann B-PER\nleft O\n\nLee B-PER\ntoo O\n")
        sentences = mine(predict_path=path).sentences("predict")
        assert sentences == [Sentence(("Ann", "left")), Sentence(("Lee", "too"))]

    @pytest.mark.parametrize("name", ["new.md", "new", "new.text", "new.TXT"])
    def test_raw_text_is_recognised_whatever_the_file_name(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / name
        path.write_text("Ann left\xa0.\nLee\u3000too\n", encoding="utf-8")
        sentences = mine(predict_path=path).sentences("predict")
        assert sentences == [Sentence(("Ann", "left", ".")), Sentence(("Lee", "too"))]

    def test_raw_text_is_read_in_the_given_encoding(self, tmp_path: Path) -> None:
        path = tmp_path / "new.txt"
        path.write_bytes("Zoé rit\n".encode("latin-1"))
        data = mine(predict_path=path, encoding="latin-1")
        assert data.sentences("predict") == [Sentence(("Zoé", "rit"))]
        with pytest.raises(ValueError, match=r"There is no encoding 'x'"):
            mine(predict_path=path, encoding="x").sentences("predict")

    def test_single_words_per_line_are_conll_unless_the_name_ends_with_txt(
        self, tmp_path: Path
    ) -> None:
        text = "Ann\nleft\n\nLee\ntoo\n"
        (tmp_path / "new").write_text(text)
        (tmp_path / "new.txt").write_text(text)
        assert len(mine(predict_path=tmp_path / "new").sentences("predict")) == 2
        with pytest.warns(UserWarning, match=r"new\.txt has one word per line and blank"):
            assert len(mine(predict_path=tmp_path / "new.txt").sentences("predict")) == 4

    def test_json_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "new.jsonl").write_text('{"text": "Ann left"}\n')
        with pytest.raises(ValueError, match=r"new\.jsonl is JSON, neither raw text nor CoNLL"):
            mine(predict_path=tmp_path / "new.jsonl").setup("predict")

    def test_a_pipe_can_be_predicted_on_one_device_only(self) -> None:
        reading, writing = os.pipe()
        os.write(writing, b"Ann left\nLee too\n")
        os.close(writing)
        data = mine(predict_path=f"/dev/fd/{reading}")
        data.trainer = SimpleNamespace(world_size=2, global_rank=0)  # type: ignore[assignment]
        with pytest.raises(ValueError, match=r"is a pipe, which only one .* there are 2 dev"):
            data.setup("predict")
        data.trainer = None
        data.setup("predict")
        assert [len(batch) for batch in data.predict_dataloader()] == [2]
        assert data.sentences("predict")[1].words == ("Lee", "too")
        os.close(reading)

    def test_the_test_data_are_predicted_by_default(self) -> None:
        assert mine().sentences("predict") == mine().sentences("test")

    def test_a_missing_file_is_named(self) -> None:
        with pytest.raises(FileNotFoundError, match=r"'none\.txt' does not exist"):
            mine(predict_path="none.txt").setup("predict")


class TestOwnFiles:
    def test_the_corpus_is_named_after_its_file_or_folder(self) -> None:
        assert ConllDataModule("news.conll").name == "news"
        assert ConllDataModule("corpora/news/train.conll").name == "news"
        assert ConllDataModule("corpora/news/train.conll", name="other").name == "other"
        assert ConllDataModule(test_path="corpora/news/test.conll").name == "news"

    def test_the_test_set_is_named_after_the_language(self) -> None:
        assert mine(language="en").test_names == ["en"]
        assert mine().test_names == ["test"]

    def test_columns_scheme_comments_and_encoding_can_be_given(self, tmp_path: Path) -> None:
        path = tmp_path / "a.conll"
        path.write_bytes("#note\n1 Jürgen S-PER x\n2 ging O x\n".encode("latin-1"))
        data = ConllDataModule(
            test_path=path,
            language="de",
            word_column=1,
            tag_column=2,
            comments=True,
            scheme="iobes",
            encoding="latin-1",
        )
        expected = Sentence(("Jürgen", "ging"), ("B-PER", "O"), "de")
        assert data.sentences("test") == [expected]
        data.predict_path = path
        assert data.sentences("predict") == [expected.with_tags(None)]

    def test_a_corpus_without_files_is_refused(self) -> None:
        with pytest.raises(ValueError, match="neither a `train_path` nor a `test_path`"):
            ConllDataModule()

    def test_a_missing_file_is_named(self) -> None:
        with pytest.raises(FileNotFoundError, match=r"none\.conll' does not exist"):
            _ = ConllDataModule(MINE / "none.conll").entity_types

    def test_an_unknown_option_is_refused(self) -> None:
        with pytest.raises(TypeError, match="batchsize"):
            ConllDataModule("a.conll", batchsize=3)

    def test_sentences_written_to_a_file_can_be_read_as_a_corpus(self, tmp_path: Path) -> None:
        write_conll(tmp_path / "all.conll", mine().sentences("train"))
        again = ConllDataModule(tmp_path / "all.conll", dev_path=MINE / "dev.conll")
        assert again.sentences("train") == mine().sentences("train")
        assert again.sentences("train") == read_conll(MINE / "train.conll")
