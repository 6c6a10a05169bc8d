"""What subwords spell, and which of them may take the place of which."""

import json
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import torch
from tokenizers import decoders
from torch import Tensor
from transformers import PreTrainedTokenizerBase

Style = Literal["metaspace", "wordpiece", "bytes"]
_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
_RESERVED = re.compile(r"[\[<]unused\d+[\]>]")
_JOINERS = "\u200c\u200d"  # invisible, but part of the spelling in Persian and Indic scripts
_BROKEN = "\ufffd"


class Kind(NamedTuple):
    """What decides which subwords may replace a subword.

    Attributes:
        initial: Whether it begins a word.
        scripts: Scripts that a replacement may be written in.
        letters: Whether a replacement must have letters.
    """

    initial: bool
    scripts: frozenset[str]
    letters: bool


class Spelling:
    """Spells subwords, and knows which may be generated in place of another.

    Never generated are special tokens, label, language and all other added tokens, the unknown
    token, single bytes, pieces of a character, and what would show as nothing or as a blank. A
    subword that begins a word is replaced by one that does, any other by one that does not.

    Args:
        tokenizer: A fast tokenizer that marks where words begin: sentence pieces (``▁``), word
            pieces (``##`` where none begins) or byte pairs (``Ġ``).
        keep_script: Whether a subword with letters is replaced by one in its own script, and one
            without letters by one in a script of its word or without letters.

    Raises:
        ValueError: If the tokenizer marks words in another way.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, *, keep_script: bool = True) -> None:
        self.keep_script = keep_script
        self.style, self._prefix = _style(tokenizer)
        self._decoder: Any = (
            decoders.ByteLevel()
            if self.style == "bytes"
            else decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
        )
        names = list(tokenizer.convert_ids_to_tokens(list(range(len(tokenizer)))))
        self._names = names
        never = {*tokenizer.all_special_ids, *tokenizer.get_added_vocab().values()}
        self._texts = ["" if id_ in never else self._text(name) for id_, name in enumerate(names)]
        self._unspelt = never | {id_ for id_, name in enumerate(names) if _BYTE.fullmatch(name)}
        self._allowed: dict[Kind, Tensor] = {}
        self._by_kind: dict[tuple[bool, frozenset[str]], list[int]] | None = None

    def word(self, ids: Sequence[int]) -> str:
        r"""Return the word that subwords spell, with ``\ufffd`` for what they do not."""
        names = [self._names[id_] for id_ in ids]
        match self.style:
            case "metaspace":
                text = str(self._decoder.decode(names)).replace("▁", " ")
                return text.removeprefix(" ")
            case "wordpiece":
                return "".join(name.removeprefix(self._prefix) for name in names)
            case "bytes":
                return str(self._decoder.decode(names)).removeprefix(" ")

    def spells(self, ids: Sequence[int]) -> bool:
        """Return whether subwords spell a word that can be seen."""
        return _is_visible(self.word(ids)) and not any(
            id_ in self._unspelt and not _BYTE.fullmatch(self._names[id_]) for id_ in ids
        )

    def changeable(self, ids: Sequence[int]) -> list[int]:
        """Return the positions in a word's subwords where another subword may be generated.

        There are none in a word that its subwords do not spell, such as one with unknown
        characters; and never is one of several subwords replaced that make one character.
        """
        if not self.spells(ids):
            return []
        return [
            position
            for position, id_ in enumerate(ids)
            if id_ not in self._unspelt and _BROKEN not in self._texts[id_]
        ]

    def kind(self, ids: Sequence[int], position: int) -> Kind:
        """Return the kind of one of a word's subwords."""
        id_ = ids[position]
        initial = self._is_initial(self._names[id_])
        if not self.keep_script:
            return Kind(initial, frozenset(), letters=False)
        own = _scripts(self._texts[id_])
        return Kind(initial, own or _scripts(self.word(ids)), letters=bool(own))

    def allowed(self, kind: Kind) -> Tensor:
        """Return the ids of the subwords that may replace one of a kind, ascending."""
        if kind not in self._allowed:
            if self._by_kind is None:
                self._by_kind = self._sorted_out()
            ids = [
                id_
                for (initial, scripts), members in self._by_kind.items()
                if initial == kind.initial
                and (
                    not self.keep_script
                    or (scripts <= kind.scripts and (bool(scripts) or not kind.letters))
                )
                for id_ in members
            ]
            self._allowed[kind] = torch.tensor(sorted(ids), dtype=torch.long)
        return self._allowed[kind]

    def most(self) -> int:
        """Return how many subwords may be generated, over all kinds."""
        if self._by_kind is None:
            self._by_kind = self._sorted_out()
        return sum(map(len, self._by_kind.values()))

    def _sorted_out(self) -> dict[tuple[bool, frozenset[str]], list[int]]:
        """Return the subwords that may be generated, by beginning of a word and scripts."""
        kinds: dict[tuple[bool, frozenset[str]], list[int]] = {}
        for id_, (name, text) in enumerate(zip(self._names, self._texts, strict=True)):
            if id_ in self._unspelt or _RESERVED.fullmatch(name) or not _is_visible(text):
                continue
            kinds.setdefault((self._is_initial(name), _scripts(text)), []).append(id_)
        return kinds

    def _is_initial(self, name: str) -> bool:
        """Return whether a subword begins a word."""
        return name.startswith(self._prefix) != (self.style == "wordpiece")

    def _text(self, name: str) -> str:
        """Return what a subword spells, without the mark of a word's beginning."""
        if self.style == "bytes":
            return str(self._decoder.decode([name])).removeprefix(" ")
        return name.removeprefix(self._prefix)


def _style(tokenizer: PreTrainedTokenizerBase) -> tuple[Style, str]:
    """Return how a tokenizer marks words, and its mark."""
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    if state["model"]["type"] == "WordPiece":
        return "wordpiece", state["model"]["continuing_subword_prefix"]
    stage = state["pre_tokenizer"] or {}
    types = {part["type"] for part in stage.get("pretokenizers", [stage]) if part}
    if "ByteLevel" in types:
        return "bytes", "Ġ"
    if "Metaspace" in types:
        return "metaspace", "▁"
    raise ValueError(
        "The tokenizer must mark where words begin, as sentence pieces, word pieces and byte pairs "
        f"do, was: {state['model']['type']} with {sorted(types) or 'no pre-tokenizer'}. Choose "
        "another backbone to generate."
    )


def _is_visible(text: str) -> bool:
    """Return whether a text shows as one word: no blank, no control character, not nothing."""
    shown = text.translate(dict.fromkeys(map(ord, _JOINERS)))
    return bool(shown) and shown.isprintable() and not {*" ▁\ufffd"} & {*shown}


def _scripts(text: str) -> frozenset[str]:
    """Return the scripts of the letters in a text."""
    return frozenset(script for letter in text if letter.isalpha() and (script := _script(letter)))


@lru_cache(maxsize=65_536)
def _script(letter: str) -> str:
    """Return the script of a letter as Unicode names it, nothing for letters of no script."""
    first = unicodedata.name(letter, "").partition(" ")[0]
    return "" if first in ("MODIFIER", "FEMININE", "MASCULINE") else first
