"""A pretrained backbone cut to the subwords of some text.

The embeddings of a multilingual model are most of its parameters, and a language uses few of them
(`Abdaoui et al., 2020 <https://arxiv.org/abs/2010.05609>`_;
`Ushio et al., 2023 <https://arxiv.org/abs/2305.15020>`_).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lowner_pl.corpus import Sentence
from lowner_pl.encoding import WordEncoder
from lowner_pl.nn.backbones.files.weights_file import add_checksums
from lowner_pl.nn.backbones.making.missing_letters import NONE, Additions, missing
from lowner_pl.nn.backbones.making.subword_choice import most_frequent, with_parts
from lowner_pl.nn.backbones.making.subword_counts import LanguageText, counted, mixture
from lowner_pl.nn.backbones.making.tokenizer_vocabulary import read_vocabulary, refused
from lowner_pl.nn.backbones.making.trimmed_model import cut_model, first_positions, start_head
from lowner_pl.nn.backbones.making.trimmed_tokenizer import Layout, cut_tokenizer, layout


class Whole(NamedTuple):
    """A backbone to be cut.

    Attributes:
        name: Its hub id or folder, for messages.
        model: The masked language model.
        tokenizer: Its tokenizer.
        missing: Names of the head's weights that its files lack.
    """

    name: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    missing: Sequence[str]


class LanguageCost(NamedTuple):
    """What a smaller vocabulary does to a language.

    Attributes:
        kept: Share of the running subwords of its text that are kept.
        words: Number of words in its held-out lines.
        subwords: Number of their subwords before and after.
        unknown: Number of unknown ones among them before and after.
    """

    kept: float
    words: int
    subwords: tuple[int, int]
    unknown: tuple[int, int]


class Trimmed(NamedTuple):
    """A backbone with a smaller vocabulary.

    Attributes:
        model: The masked language model.
        tokenizer: Its tokenizer.
        covered: Share of the running subwords of the text that are kept.
        kept: Number of subwords that are kept.
        special: Number of special tokens among them.
        characters: Number of single characters among them.
        additions: The subwords that are new.
        languages: What it does to each language.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    covered: float
    kept: int
    special: int
    characters: int
    additions: Additions
    languages: dict[str, LanguageCost]

    def save(self, folder: Path) -> None:
        """Save it so that ``AutoModelForMaskedLM.from_pretrained`` and `load_backbone` read it."""
        self.model.save_pretrained(folder)
        add_checksums(folder)
        self.tokenizer.save_pretrained(folder)


def trim(
    whole: Whole,
    texts: Mapping[str, LanguageText],
    *,
    exponent: float = 0.5,
    coverage: float = 0.98,
    size: int | None = None,
    add_missing: bool = False,
) -> Trimmed:
    """Keep the most frequent subwords of a text, all special tokens and all single characters.

    A sentence whose subwords are all kept has the same hidden states as before, bit for bit.

    Args:
        whole: The backbone.
        texts: The text of each language.
        exponent: Languages weigh as their number of lines to this power.
        coverage: Keep as few subwords as together are this share of the text's running subwords.
        size: Keep this many subwords instead, new ones included.
        add_missing: Whether letters that the vocabulary lacks get a subword, and bytes spell all
            other characters.

    Raises:
        ValueError: If the tokenizer can't be cut, or the size doesn't suit text and backbone.
    """
    vocabulary = read_vocabulary(whole.tokenizer, whole.name)
    encoder = WordEncoder(whole.tokenizer)
    counts = {language: counted(encoder, text.lines) for language, text in texts.items()}
    subwords = {language: count.subwords for language, count in counts.items()}
    shares = mixture(subwords, {name: text.size for name, text in texts.items()}, exponent=exponent)
    additions = NONE
    if add_missing:
        characters = sum((count.characters for count in counts.values()), Counter[str]())
        model = whole.tokenizer.backend_tokenizer.model
        additions = missing(vocabulary, model, characters)
    always = vocabulary.always | additions.needed | {*range(first_positions(whole.model))}
    new, parts = len(additions.seeds), vocabulary.parts
    if size is not None:
        least, most = (
            len(with_parts(some, parts)) + new for some in (always, always | _occurring(shares))
        )
        _check_size(size, least, most, whole)
        size -= new
    kept = most_frequent(shares, always, parts, coverage=coverage, size=size)
    order = layout(vocabulary, kept, additions)
    tokenizer = cut_tokenizer(whole.tokenizer, vocabulary, order, additions)
    languages = {
        language: _cost(whole, tokenizer, order, subwords[language], text.held_out)
        for language, text in texts.items()
    }
    return Trimmed(
        model=_model(whole, order, additions, shares),
        tokenizer=tokenizer,
        covered=float(shares[sorted(kept)].sum()),
        kept=len(kept),
        special=len(vocabulary.special),
        characters=len(vocabulary.characters - vocabulary.special),
        additions=additions,
        languages=languages,
    )


