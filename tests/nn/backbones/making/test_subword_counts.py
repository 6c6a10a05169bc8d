import numpy as np
import pytest

from lowner_pl.encoding import WordEncoder
from lowner_pl.nn.backbones.making.subword_counts import counted, mixture

from .toys import sentences, unigram


def test_subwords_and_characters_are_counted_by_hand() -> None:
    tokenizer = unigram(_a=-1, _b=-1, ab=-1, _=-3, a=-3, b=-3)
    counts = counted(WordEncoder(tokenizer), sentences("a b a", "bab", "é"))
    # a b a: _a _b _a; bab: _b ab; é: _ and the unknown token.
    names = {name: counts.subwords[id_] for name, id_ in tokenizer.get_vocab().items()}
    found = {name: count for name, count in names.items() if count}
    assert found == {"▁a": 2, "▁b": 2, "ab": 1, "▁": 1, "<unk>": 1}
    assert counts.characters == {"a": 3, "b": 3, " ": 2, "é": 1}


def test_special_tokens_in_a_text_are_text() -> None:
    tokenizer = unigram(_a=-1, _=-3, a=-3)
    assert counted(WordEncoder(tokenizer), sentences("<mask> a")).subwords[4] == 0


@pytest.mark.parametrize(
    ("exponent", "shares"),
    [
        (1.0, [0.8 * 0.75, 0.8 * 0.25 + 0.2]),  # 4 lines and 1
        (0.5, [2 / 3 * 0.75, 2 / 3 * 0.25 + 1 / 3]),
        (0.0, [0.5 * 0.75, 0.5 * 0.25 + 0.5]),
    ],
)
def test_languages_weigh_as_their_lines_to_the_exponent(
    exponent: float, shares: list[float]
) -> None:
    subwords = {"sw": np.array([3, 1]), "yo": np.array([0, 2])}
    mixed = mixture(subwords, {"sw": 4, "yo": 1}, exponent=exponent)
    assert mixed.tolist() == pytest.approx(shares)
