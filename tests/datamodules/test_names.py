from pathlib import Path
from typing import Any

import pytest

from lowner_pl.augmentation import LabelWiseSubstitution
from lowner_pl.datamodules import AugmentedDataModule, ConllDataModule, WikiANNDataModule
from tests.datamodules.corpus_folders import mine


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"name": "mine"}, "mine"),
        ({"name": "mine", "language": "sw"}, "mine-sw"),
        ({"language": "sw"}, "news-sw"),
        ({"name": "mine-sw", "language": "sw"}, "mine-sw"),
        ({"name": "mine_sw", "language": "sw"}, "mine_sw"),
        ({"name": "mine-zh-Hant", "language": "zh-Hant"}, "mine-zh-Hant"),
        ({"name": "sw", "language": "sw"}, "sw"),
        ({"name": "claws", "language": "ws"}, "claws-ws"),
        ({"name": "sw-mine", "language": "sw"}, "sw-mine-sw"),
    ],
)
def test_the_name_ends_with_the_language(options: dict[str, Any], name: str) -> None:
    assert ConllDataModule("news.conll", **options).name == name


def test_an_augmented_corpus_is_named_with_the_language_of_its_source() -> None:
    source, added = mine(language="sw"), LabelWiseSubstitution()
    more = AugmentedDataModule(source, augmenters=[added], name="more")
    assert more.name == "more-sw"
    assert AugmentedDataModule(source, augmenters=[added]).name == "mine-sw+labelwise"


@pytest.mark.parametrize("option", ["name", "language"])
@pytest.mark.parametrize(
    "value",
    ["a/b", "..", "../x", "/x", "a\\b", ".x", "", " ", "a\nb", "a\x1b[0m", "a\0b", "a\u2028b"],
)
def test_names_with_path_separators_or_control_characters_are_refused(
    option: str, value: str
) -> None:
    made: dict[str, Any] = {option: value}
    with pytest.raises(ValueError, match=rf"^`{option}` becomes part of a folder's name and can't"):
        ConllDataModule("news.conll", **made)


@pytest.mark.parametrize("language", ["../other", "a/b", ""])
def test_a_published_corpus_refuses_such_languages_too(language: str) -> None:
    with pytest.raises(ValueError, match=r"^`language` becomes part of a folder's name and can't"):
        WikiANNDataModule(language=language)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (".data/train.conll", "data"),
        ("a\nb.conll", "a_b"),
        ("a\\b.conll", "a_b"),
        ("/train.conll", "corpus"),
        ("x" * 200 + ".conll", "x" * 80),
    ],
)
def test_characters_that_folder_names_cannot_have_are_replaced_or_removed(
    path: str, name: str
) -> None:
    assert ConllDataModule(Path(path)).name == name
