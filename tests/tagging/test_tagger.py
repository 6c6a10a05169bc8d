from collections.abc import Iterator
from typing import cast

import pytest

from lowner_pl.tagging import TaggedEntity
from lowner_pl.tagging.tagger import MOST_CHARACTERS, MOST_WORDS, POOL

from .capitals import Capitals, capitals
from .test_splitting import TEXTS


def test_an_entity_is_where_it_says_in_every_script() -> None:
    text = "👋🏽 Jean-Pierre\u00a0Zoe\u0308 came\r\nto Åy Nairobi (Kenya)."
    found = capitals()(text)
    expected = ["Jean-Pierre\u00a0Zoe\u0308", "Åy Nairobi", "Kenya"]
    assert [entity.text for entity in found] == expected
    assert [text[one.start : one.end] for one in found] == expected


def test_a_text_gives_the_same_entities_alone_and_among_others() -> None:
    texts = [*TEXTS.values(), "Anna Berta came. Carla left.", "x " * 5000 + "Dora"]
    tagger = capitals()
    together = tagger.tag(texts * 3, batch_size=2)
    assert together == [tagger(text) for text in texts] * 3
    assert [one.text for one in together[-1]] == ["Dora"]
    assert [one.text for one in together] == texts * 3


def test_batches_are_limited_in_sentences_and_in_words() -> None:
    tagger = capitals()
    tagger.tag(["a b."] * 5 + ["word " * (MOST_WORDS // 2 + 1)] * 2, batch_size=3)
    batches = cast(Capitals, tagger.module).batches
    assert [len(batch) for batch in batches] == [3, 2, 1, 1]


def test_entities_below_a_confidence_are_left_out() -> None:
    found = capitals()("Anna left Berta Carla.")
    assert [entity.confidence for entity in found] == [0.1, 0.2]
    expected = [TaggedEntity(10, 21, "PER", "Berta Carla", 0.2)]
    assert found.above(0.15) == expected
    assert capitals()("Anna left Berta Carla.", min_confidence=0.2) == expected
    with pytest.raises(ValueError, match="`min_confidence` is 2"):
        capitals()("x", min_confidence=2)


def test_chosen_sentences_of_texts_are_tagged_together() -> None:
    tagger = capitals()
    texts = ["\U0001f600 Anna came. B. C left? Dora Emil.", "Fina! Gabi.", " "]
    splits = [tagger.splitter(text) for text in texts]
    whole = tagger.tag_sentences(list(zip(texts, splits, strict=True)))
    assert whole == [tagger(text) for text in texts]
    last = tagger.tag_sentences([(texts[1], splits[1][1:]), (texts[0], splits[0][:1])])
    assert [[one.text for one in found] for found in last] == [["Gabi"], ["Anna"]]
    assert last[1][0].start == 2
    batches = cast(Capitals, tagger.module).batches
    assert [len(batch) for batch in batches[:1] + batches[-1:]] == [5, 2]
    assert tagger.tag_sentences([]) == []
    with pytest.raises(ValueError, match="`batch_size` is 0"):
        tagger.tag_sentences([], batch_size=0)


def test_given_words_keep_their_positions() -> None:
    rows: list[list[str]] = [["x", "Anna", "B"], [], ["y\ud800"]]
    assert capitals().tag_words(rows) == [[TaggedEntity(1, 3, "PER", "Anna B", 0.2)], [], []]
    assert capitals().tag_words(rows, min_confidence=0.5) == [[], [], []]


def test_texts_are_read_a_few_batches_ahead() -> None:
    read = 0

    def texts(text: str) -> Iterator[str]:
        nonlocal read
        while True:
            read += 1
            yield text

    next(capitals().stream(texts("Anna left."), batch_size=2))
    assert read == 2 * POOL
    read = 0
    next(capitals().stream(texts("x" * (MOST_CHARACTERS // 2 + 1))))
    assert read == 2


def test_memory_is_given_back_while_many_texts_are_tagged(monkeypatch: pytest.MonkeyPatch) -> None:
    given_back: list[int] = []
    tagger = capitals()
    module = cast(Capitals, tagger.module)
    monkeypatch.setattr(
        "lowner_pl.tagging.tagger.give_back_memory", lambda: given_back.append(len(module.batches))
    )
    tagger("Anna left.")
    tagger.tag(["Anna left."] * 2 * POOL, batch_size=2)
    assert given_back == []  # one text does not wait for it
    module.batches.clear()
    assert len(tagger.tag(["Anna left."] * 5 * POOL, batch_size=2)) == 5 * POOL
    assert given_back == [POOL, 2 * POOL]


def test_mistakes_are_named() -> None:
    with pytest.raises(TypeError, match="one text"):
        capitals().tag("Anna")
    with pytest.raises(TypeError, match="but one is NoneType"):
        capitals().tag([None])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="must be a list of words"):
        capitals().tag_words(["Anna left"])
    with pytest.raises(ValueError, match="`batch_size` is 0"):
        capitals().tag(["x"], batch_size=0)


def test_a_notebook_shows_the_entities() -> None:
    html = capitals()("<b> Anna & Co")._repr_html_()
    assert "&lt;b&gt; <mark" in html
    assert "<bdi>Anna</bdi>" in html
    assert "PER 10 %" in html
    assert "</mark> &amp; <mark" in html
    assert 'dir="auto"' in html


def test_a_tagger_says_what_it_is() -> None:
    assert "types PER, split by ICU" in repr(capitals())
