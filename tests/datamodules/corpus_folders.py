"""One builder per data module, using toy corpora in the published file layouts."""

import atexit
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from lowner_pl.augmentation import LabelWiseSubstitution, RandomCodeMixing
from lowner_pl.datamodules import (
    AnnotatedDataModule,
    AugmentedDataModule,
    CoNLL2002DataModule,
    CoNLL2003DataModule,
    ConllDataModule,
    CrossLingualDataModule,
    EpisodicDataModule,
    EuropeanaDataModule,
    MasakhaNERDataModule,
    MSRADataModule,
    MultilingualDataModule,
    NERDataModule,
    SampleDataModule,
    WikiANNDataModule,
)

TESTS = Path(__file__).parents[1]
DATA = TESTS / "data"
MINE = DATA / "mine"


class Builder(Protocol):
    def __call__(self, **options: Any) -> NERDataModule: ...


def english(**options: Any) -> NERDataModule:
    return CoNLL2003DataModule(DATA / "conll2003", language="en", **options)


def german(**options: Any) -> NERDataModule:
    return CoNLL2003DataModule(DATA / "conll2003", language="de", **options)


def spanish(**options: Any) -> NERDataModule:
    return CoNLL2002DataModule(DATA / "conll2002", language="es", **options)


def dutch(**options: Any) -> NERDataModule:
    return CoNLL2002DataModule(DATA / "conll2002", language="nl", **options)


def mine(**options: Any) -> ConllDataModule:
    paths = {f"{split}_path": MINE / f"{split}.conll" for split in ("train", "dev", "test")}
    return ConllDataModule(**{**paths, **options})


def mine_without_dev(**options: Any) -> NERDataModule:
    return mine(dev_path=None, **options)


def mine_of_one_type(**options: Any) -> NERDataModule:
    type_map = {"ORG": None, "LOC": None, **options.pop("type_map", {})}
    return mine(type_map=type_map, **options)


def wikiann(**options: Any) -> NERDataModule:
    return WikiANNDataModule(root=DATA / "wikiann", language="sw", **options)


def europeana(**options: Any) -> NERDataModule:
    return EuropeanaDataModule(DATA / "europeana", language="fr", **options)


def europeana_dutch(**options: Any) -> NERDataModule:
    return EuropeanaDataModule(DATA / "europeana", language="nl", **options)


def msra(**options: Any) -> NERDataModule:
    return MSRADataModule(DATA / "msra", **options)


def masakhaner(**options: Any) -> NERDataModule:
    return MasakhaNERDataModule(DATA / "masakhaner", language="sw", **options)


def masakhaner_1(**options: Any) -> NERDataModule:
    return MasakhaNERDataModule(DATA / "masakhaner", language="swa", version=1, **options)


def sample(**options: Any) -> NERDataModule:
    return SampleDataModule(language="sw", **options)


def sample_english(**options: Any) -> NERDataModule:
    return SampleDataModule(language="en", **options)


def multilingual(**options: Any) -> NERDataModule:
    return MultilingualDataModule([german(), msra(), mine(language="en")], **options)


def cross_lingual(**options: Any) -> NERDataModule:
    return CrossLingualDataModule(english(), [german(), masakhaner(), msra()], **options)


def augmented(**options: Any) -> NERDataModule:
    labelwise = LabelWiseSubstitution(probability=0.9)
    return AugmentedDataModule(mine_without_dev(), augmenters=[labelwise], **options)


def augmented_multilingual(**options: Any) -> NERDataModule:
    source = MultilingualDataModule([german(), mine(language="en")])
    return AugmentedDataModule(source, augmenters=[RandomCodeMixing()], **options)


def annotated(**options: Any) -> NERDataModule:
    return AnnotatedDataModule(mine(), file=MINE / "train.conll", **options)


@cache
def vectors() -> str:
    """Create a folder for the sentence vectors of this test process."""
    folder = TemporaryDirectory(prefix="vectors-")
    atexit.register(folder.cleanup)
    return folder.name


def episodic(**options: Any) -> EpisodicDataModule:
    targets = [german(), masakhaner(), msra()]
    return EpisodicDataModule(english(), targets, **{"vector_cache": vectors(), **options})


BUILDERS: tuple[Builder, ...] = (
    english,
    german,
    spanish,
    dutch,
    mine,
    mine_without_dev,
    mine_of_one_type,
    wikiann,
    europeana,
    europeana_dutch,
    msra,
    masakhaner,
    masakhaner_1,
    sample,
    sample_english,
    multilingual,
    cross_lingual,
    episodic,
    augmented,
    augmented_multilingual,
    annotated,
)
