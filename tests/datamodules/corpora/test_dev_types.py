"""Development data that are annotated with some of the entity types only."""

from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Trainer

from lowner_pl.corpus import Entity, Sentence, write_conll
from lowner_pl.datamodules import (
    AugmentedDataModule,
    ConllDataModule,
    CrossLingualDataModule,
    EpisodicDataModule,
    MultilingualDataModule,
    NERDataModule,
)
from lowner_pl.modules import SNERLightningModule

TRAIN = [
    Sentence(("Anna", "left", "Monday"), ("B-PER", "O", "B-DATE")),
    Sentence(("Nairobi", "grew"), ("B-LOC", "O")),
]
DEV = [
    Sentence(("Berta", "came", "Friday"), ("B-PER", "O", "O")),
    Sentence(("Mombasa", "grew"), ("B-LOC", "O")),
]
FOUND = {"Berta": ("B-PER", "O", "B-DATE"), "Mombasa": ("B-DATE", "O")}
MORE = [Sentence(("Juma", "ran", "Sunday"), ("B-PER", "O", "B-DATE"))]


class Fixed(SNERLightningModule):
    """A tagger that finds a date that nobody has marked, and takes a place for a date."""

    def tag(self, sentences: list[Sentence]) -> Any:
        _, batch, emissions = super().tag(sentences)
        types = {"PER": self.entity_types[0], "DATE": self.entity_types[-1]}
        tags = [
            tuple(t if t == "O" else f"B-{types[t[2:]]}" for t in FOUND[sentence.words[0]])
            for sentence in sentences
        ]
        return tags, batch, emissions


def corpus(folder: Path, dev_types: list[str] | None, **options: Any) -> ConllDataModule:
    """Write the corpus, and read it."""
    files = {"train_path": TRAIN, "dev_path": DEV, "test_path": DEV}
    for name, sentences in files.items():
        write_conll(folder / f"{name}.conll", sentences)
    paths: dict[str, Any] = {name: folder / f"{name}.conll" for name in files}
    return ConllDataModule(**{**paths, "name": "mine", **options}, dev_types=dev_types)


def scores(data: NERDataModule, tiny: str) -> Any:
    """Train an epoch; return dev F1, the entities found, and those that calibration looks at."""
    module = Fixed(entity_types=data.entity_types, backbone=tiny)
    names = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")
    options: dict[str, Any] = dict.fromkeys(names, False)
    trainer = Trainer(accelerator="cpu", max_epochs=1, log_every_n_steps=1, **options)
    trainer.fit(module, data)
    found = trainer.callback_metrics
    paths = module.dev_paths.sentences()
    assert sum(len(path.entities) for path in paths) == found["dev/predicted_entities"]
    wrong = [e for path in paths for e in path.entities if e.type == data.entity_types[-1]]
    assert Entity(0, 1, data.entity_types[-1]) in wrong
    return float(found["dev/f1"]), int(found["dev/predicted_entities"]), len(wrong)


def test_types_that_are_not_annotated_do_not_count_as_wrong(
    tmp_path: Path, tiny: str, caplog: pytest.LogCaptureFixture
) -> None:
    # Right: 1. Gold: 2. Found: 3, of which one is not marked: F1 = 2 · 1 / (2 + 3).
    assert scores(corpus(tmp_path, None), tiny) == (pytest.approx(0.4), 3, 2)
    assert "Dev scores of" not in caplog.text
    # Without it, F1 = 2 · 1 / (2 + 2). The date on a place is still wrong.
    assert scores(corpus(tmp_path, ["PER", "LOC"]), tiny) == (pytest.approx(0.5), 2, 1)
    assert "Dev scores of mine are for PER, LOC (`dev_types`)." in caplog.text


def wrapped(source: ConllDataModule, more: Path) -> dict[str, NERDataModule]:
    """Make data modules of the corpus; some rename a type."""
    renamed: dict[str, Any] = {"type_map": {"PER": "PERSON"}}
    files = [str(more)]
    return {
        "augmented": AugmentedDataModule(source, files=files),
        "augmented and renamed": AugmentedDataModule(source, files=files, **renamed),
        "cross-lingual": CrossLingualDataModule(source, [source]),
        "cross-lingual and renamed": CrossLingualDataModule(source, [source], **renamed),
        "multilingual": MultilingualDataModule([source]),
        "multilingual and renamed": MultilingualDataModule([source], **renamed),
    }


@pytest.mark.parametrize("kind", wrapped(ConllDataModule("a.conll"), Path("b.conll")))
def test_data_that_are_made_of_it_have_its_dev_types(kind: str, tmp_path: Path, tiny: str) -> None:
    write_conll(tmp_path / "more.conll", MORE)
    data = wrapped(corpus(tmp_path, ["PER", "LOC"]), tmp_path / "more.conll")[kind]
    person = "PERSON" if "renamed" in kind else "PER"
    assert data.dev_types == (person, "LOC")
    assert set(data.entity_types) == {person, "LOC", "DATE"}
    if "renamed" not in kind:  # the order of types decides what the tagger finds
        assert scores(data, tiny) == (pytest.approx(0.5), 2, 1)


