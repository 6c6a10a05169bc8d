"""Tagged sentences in TensorBoard's TEXT tab."""

import html
import re
import warnings

import pytest

from lowner_pl.callbacks.tensorboard.sentence_table import sentence_table
from lowner_pl.corpus import Sentence

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of html5lib, inside TensorBoard
    from tensorboard.plugin_util import markdown_to_safe_html

ODD = (
    "`O`Neil`",
    "[a](http://b)",
    "*note*",
    "_Rio_",
    "__init__",
    "a|b",
    "<b>",
    "&amp;",
    "#1",
    "\\",
)


def cells(text: str) -> list[list[str]]:
    """Return the cells that TensorBoard shows, by row."""
    shown = markdown_to_safe_html(text)
    assert not re.search("<(a|code|em) ?", shown)
    rows = re.findall(r"<tr>(.*?)</tr>", shown, re.DOTALL)
    return [
        [html.unescape(re.sub("<.*?>", "", cell)) for cell in re.findall("<td>(.*?)</td>", row)]
        for row in rows[1:]
    ]


def test_words_are_shown_unchanged() -> None:
    sentence = Sentence(ODD, ("O",) * len(ODD))
    assert cells(sentence_table([(sentence, sentence.tags or ())])) == [[" ".join(ODD)] * 2]


def test_gold_and_predicted_entities_are_side_by_side_and_errors_are_marked() -> None:
    # Ann is right, Rio is found as a person, Bo is missed.
    sentence = Sentence(("Ann", "saw", "Rio", "and", "Bo"), ("B-PER", "O", "B-LOC", "O", "B-PER"))
    predicted = ("B-PER", "O", "B-PER", "O", "O")
    assert cells(sentence_table([(sentence, predicted)])) == [
        [
            "[PER Ann] saw [✗ LOC Rio] and [✗ PER Bo]",
            "[PER Ann] saw [✗ PER Rio] and Bo",
        ]
    ]


@pytest.mark.parametrize("word", ["人名", "ሰው", "محمد"])
def test_other_scripts_are_shown_unchanged(word: str) -> None:
    sentence = Sentence((word,), ("B-人",))
    assert cells(sentence_table([(sentence, ("O",))])) == [[f"[✗ 人 {word}]", word]]
