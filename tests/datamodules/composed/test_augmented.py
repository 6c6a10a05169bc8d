import logging
from pathlib import Path
from typing import Any

import pytest
from jsonargparse import ArgumentParser

from lowner_pl.augmentation import (
    EntitySimilarityCodeMixing,
    LabelWiseSubstitution,
    RandomCodeMixing,
    VecFiles,
)
from lowner_pl.corpus import Sentence, write_conll
from lowner_pl.datamodules import (
    AugmentedDataModule,
    ConllDataModule,
    CrossLingualDataModule,
    MultilingualDataModule,
    NERDataModule,
)
from tests.datamodules.corpus_folders import english, german, mine, msra

NEW = [
    Sentence(("Zed", "sings"), ("B-PER", "O")),
    Sentence(("Zed", "sang", "in", "Oz"), ("B-PER", "O", "O", "B-LOC")),
]


def write(folder: Path, sentences: list[Sentence], name: str = "more") -> str:
    write_conll(folder / f"{name}.conll", sentences)
    return str(folder / f"{name}.conll")


def added(data: AugmentedDataModule) -> list[Sentence]:
    return data.sentences("train")[len(data.source.sentences("train")) :]


def test_sentences_of_files_and_augmenters_follow_the_gold_sentences(tmp_path: Path) -> None:
    labelwise = LabelWiseSubstitution(rounds=2)
    data = AugmentedDataModule(
        mine(train_size=10), files=[write(tmp_path, NEW)], augmenters=[labelwise]
    )
    gold = mine(train_size=10).sentences("train")
    held_out = {s.words for split in ("dev", "test") for s in mine().sentences(split)}
    made = [s for s in labelwise.augment(gold, seed=0) if s.words not in held_out]
    assert made
    assert data.sentences("train") == [*gold, *NEW, *made]
    assert data.name == "mine+more+labelwise"


def test_development_data_test_data_and_names_are_those_of_the_source(tmp_path: Path) -> None:
    source = MultilingualDataModule([german(train_size=4), english()])
    data = AugmentedDataModule(source, files=[write(tmp_path, NEW)])
    assert data.sentences("dev") == source.sentences("dev")
    assert data.test_sets() == source.test_sets()
    assert data.test_names == ["de", "en"]
    assert data.entity_types == source.entity_types
    assert data.language is None


