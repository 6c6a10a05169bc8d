from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lowner_pl.datamodules import TextDataModule
from lowner_pl.datamodules import text as text_module
from lowner_pl.datamodules.language_sampler import LanguageSampler


def write(folder: Path, **texts: list[str]) -> str:
    for language, lines in texts.items():
        (folder / f"{language}.txt").write_text("\n".join(lines), encoding="utf-8")
    return str(folder)


def corpus(folder: Path, *, cache: Path, **options: Any) -> TextDataModule:
    data = TextDataModule(paths=str(folder), cache_folder=str(cache), **options)
    data.setup("fit")
    return data


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    write(
        tmp_path,
        sw=[f"mstari wa {number}" for number in range(90)],
        yo=[f"ila {number}" for number in range(30)],
    )
    return tmp_path


def epoch(data: TextDataModule, number: int) -> list[str]:
    loader = data.train_dataloader()
    assert isinstance(loader.sampler, LanguageSampler)
    loader.sampler.set_epoch(number)
    return [" ".join(line.words) for batch in loader for line in batch]


def test_seed_and_number_decide_the_lines_of_an_epoch(texts: Path, cache: Path) -> None:
    data = corpus(texts, cache=cache, seed=1, epoch_lines=40)
    again = corpus(texts, cache=cache, seed=1, epoch_lines=40)
    assert epoch(data, 2) == epoch(again, 2)
    assert epoch(data, 2) != epoch(data, 3)
    assert epoch(data, 2) != epoch(corpus(texts, cache=cache, seed=2, epoch_lines=40), 2)
    assert len(epoch(data, 2)) == 40


def test_no_epoch_has_held_out_lines(texts: Path, cache: Path) -> None:
    data = corpus(texts, cache=cache, dev_lines=5)
    held = {" ".join(line.words) for line in data.sentences("dev")}
    assert len(held) == 5 + 3  # a tenth of its 30 lines
    assert not held & {line for number in range(9) for line in epoch(data, number)}
    assert [line.language for line in data.sentences("dev")] == ["sw"] * 5 + ["yo"] * 3
    assert [len(loader.dataset) for loader in data.val_dataloader()] == [1, 1]  # type: ignore[arg-type]


@pytest.mark.parametrize(("exponent", "counts"), [(0.0, (57, 57)), (1.0, (87, 27))])
def test_an_epoch_mixes_languages_by_the_exponent(
    texts: Path, cache: Path, exponent: float, counts: tuple[int, int]
) -> None:
    # 90 and 30 lines, 3 of each held out, are 87 and 27 of 114.
    data = corpus(texts, cache=cache, exponent=exponent, dev_lines=3)
    words = Counter(line.split()[0] for line in epoch(data, 0))
    assert (words["mstari"], words["ila"]) == counts
    sampled = Counter(line.words[0] for line in data.sample(114))
    assert (sampled["mstari"], sampled["ila"]) == counts


def test_dev_seed_chooses_the_held_out_lines(texts: Path, cache: Path) -> None:
    choices = [
        [line.words for line in corpus(texts, cache=cache, dev_seed=seed).sentences("dev")]
        for seed in (0, 0, 1)
    ]
    assert choices[0] == choices[1] != choices[2]


def test_a_sample_has_no_held_out_lines(texts: Path, cache: Path) -> None:
    data = corpus(texts, cache=cache)
    held = {line.words for line in data.sentences("dev")}
    sampled = {line.words for line in data.sample(500)}
    assert not held & sampled
    assert len(held | sampled) == 120


def test_the_training_lines_of_each_language_are_all_but_the_held_out_ones(
    texts: Path, cache: Path
) -> None:
    data = corpus(texts, cache=cache)
    sets = data.train_sets()
    assert {name: len(lines) for name, lines in sets.items()} == {"sw": 81, "yo": 27}
    for number, (language, lines) in enumerate(sets.items()):
        found = [lines[row] for row in range(len(lines))]
        assert {line.language for line in found} == {language}
        assert not {line.words for line in found} & {
            line.words for line in data.test_sets()[number]
        }