def test_episodes_and_types_that_a_target_lacks(tmp_path: Path) -> None:
    source = corpus(tmp_path, ["PER", "LOC", "DATE"])
    target = ConllDataModule(test_path=source._paths["dev"], name="target")
    data = EpisodicDataModule(source, targets=[target], vector_cache=None)
    assert (data.entity_types, data.dev_types) == (("PER", "LOC"), ("PER", "LOC"))


@pytest.mark.parametrize(
    ("dev_types", "message"),
    [
        (["PRE"], "`dev_types` lists 'PRE', but mine has the entity types PER, LOC, DATE"),
        (
            ["LOC", "DATE"],
            r"another type than `dev_types` lists \(LOC, DATE\): PER, first in .*line 1\. Add it",
        ),
        ([], r"another type than `dev_types` lists \(none\): PER, first in"),
    ],
)
def test_dev_types_that_do_not_fit_are_errors(
    dev_types: list[str], message: str, tmp_path: Path
) -> None:
    data = corpus(tmp_path, dev_types)
    with pytest.raises(ValueError, match=message):
        data.setup("fit")


def test_dev_types_are_those_after_renaming_also_if_only_dev_data_have_them(
    tmp_path: Path,
) -> None:
    data = corpus(tmp_path, ["NAME", "LOC"], type_map={"PER": "NAME", "DATE": None})
    assert data.sentences("dev")[0].tags == ("B-NAME", "O", "O")
    write_conll(tmp_path / "people.conll", TRAIN[:1])
    data = corpus(tmp_path, ["PER", "LOC"], train_path=tmp_path / "people.conll")
    assert data.sentences("dev") == DEV


def test_dev_sentences_from_the_training_data_have_all_types(tmp_path: Path) -> None:
    data = corpus(tmp_path, ["PER"], dev_path=None)
    with pytest.raises(ValueError, match="describes the development data of mine, but there are"):
        data.setup("fit")


def test_the_checkpoint_says_which_types_its_dev_scores_are_for(tmp_path: Path) -> None:
    data = corpus(tmp_path, ["NAME", "LOC"], type_map={"PER": "NAME"})
    assert data.description()["dev_types"] == ["NAME", "LOC"]
    assert "dev_types" not in corpus(tmp_path, None).description()


def test_no_types_are_refused(tmp_path: Path) -> None:
    write_conll(tmp_path / "none.conll", [Sentence(("It", "grew"), ("O", "O"))])
    data = corpus(tmp_path, [], dev_path=tmp_path / "none.conll")
    with pytest.raises(ValueError, match="`dev_types` of mine lists no type"):
        data.setup("fit")


@pytest.mark.parametrize("seed", range(4))
def test_all_dev_data_are_checked_whatever_is_used_of_them(seed: int, tmp_path: Path) -> None:
    dev = [*DEV, Sentence(("Acme", "grew"), ("B-ORG", "O")), *DEV]
    write_conll(tmp_path / "more.conll", dev)
    options = {"dev_path": tmp_path / "more.conll", "dev_size": 1, "subset_seed": seed}
    good = corpus(tmp_path, ["PER", "LOC", "ORG"], **options)
    assert len(good.sentences("dev")) == 1
    assert len(CrossLingualDataModule(good, [corpus(tmp_path, None)]).sentences("dev")) == 1
    with pytest.raises(ValueError, match=r"\(PER, LOC\): ORG, first in .*more.conll, line 8"):
        corpus(tmp_path, ["PER", "LOC"], **options).setup("fit")


def test_an_unmarked_type_can_not_become_a_marked_one(tmp_path: Path) -> None:
    source = corpus(tmp_path, ["PER", "LOC"])
    data = CrossLingualDataModule(source, [source], type_map={"DATE": "LOC"})
    with pytest.raises(ValueError, match="makes LOC of DATE, but the development data are not"):
        data.setup("fit")


def test_corpora_that_are_scored_together_have_the_same_dev_types(tmp_path: Path) -> None:
    one, other = corpus(tmp_path, ["PER", "LOC"]), corpus(tmp_path, None, name="other")
    data = MultilingualDataModule([one, other])
    assert MultilingualDataModule([one, corpus(tmp_path, ["LOC", "PER"], name="b")]).dev_types
    expected = "of mine and other are scored together, but their `dev_types` differ: LOC, PER and"
    with pytest.raises(ValueError, match=f"{expected} all. Give both the same"):
        data.setup("fit")
