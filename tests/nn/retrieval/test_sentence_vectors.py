"""Sentence vectors equal those of the stock model on single sentences, and are cached."""

import logging
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import AutoModel, AutoTokenizer

from lowner_pl.corpus import Sentence
from lowner_pl.nn import Pooling, SentenceVectors, load_backbone
from lowner_pl.nn.retrieval import sentence_vectors

from ...conftest import ALL_KINDS

pytestmark = pytest.mark.usefixtures("offline")
LONG = Sentence(tuple(f"neno{number}" for number in range(60)))


def stock(folder: Path, sentence: Sentence, pooling: Pooling) -> Tensor:
    """Compute the vector of one sentence with transformers alone."""
    model = AutoModel.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    words = [[f" {word}" for word in sentence.words]]
    inputs = tokenizer(words, is_split_into_words=True, return_tensors="pt")
    with torch.no_grad():
        (hidden,) = model(**inputs).last_hidden_state
    vector: Tensor = hidden[0] if pooling == "first" else hidden[1:-1].mean(0)
    return vector


@pytest.mark.parametrize("pooling", ["first", "mean"])
@pytest.mark.parametrize("kind", ALL_KINDS)
def test_vectors_equal_those_of_the_stock_model_on_single_sentences(
    kind: str, pooling: Pooling, backbones: dict[str, Path], swahili: list[Sentence]
) -> None:
    sentences = [*swahili[:9], Sentence(("ni",))]
    vectors = SentenceVectors(str(backbones[kind]), pooling=pooling)(sentences)
    assert vectors.dtype == torch.float32
    for sentence, vector in zip(sentences, vectors, strict=True):
        torch.testing.assert_close(vector, stock(backbones[kind], sentence, pooling))


@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_the_vector_of_a_long_sentence_comes_from_its_first_window(
    pooling: Pooling, tiny: str, swahili: list[Sentence]
) -> None:
    # A window contains as many whole words as fit into 38 subwords.
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    sizes = [len(tokenizer(w, add_special_tokens=False)["input_ids"]) for w in LONG.words]
    fitting = next(n for n in range(60) if sum(sizes[: n + 1]) > 38)
    assert 2 < fitting < 38 < sum(sizes)
    vectors = SentenceVectors(tiny, pooling=pooling, max_length=40)([swahili[0], LONG])
    beginning = Sentence(LONG.words[:fitting])
    torch.testing.assert_close(vectors[1], stock(Path(tiny), beginning, pooling))


