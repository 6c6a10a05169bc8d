"""Tagged sentences as a Markdown table for TensorBoard's TEXT tab."""

from collections.abc import Sequence

from lowner_pl.corpus import Entity, Sentence

WRONG = "✗"


def sentence_table(tagged: Sequence[tuple[Sentence, Sequence[str]]]) -> str:
    """Write gold and predicted entities of each sentence side by side, and mark errors.

    Args:
        tagged: Sentences with gold tags, each with its predicted tags.
    """
    lines = [f"| gold ({WRONG} missed) | predicted ({WRONG} wrong) |", "|---|---|"]
    for sentence, tags in tagged:
        predicted = sentence.with_tags(tuple(tags))
        gold, found = set(sentence.entities), set(predicted.entities)
        lines.append(f"| {_marked(sentence, gold - found)} | {_marked(predicted, found - gold)} |")
    return "\n".join(lines)


def _marked(sentence: Sentence, wrong: set[Entity]) -> str:
    """Write a sentence with its entities in brackets, and mark the wrong ones."""
    words = [escaped(word) for word in sentence.words]
    for entity in sentence.entities:
        mark = f"{WRONG} " if entity in wrong else ""
        words[entity.start] = f"**[{mark}{escaped(entity.type)}** {words[entity.start]}"
        words[entity.end - 1] += "**]**"
    return " ".join(words)


def escaped(text: str) -> str:
    """Escape text so that Markdown and HTML show it unchanged.

    >>> escaped("`a|b`")
    '&#96;a&#124;b&#96;'
    """
    return "".join(
        letter if letter.isalnum() or letter == " " or not letter.isascii() else f"&#{ord(letter)};"
        for letter in text
    )
