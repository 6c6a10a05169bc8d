"""Development data that are annotated with some of the entity types only."""

from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Trainer

from lowner_pl.corpus import Sentence, write_conll
from lowner_pl.datamodules import (
    AugmentedDataModule,
    ConllDataModule,
    CrossLingualDataModule,
    MultilingualDataModule,
    NERDataModule,
)
from lowner_pl.modules import SNERLightningModule

TRAIN = [Sentence(("Anna", "left", "Monday"), ("B-PER", "O", "B-DATE"))]
DEV = [Sentence(("Berta", "came", "Friday"), ("B-PER", "O", "O"))]
FOUND = [("B-PER", "O", "B-DATE")]


class Fixed(SNERLightningModule):
    """A tagger that finds the date."""

    def tag_dev_batch(self, batch: list[Any]) -> list[Any]:
        self.dev_loss.update(0.0)
        assert len(batch) == 1
        return FOUND


def corpus(folder: Path, dev_types: list[str] | None, **options: Any) -> ConllDataModule:
    """Write the corpus, and read it."""
    files = {"train_path": TRAIN, "dev_path": DEV, "test_path": DEV}
    for name, sentences in files.items():
        write_conll(folder / f"{name}.conll", sentences)
    paths: dict[str, Any] = {name: folder / f"{name}.conll" for name in files}
    return ConllDataModule(**paths, dev_types=dev_types, name="mine", **options)


def scores(data: NERDataModule, tiny: str, folder: Path) -> tuple[float, float, float]:
    """Validate, and return the dev F1, and the F1 of the two types."""
    module = Fixed(entity_types=data.entity_types, backbone=tiny)
    options: dict[str, Any] = {"logger": False, "enable_progress_bar": False}
    trainer = Trainer(accelerator="cpu", default_root_dir=folder, **options)
    found = trainer.validate(module, data, verbose=False)[0]
    return found["dev/f1"], found["dev/f1/PER"], found["dev/predicted_entities"]


def test_types_that_are_not_annotated_do_not_count_as_wrong(tmp_path: Path, tiny: str) -> None:
    # One entity is right, one is not in the dev data: F1 = 2 · 1 / (1 + 2).
    found = scores(corpus(tmp_path, None), tiny, tmp_path)
    assert found == pytest.approx((2 / 3, 1, 2))
    found = scores(corpus(tmp_path, ["PER"]), tiny, tmp_path)
    assert found == pytest.approx((1, 1, 1))


def test_data_that_are_made_of_it_take_its_dev_types(tmp_path: Path, tiny: str) -> None:
    source = corpus(tmp_path, ["PER"])
    more = tmp_path / "more.conll"
    write_conll(more, [Sentence(("Juma", "ran", "Sunday"), ("B-PER", "O", "B-DATE"))])
    for data in (
        AugmentedDataModule(source, files=[str(more)]),
        CrossLingualDataModule(source, [source]),
    ):
        assert scores(data, tiny, tmp_path)[0] == 1


@pytest.mark.parametrize(
    ("dev_types", "message"),
    [
        (["PRE"], "`dev_types` lists 'PRE', but mine has the entity types PER, DATE"),
        (["DATE"], "have entities of the type PER, but `dev_types` lists DATE. Add it, or drop"),
        ([], "have entities of the type PER, but `dev_types` lists no type"),
    ],
)
def test_dev_types_that_do_not_fit_are_errors(
    dev_types: list[str], message: str, tmp_path: Path
) -> None:
    data = corpus(tmp_path, dev_types)
    assert data.sentences("train") == TRAIN
    with pytest.raises(ValueError, match=message):
        data.setup("fit")


def test_types_are_those_after_renaming(tmp_path: Path) -> None:
    data = corpus(tmp_path, ["NAME"], type_map={"PER": "NAME"})
    assert data.sentences("dev")[0].tags == ("B-NAME", "O", "O")


def test_several_corpora_can_not_have_dev_types(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`dev_types` is set for mine, but several corpora"):
        MultilingualDataModule([corpus(tmp_path, ["PER"])])