def test_batching_does_not_change_vectors(
    tiny: str, swahili: list[Sentence], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = SentenceVectors(tiny)(swahili)
    monkeypatch.setattr(sentence_vectors, "SUBWORDS_PER_BATCH", 50)
    torch.testing.assert_close(SentenceVectors(tiny)(swahili[::-1]), whole.flip(0))


def test_the_random_state_is_left_alone_and_no_gradients_are_tracked(
    tiny: str, tmp_path: Path
) -> None:
    AutoModel.from_pretrained(tiny).save_pretrained(
        tmp_path
    )  # without a head, which is then random
    AutoTokenizer.from_pretrained(tiny).save_pretrained(tmp_path)
    before = torch.get_rng_state()
    vectors = SentenceVectors(str(tmp_path))([LONG, LONG])
    assert torch.equal(torch.get_rng_state(), before)
    assert not vectors.requires_grad
    assert torch.equal(vectors[0], vectors[1])


def test_an_unknown_pooling_is_rejected() -> None:
    pooling: Any = "last"
    with pytest.raises(ValueError, match="`pooling` is 'last', but it must be 'first' or 'mean'"):
        SentenceVectors(pooling=pooling)


def test_a_backbone_that_does_not_exist_is_rejected(tmp_path: Path) -> None:
    for cache in (None, tmp_path / "vectors"):
        with pytest.raises(
            FileNotFoundError, match=r"retrieval_backbone.*'no/such-model' is not a complete folder"
        ):
            SentenceVectors("no/such-model", cache=cache)([LONG])
    assert not list(tmp_path.rglob("*.npz"))


def test_a_backbone_with_infinite_outputs_is_rejected(tmp_path: Path, tiny: str) -> None:
    vectors = SentenceVectors(tiny, cache=tmp_path)
    backbone, _ = vectors._model()
    for parameter in backbone.parameters():
        torch.nn.init.constant_(parameter, float("nan"))
    with pytest.raises(ValueError, match=r"1 of 1 sentence vectors contain .*retrieval_backbone"):
        vectors([LONG])
    assert not list(tmp_path.rglob("*.npz"))


class TestCache:
    @pytest.fixture
    def loads(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Names of the backbones loaded so far."""
        loads: list[str] = []

        def watched(name: str) -> Any:
            loads.append(name)
            return load_backbone(name)

        monkeypatch.setattr(sentence_vectors, "load_backbone", watched)
        return loads

    @pytest.fixture
    def copy(self, tiny: str, tmp_path: Path) -> Path:
        """A copy of a backbone that a test may change."""
        return Path(shutil.copytree(tiny, tmp_path / "copy"))

    def test_cached_vectors_need_no_backbone(
        self, tiny: str, tmp_path: Path, swahili: list[Sentence], loads: list[str]
    ) -> None:
        first = SentenceVectors(tiny, cache=tmp_path / "cache")(swahili)
        again = SentenceVectors(tiny, cache=tmp_path / "cache")(swahili)
        assert torch.equal(first, again)
        assert torch.equal(first, SentenceVectors(tiny)(swahili))
        assert loads == [tiny, tiny]  # the first call, and the call without a cache
        assert [file.suffix for file in (tmp_path / "cache").glob("*.npz")] == [".npz"]
        assert not list(tmp_path.rglob("*.partial"))

    def test_a_backbone_is_loaded_once_and_can_be_released(
        self, tiny: str, loads: list[str]
    ) -> None:
        vectors = SentenceVectors(tiny)
        vectors([LONG])
        vectors([LONG])
        assert loads == [tiny]
        vectors.free()
        assert vectors._loaded is None
        vectors([LONG])
        assert loads == [tiny, tiny]

    def test_vectors_can_bypass_the_cache(self, tiny: str, tmp_path: Path) -> None:
        SentenceVectors(tiny, cache=tmp_path)([LONG], keep=False)
        assert not list(tmp_path.iterdir())

    def test_sentences_pooling_and_window_determine_the_file(
        self, tiny: str, tmp_path: Path, swahili: list[Sentence], loads: list[str]
    ) -> None:
        two, three = swahili[:2], swahili[:3]
        options: list[tuple[list[Sentence], dict[str, Any]]] = [
            (two, {}),
            (two[::-1], {}),
            (three, {}),
            ([Sentence((" ".join(s.words),)) for s in two], {}),
            (two, {"pooling": "mean"}),
            (two, {"max_length": 12}),
        ]
        for number, (sentences, more) in enumerate(options, 1):
            kept = SentenceVectors(tiny, cache=tmp_path, **more)(sentences)
            assert torch.equal(kept, SentenceVectors(tiny, **more)(sentences))
            assert len(list(tmp_path.glob("*.npz"))) == number
            assert len(loads) == 2 * number
        retagged = [sentence.with_tags(None) for sentence in two]
        SentenceVectors(tiny, cache=tmp_path)(retagged)  # tags do not matter
        assert len(loads) == 2 * len(options)

    @pytest.mark.parametrize("change", ["weights", "tokenizer", "config"])
    def test_a_backbone_whose_files_changed_is_loaded_again(
        self, change: str, copy: Path, tmp_path: Path, loads: list[str]
    ) -> None:
        before = SentenceVectors(str(copy), cache=tmp_path / "cache")([LONG])
        if change == "weights":
            model = AutoModel.from_pretrained(copy)
            torch.nn.init.normal_(model.get_input_embeddings().weight)
            model.save_pretrained(copy)
        else:
            file = copy / ("tokenizer.json" if change == "tokenizer" else "config.json")
            file.write_text(file.read_text() + "\n")
        after = SentenceVectors(str(copy), cache=tmp_path / "cache")([LONG])
        assert len(loads) == 2
        assert torch.equal(before, after) is (change != "weights")

    def test_a_copied_backbone_shares_the_cache(
        self, tiny: str, copy: Path, tmp_path: Path, loads: list[str]
    ) -> None:
        (copy / "README.md").write_text("the same")
        for name in (tiny, str(copy)):
            SentenceVectors(name, cache=tmp_path / "cache")([LONG])
        assert loads == [tiny]

    @pytest.mark.parametrize("fault", ["truncated", "foreign", "flipped", "empty", "rows", "code"])
    def test_a_damaged_file_is_replaced_with_a_message(
        self,
        fault: str,
        tiny: str,
        tmp_path: Path,
        swahili: list[Sentence],
        loads: list[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        good = SentenceVectors(tiny, cache=tmp_path)(swahili)
        (file,) = tmp_path.glob("*.npz")
        spoil(file, fault)
        with caplog.at_level(logging.INFO):
            again = SentenceVectors(tiny, cache=tmp_path)(swahili)
        assert torch.equal(again, good)
        assert len(loads) == 2
        said = [r.getMessage() for r in caplog.records if "computed again" in r.getMessage()]
        assert said == [f"{file} is damaged or has other content. Its vectors are computed again."]
        assert torch.equal(SentenceVectors(tiny, cache=tmp_path)(swahili), good)
        assert len(loads) == 2

    def test_a_folder_that_cannot_be_written_to_is_named(self, tiny: str, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(
            OSError, match=r"`vector_cache` is '.*/file', which can't be written to.*null"
        ):
            SentenceVectors(tiny, cache=tmp_path / "file")([LONG])


class Harmful:
    """An object that runs code when it is unpickled."""

    def __reduce__(self) -> Any:
        return pytest.exit, ("code in a file was run",)


def spoil(file: Path, fault: str) -> None:
    """Damage a file of vectors."""
    key, content = file.stem, file.read_bytes()
    vectors = np.zeros((3, 16), np.float32)
    match fault:
        case "truncated":
            file.write_bytes(content[: len(content) // 2])
        case "empty":
            file.write_bytes(b"")
        case "flipped":
            middle = len(content) // 2
            changed = bytes([content[middle] ^ 1])
            file.write_bytes(content[:middle] + changed + content[middle + 1 :])
        case "foreign":
            with np.load(file) as arrays:
                np.savez(file, key=np.array("another"), vectors=arrays["vectors"])
        case "rows":
            np.savez(file, key=np.array(key), vectors=vectors)
        case "code":
            np.savez(file, key=np.array([Harmful()], dtype=object), vectors=vectors)
