from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import pytest
import torch
from torch import Tensor

from lowner_pl.nn.retrieval.vector_cache import VectorCache, key_of


def test_of_several_that_want_the_same_one_makes_it(tmp_path: Path) -> None:
    made: list[int] = []

    def want(number: int) -> Tensor:
        def make() -> Tensor:
            sleep(0.2)
            made.append(number)
            return torch.full((3, 2), float(number))

        return VectorCache(tmp_path).get("key", 3, make)

    with ThreadPoolExecutor(4) as pool:
        vectors = list(pool.map(want, range(4)))
    assert len(made) == 1
    assert all(torch.equal(each, torch.full((3, 2), float(made[0]))) for each in vectors)


def test_what_could_not_be_made_leaves_no_file_and_is_tried_again(tmp_path: Path) -> None:
    def fail() -> Tensor:
        raise FileNotFoundError("the backbone")

    with pytest.raises(FileNotFoundError, match=r"^the backbone$"):
        VectorCache(tmp_path).get("key", 1, fail)
    assert not list(tmp_path.glob("*.npz"))
    assert VectorCache(tmp_path).get("key", 1, lambda: torch.ones(1, 1)).item() == 1.0


def test_a_file_appears_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numpy.savez", full)
    with pytest.raises(OSError, match=r"`vector_cache` must be .* \(No space left on device\)"):
        VectorCache(tmp_path).get("key", 1, lambda: torch.ones(1, 1))
    assert [file.suffix for file in tmp_path.iterdir()] == [".lock"]


def test_keys_tell_their_parts_apart() -> None:
    parts: list[tuple[object, ...]] = [
        (("a", "b"),),
        (("a b",),),
        (("a",), ("b",)),
        ("a", "b"),
        (("\udcff", "b"),),
    ]
    assert len({key_of(*part) for part in parts}) == len(parts)
    assert key_of(("a", "b")) == key_of(("a", "b"))