def test_only_augmentation_seed_changes_the_added_sentences(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def build(**options: Any) -> AugmentedDataModule:
        return AugmentedDataModule(mine(), augmenters=[LabelWiseSubstitution()], **options)

    plain = added(build())
    monkeypatch.setenv("PL_GLOBAL_SEED", "7")
    assert added(build()) == added(build(subset_seed=5, seed=3)) == plain
    assert added(build(augmentation_seed=1)) != plain


def test_each_new_sentence_is_added_once(tmp_path: Path) -> None:
    files = [write(tmp_path, NEW), write(tmp_path, [NEW[1], *mine().sentences("train")], "again")]
    files.append(write(tmp_path, [NEW[0].with_tags(["O", "O"]), Sentence(("x",), ("O",))], "odd"))
    data = AugmentedDataModule(mine(), files=files[:1] + files[2:])
    assert added(data) == [*NEW, Sentence(("x",), ("O",))]
    assert data.reports["odd"].as_dict() == {
        "sentences_in": 2,
        "candidates": 2,
        "sentences_out": 1,
        "dropped": {"duplicate": 1},
    }
    with pytest.raises(ValueError, match=r"again\.conll adds no new sentence .*: 0 of 31 new"):
        AugmentedDataModule(mine(), files=files[:2]).sentences("train")


def test_development_and_test_sentences_are_not_added(tmp_path: Path) -> None:
    held_out = [mine().sentences("dev")[0], mine().sentences("test")[0]]
    data = AugmentedDataModule(mine(), files=[write(tmp_path, [*NEW, *held_out])])
    assert added(data) == NEW
    assert data.reports["more"].dropped == {"held_out": 2}


def test_the_number_of_added_sentences_is_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = AugmentedDataModule(mine(), files=[write(tmp_path, NEW)])
    with caplog.at_level(logging.INFO):
        data.setup("fit")
    (record,) = caplog.records
    assert record.getMessage() == f"mine and {tmp_path}/more.conll: 2 of 2 new."


def test_a_type_that_the_source_lacks_is_refused_naming_the_line(tmp_path: Path) -> None:
    odd = Sentence(("the", "Oscar"), ("O", "B-PRIZE"))
    file = write(tmp_path, [*NEW, odd])
    with pytest.raises(
        ValueError, match=r"more\.conll, line 10: 'Oscar' has the tag 'B-PRIZE', .* PER, "
    ):
        AugmentedDataModule(mine(), files=[file]).setup("fit")
    dropped = AugmentedDataModule(mine(), files=[file], type_map={"PRIZE": None})
    assert added(dropped)[2].tags == ("O", "O")


def test_types_renamed_by_the_source_have_their_new_names() -> None:
    source = english(type_map={"PER": "PERSON", "MISC": None})
    data = AugmentedDataModule(source, augmenters=[LabelWiseSubstitution()])
    assert data.entity_types == ("ORG", "LOC", "PERSON")
    assert {e.type for s in added(data) for e in s.entities} <= {*data.entity_types}


def test_unions_and_transfers_can_be_augmented() -> None:
    mixed = AugmentedDataModule(
        MultilingualDataModule([german(), english()]), augmenters=[RandomCodeMixing()]
    )
    assert {s.language for s in added(mixed)} == {"de", "en"}
    transfer = AugmentedDataModule(
        CrossLingualDataModule(english(), [german(), msra()]), augmenters=[LabelWiseSubstitution()]
    )
    assert transfer.test_names == ["de", "zh"]
    assert {s.language for s in added(transfer)} == {"en"}
    assert "MISC" not in {e.type for s in added(transfer) for e in s.entities}


def test_augmented_data_can_be_augmented(tmp_path: Path) -> None:
    inner = AugmentedDataModule(mine(), files=[write(tmp_path, NEW)])
    outer = AugmentedDataModule(inner, augmenters=[LabelWiseSubstitution(probability=1.0)])
    assert any("Zed" in sentence.words for sentence in added(outer))
    assert outer.name == "mine+more+labelwise"


def test_the_name_is_built_from_the_files_or_given(tmp_path: Path) -> None:
    file = write(tmp_path, NEW, "melm v1.2 (k=5)")
    assert AugmentedDataModule(mine(), files=[file]).name == "mine+melm-v1-2-k-5-"
    assert AugmentedDataModule(mine(), files=[file], name="row").name == "row"


def test_files_to_predict_are_read_in_the_format_of_the_source(tmp_path: Path) -> None:
    path = tmp_path / "raw.conll"
    path.write_text("1 Ann x\n2 left x\n")
    source = ConllDataModule(mine()._paths["train"], language="en", word_column=1)
    data = AugmentedDataModule(source, files=[write(tmp_path, NEW)], predict_path=path)
    assert data.sentences("predict") == [Sentence(("Ann", "left"), None, "en")]


@pytest.mark.parametrize(
    ("files", "augmenters", "message"),
    [
        ([], [], "`files` and `augmenters` are empty"),
        ([], [LabelWiseSubstitution(), LabelWiseSubstitution()], "the name labelwise more than"),
        (["a/x.conll", "b/x.conll"], [], "the name x more than once"),
    ],
)
def test_adding_nothing_or_the_same_name_twice_is_refused(
    files: list[str], augmenters: list[Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        AugmentedDataModule(mine(), files=files, augmenters=augmenters)


def test_an_augmenter_that_adds_nothing_is_refused() -> None:
    data = AugmentedDataModule(mine(train_size=1), augmenters=[LabelWiseSubstitution()])
    with pytest.raises(
        ValueError, match=r"LabelWiseSubstitution adds no new sentence .*: 0 of 3 new \(.*3\)"
    ):
        data.setup("fit")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"'none\.conll' does not exist"):
        AugmentedDataModule(mine(), files=["none.conll"]).setup("fit")


def test_augmenters_nest_in_yaml() -> None:
    vectors = {"class_path": "VecFiles", "init_args": {"files": {"en": "en.vec", "de": "de.vec"}}}
    mixing = {"class_path": "EntitySimilarityCodeMixing", "init_args": {"vectors": vectors}}
    labelwise = {"class_path": "LabelWiseSubstitution", "init_args": {"rounds": 2}}
    source = {"class_path": "SampleDataModule", "init_args": {"train_size": 9}}
    config = {
        "class_path": "AugmentedDataModule",
        "init_args": {"source": source, "augmenters": [labelwise, mixing]},
    }
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(NERDataModule, "data", required=True)
    parsed = parser.parse_object({"data": config})
    data = parser.instantiate(parser.parse_string(parser.dump(parsed))).data
    assert isinstance(data, AugmentedDataModule)
    first, second = data.augmenters
    assert isinstance(first, LabelWiseSubstitution)
    assert first.rounds == 2
    assert isinstance(second, EntitySimilarityCodeMixing)
    assert isinstance(second.vectors, VecFiles)
    assert second.vectors.files == {"en": "en.vec", "de": "de.vec"}
    assert data.source.train_size == 9
