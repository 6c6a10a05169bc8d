"""New subwords for letters that a vocabulary lacks, and for single bytes."""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from itertools import product
from typing import NamedTuple

from tokenizers import models, pre_tokenizers

from lowner_pl.nn.backbones.making.fresh_tokenizer import BYTES
from lowner_pl.nn.backbones.making.tokenizer_vocabulary import Vocabulary

_SPACE = "Ġ"  # how byte-level BPE writes a space


class Additions(NamedTuple):
    """Subwords to add to a vocabulary.

    Attributes:
        seeds: For each new subword, the subwords whose mean it starts from; if there are none, it
            starts like an average subword.
        merges: Merges that build new subwords (BPE).
        needed: Subwords of the vocabulary that the merges need.
        letters: The letters that get a subword.
        fallback: The new single bytes.
        spell_all: Whether every character can be spelt, if need be with bytes.
    """

    seeds: dict[str, tuple[int, ...]]
    merges: list[tuple[str, str]]
    needed: frozenset[int]
    letters: tuple[str, ...]
    fallback: tuple[str, ...]
    spell_all: bool


NONE = Additions({}, [], frozenset(), (), (), spell_all=False)


def missing(vocabulary: Vocabulary, model: models.Model, characters: Counter[str]) -> Additions:
    """Find what a vocabulary needs so that no text has unknown subwords.

    Every letter of the text gets a subword of its own, and bytes spell all other characters. Where
    there can be no bytes (WordPiece), every character of the text gets a subword.

    Args:
        vocabulary: The vocabulary.
        model: The part of the tokenizer that splits words into subwords.
        characters: How often each character occurs in the text.
    """
    marks = vocabulary.prefix or vocabulary.suffix  # `tokenizers` would spell them with bytes too
    with_bytes = vocabulary.is_byte_level or (vocabulary.kind != "WordPiece" and not marks)
    wanted = [
        character
        for character, _ in characters.most_common()
        if not character.isspace()
        and (unicodedata.category(character)[0] in "LM" or not with_bytes)
    ]
    if vocabulary.is_byte_level:
        additions = _from_bytes(vocabulary, model, wanted)
        fallback = [name for name in sorted(pre_tokenizers.ByteLevel.alphabet())]
    else:
        additions = _as_symbols(vocabulary, wanted)
        fallback = [*BYTES] if with_bytes else []
    new = tuple(name for name in fallback if name not in vocabulary.ids)
    return additions._replace(
        seeds=additions.seeds | dict.fromkeys(new, ()),
        fallback=new,
        spell_all=with_bytes,
    )


def _as_symbols(vocabulary: Vocabulary, characters: Iterable[str]) -> Additions:
    """Add characters, each with the marks of all its places in a word."""
    marks = [
        *product(dict.fromkeys(("", vocabulary.prefix)), dict.fromkeys(("", vocabulary.suffix)))
    ]
    seeds: dict[str, tuple[int, ...]] = {}
    letters = []
    for character in characters:
        forms = [f"{prefix}{character}{suffix}" for prefix, suffix in marks]
        new = [form for form in forms if form not in vocabulary.ids]
        for form in new:
            base = vocabulary.ids.get(form.replace(character, _base(character)))
            seeds[form] = () if base is None else (base,)
        letters += [character] if new else []
    return NONE._replace(seeds=seeds, letters=tuple(letters))


def _from_bytes(
    vocabulary: Vocabulary, model: models.Model, characters: Iterable[str]
) -> Additions:
    """Add characters that byte-level BPE spells with several subwords, by merging those.

    The merges come after all others, so that they change nothing else but characters that begin
    with the same bytes.
    """
    seeds: dict[str, tuple[int, ...]] = {}
    merges: dict[tuple[str, str], None] = {}
    existing = set(vocabulary.merges)
    needed: set[int] = set()
    letters = []
    for character in characters:
        at_start = unicodedata.category(character)[0] == "L"
        for space in ("", _SPACE) if at_start else ("",):
            tokens = model.tokenize(space + _in_bytes(character))
            if len(tokens) == 1 or tokens[0].value == _SPACE:
                continue  # there is one already; or a space, and then the character itself
            letters.append(character)
            built = tokens[0].value
            for end, token in enumerate(tokens[1:], 2):
                if (built, token.value) not in existing:
                    merges[built, token.value] = None
                built += token.value
                seeds.setdefault(built, tuple(part.id for part in tokens[:end]))
            base = vocabulary.ids.get(space + _in_bytes(_base(character)))
            if base is not None:
                seeds[built] = (base,)
            needed |= {token.id for token in tokens}
    known = {name for name in seeds if name in vocabulary.ids}
    return NONE._replace(
        seeds={name: ids for name, ids in seeds.items() if name not in known},
        merges=list(merges),
        needed=frozenset(needed | {vocabulary.ids[name] for name in known}),
        letters=tuple(dict.fromkeys(letters)),
    )


def _base(character: str) -> str:
    """Return the letter without its marks: ``d`` for ``ḓ``."""
    return unicodedata.normalize("NFD", character)[0]


def _in_bytes(text: str) -> str:
    """Write the bytes of a text as byte-level BPE does, one letter each."""
    split = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return "".join(part for part, _ in split.pre_tokenize_str(text))