def _occurring(shares: npt.NDArray[np.float64]) -> set[int]:
    """Find the subwords that occur in the text."""
    return {*map(int, np.flatnonzero(shares))}


def check_size(size: int, whole: Whole) -> None:
    """Check before any text is read that a vocabulary is not asked to grow.

    Raises:
        ValueError: If it is.
    """
    subwords = len(whole.tokenizer)
    if size > subwords:
        raise ValueError(
            f"`size` is {size:,}, but the vocabulary of {whole.name!r} has only {subwords:,} "
            "subwords. Choose a smaller size."
        )


def _check_size(size: int, least: int, most: int, whole: Whole) -> None:
    """Check that a vocabulary has room for what it must keep, and that the text fills it.

    Raises:
        ValueError: If not.
    """
    if size < least:
        raise ValueError(
            f"`size` is {size:,}, but the special tokens, the single characters and the new "
            f"subwords of {whole.name!r} alone are {least:,}. Choose a larger size, or leave it "
            "out to keep what covers the text."
        )
    if size > most:
        raise ValueError(
            f"`size` is {size:,}, but the text has too few different subwords of {whole.name!r}: "
            f"with all special tokens and single characters they are {most:,}. Give more text, "
            "choose a smaller size, or leave it out."
        )


def _model(
    whole: Whole, order: Layout, additions: Additions, shares: npt.NDArray[np.float64]
) -> PreTrainedModel:
    """Cut the model, and give it a head if it has none."""
    pairs = [*zip(order.old, order.names, strict=True)]
    rows = [additions.seeds[name] if old is None else old for old, name in pairs]
    model = cut_model(whole.model, rows, order.new)
    if whole.missing:
        kept = [0.0 if old is None else float(shares[old]) for old in order.old]
        start_head(model, whole.missing, torch.tensor(kept))
    return model


def _cost(
    whole: Whole,
    tokenizer: PreTrainedTokenizerBase,
    order: Layout,
    subwords: npt.NDArray[np.int64],
    held_out: Sequence[Sentence],
) -> LanguageCost:
    """Compare the subwords of held-out lines before and after.

    Raises:
        ValueError: If a line is split in another way although all its subwords are kept.
    """
    new = order.new
    before = WordEncoder(whole.tokenizer).lines(held_out)
    after = WordEncoder(tokenizer).lines(held_out)
    for old_ids, new_ids, sentence in zip(before, after, held_out, strict=True):
        same = [new.get(id_) for id_ in old_ids]
        is_old = all(order.old[id_] is not None for id_ in new_ids)
        if is_old and None not in same and same != new_ids:
            text = " ".join(sentence.words)[:80]
            raise refused(whole.name, f"all subwords of {text!r} are kept, but it is split anew")
    unknown = whole.tokenizer.unk_token_id, tokenizer.unk_token_id
    kept = sum(int(subwords[id_]) for id_ in new)
    return LanguageCost(
        kept=kept / max(int(subwords.sum()), 1),
        words=sum(len(sentence.words) for sentence in held_out),
        subwords=(sum(map(len, before)), sum(map(len, after))),
        unknown=(
            sum(line.count(unknown[0]) for line in before),
            sum(line.count(unknown[1]) for line in after),
        ),
    )