def test_the_run_seed_decides_the_order_by_default(
    texts: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = []
    for seed in ("1", "1", "2"):
        monkeypatch.setenv("PL_GLOBAL_SEED", seed)
        orders.append(epoch(corpus(texts, cache=cache), 0))
    assert orders[0] == orders[1] != orders[2]


def test_the_description_tells_other_training_lines_apart(texts: Path, cache: Path) -> None:
    first = corpus(texts, cache=cache).description()
    assert first == corpus(texts, cache=cache, batch_size=2).description()
    assert first["train_sentences"] == 90 - 9 + 30 - 3  # a tenth is held out
    lines = (texts / "yo.txt").read_text().splitlines()
    write(texts, yo=[*lines[:-1], "ila mpya"])
    other = corpus(texts, cache=cache).description()
    write(texts, yo=lines[::-1])
    turned = corpus(texts, cache=cache).description()
    hashes = {one["train_sha256"] for one in (first, other, turned)}
    assert len(hashes) == 3  # the order counts, for it decides what an epoch has


def test_only_one_copy_of_a_held_out_line_is_scored(tmp_path: Path, cache: Path) -> None:
    write(tmp_path, sw=[f"mstari {number % 40}" for number in range(120)])
    held = [line.words for line in corpus(tmp_path, cache=cache, dev_lines=4).sentences("dev")]
    assert len(held) == len(set(held)) == 4


def test_lines_that_differ_only_in_white_space_or_normalisation_are_copies(
    tmp_path: Path, cache: Path
) -> None:
    # More blanks, a no-break space, a letter in another Unicode normalisation form.
    lines = [f"é {number}" for number in range(40)]
    other = [line.replace(" ", blank) for blank in ("   ", "\u00a0") for line in lines]
    write(tmp_path, sw=[*lines, *other, *(line.replace("é", "e\u0301") for line in lines)])
    data = corpus(tmp_path, cache=cache, dev_lines=4)
    held = {line.words[1] for line in data.sentences("dev")}
    assert len(held) == len(data.sentences("dev")) == 4
    assert held.isdisjoint(line.split()[1] for line in epoch(data, 0))
    assert len(epoch(data, 0)) == 4 * 36


def test_a_held_out_line_is_not_trained_on_in_any_language(tmp_path: Path, cache: Path) -> None:
    same = [f"mstari {number}" for number in range(40)]
    write(tmp_path, sw=same, zz=[*same, *(f"ila {number}" for number in range(40))])
    data = corpus(tmp_path, cache=cache, dev_lines=4)
    held = {line.words for line in data.sentences("dev")}
    assert [line.language for line in data.sentences("dev")] == ["sw"] * 4 + ["zz"] * 4
    train = data._lines["train"]
    assert held.isdisjoint(train[index].words for index in range(len(train)))


def test_a_language_without_training_lines_is_refused(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, sw=[f"mstari {number}" for number in range(100)])
    first = np.arange(100) < 90  # the choice for the larger language
    choices = iter([first, ~first[90:]])
    monkeypatch.setattr(text_module, "held_out", lambda *_: next(choices))
    write(tmp_path, zz=[f"mstari {number}" for number in range(10)])
    refused(r"zz\.txt: No line is left to train on", tmp_path, cache)


def test_the_table_is_memory_mapped_and_replaced_when_the_file_changes(
    texts: Path, cache: Path
) -> None:
    data = corpus(texts, cache=cache)
    tables = sorted(cache.glob("*.arrow"))
    assert [table.name[:2] for table in tables] == ["sw", "yo"]
    assert data._lines["train"]._tables[0][1].cache_files
    (texts / "sw.txt").write_text("\n".join(f"mpya {number}" for number in range(50)))
    words = {line.split()[0] for line in epoch(corpus(texts, cache=cache), 0)}
    assert words == {"mpya", "ila"}


def test_blank_lines_and_byte_order_marks_are_left_out(tmp_path: Path, cache: Path) -> None:
    lines = ["\ufeffmoja mbili", "", "  ", *(f"tatu\t{number}  " for number in range(20))]
    write(tmp_path, sw=lines)
    found = sorted(epoch(corpus(tmp_path, cache=cache, dev_lines=1, exponent=1.0), 0))
    assert set(found) <= {"moja mbili", *(f"tatu {number}" for number in range(20))}
    assert len(found) == 20


def test_the_chosen_languages_name_the_run(texts: Path, cache: Path) -> None:
    one = corpus(texts, cache=cache, languages=["yo"])
    assert (one.name, one.language) == ("text-yo", "yo")
    both = corpus(texts, cache=cache)
    assert (both.name, both.language, both.entity_types) == ("text-sw+yo", None, ())


def test_other_languages_give_other_names(tmp_path: Path) -> None:
    write(tmp_path, **{language: ["moja"] for language in "abcdef"})

    def name(languages: str) -> str:
        return TextDataModule(paths=str(tmp_path), languages=[*languages]).name

    assert name("dcba") == "text-a+b+c+d"
    assert name("abcde").startswith("text-5-")
    assert len({name("abcde"), name("abcdf"), name("bcdef")}) == 3
    assert name("abcde") == name("edcba")


def test_a_cache_that_cannot_be_written_is_refused(texts: Path) -> None:
    (texts / "file").touch()
    with pytest.raises(OSError, match=r"can't be written to '.*file/in' .*`cache_folder`"):
        corpus(texts, cache=texts / "file" / "in")


def refused(message: str, folder: Path, cache: Path, **options: Any) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        corpus(folder, cache=cache, **options)
    assert not list(cache.glob("*.partial"))


def test_an_empty_folder_is_refused(tmp_path: Path, cache: Path) -> None:
    refused("There are no text files in '.*'. Put", tmp_path, cache)


def test_a_missing_path_is_refused(tmp_path: Path, cache: Path) -> None:
    refused("'.*/none' is neither a file nor a folder", tmp_path / "none", cache)


def test_an_empty_file_is_refused(tmp_path: Path, cache: Path) -> None:
    write(tmp_path, sw=["", "  "])
    refused(r"sw\.txt: There are 0 different lines", tmp_path, cache)
    (tmp_path / "sw.txt").write_bytes(b"old Mac\rends\rits lines\rthus")
    refused(r"There is 1 different line, .* one sentence on each line", tmp_path, cache)


def test_bytes_that_are_not_utf_8_are_refused(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "sw.txt").write_bytes(b"sawa\nsi sawa: " + b"\xff\xfe\n")
    refused(r"sw\.txt, line 2: The byte 0xff isn't valid UTF-8", tmp_path, cache)


def test_three_distinct_lines_are_too_few(tmp_path: Path, cache: Path) -> None:
    write(tmp_path, sw=["moja", "mbili", "tatu"] * 9)
    refused("There are 3 different lines, but at least 10 are needed", tmp_path, cache)


def test_a_line_of_a_million_characters_is_refused(tmp_path: Path, cache: Path) -> None:
    write(tmp_path, sw=["sawa", "a" * 1_000_000])
    refused(
        r"sw\.txt, line 2: The line has 1,000,000 characters, but at most 10,000", tmp_path, cache
    )


def test_a_language_without_a_file_is_refused(texts: Path, cache: Path) -> None:
    refused(
        "no text file for ha. The languages there are sw, yo", texts, cache, languages=["sw", "ha"]
    )


def test_two_files_of_one_language_are_refused(texts: Path, cache: Path) -> None:
    more = texts / "more"
    more.mkdir()
    write(more, sw=["moja"])
    with pytest.raises(ValueError, match="There are several text files for sw"):
        TextDataModule(paths=[str(texts), str(more)], cache_folder=str(cache))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("exponent", 1.5),
        ("dev_lines", 0),
        ("epoch_lines", 0),
        ("batch_size", 0),
        ("most_characters", -5),
        ("dev_seed", -1),
    ],
)
def test_options_out_of_range_are_refused(
    texts: Path, cache: Path, option: str, value: float
) -> None:
    refused(f"`{option}` is {value}, but it must be ", texts, cache, **{option: value})
