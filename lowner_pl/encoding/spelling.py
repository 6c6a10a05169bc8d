"""The text of subwords, and which subwords may replace which in generated words."""

import json
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import torch
from tokenizers import decoders
from torch import Tensor
from transformers import PreTrainedTokenizerBase

Style = Literal["metaspace", "wordpiece", "bytes"]
_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
_RESERVED = re.compile(r"[\[<]unused\d+[\]>]")
_JOINERS = "\u200c\u200d"  # invisible, but part of the spelling in Persian and Indic scripts
_BROKEN = "\ufffd"  # what an incomplete character decodes to


class Kind(NamedTuple):
    """The properties of a subword that its replacements must share.

    Attributes:
        initial: Whether the subword begins a word.
        scripts: Scripts that a replacement may be written in.
        letters: Whether a replacement must contain letters.
    """

    initial: bool
    scripts: frozenset[str]
    letters: bool


class Spelling:
    """The text of a tokenizer's subwords, and which of them may replace which.

    Special tokens, added tokens such as labels and languages, the unknown token, single bytes,
    parts of a character, and invisible text are never a replacement. A subword that begins a word
    is only replaced by one that begins a word; a subword inside a word only by one that does not.

    Args:
        tokenizer: A fast tokenizer that marks where words begin: SentencePiece (``▁``), WordPiece
            (``##`` inside words) or byte-level BPE (``Ġ``).
        keep_script: Whether replacements keep the script. A subword with letters is then replaced
            by one in its own script, and a subword without letters by one without letters or in a
            script of its word.

    Raises:
        ValueError: If the tokenizer marks words in another way.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, *, keep_script: bool = True) -> None:
        self.keep_script = keep_script
        self.style, self._prefix = _style(tokenizer)
        self._decoder: decoders.Decoder = (
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
        r"""Convert subwords to a word, with ``\ufffd`` for incomplete characters."""
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
        """Tell whether subwords give a complete and visible word."""
        return _is_visible(self.word(ids)) and not any(
            id_ in self._unspelt and not _BYTE.fullmatch(self._names[id_]) for id_ in ids
        )

    def changeable(self, ids: Sequence[int]) -> list[int]:
        """Find the positions in a word's subwords where another subword may be generated.

        A word with unknown characters has no such position. If several subwords make up one
        character, none of them may be replaced.
        """
        if not self.spells(ids):
            return []
        return [
            position
            for position, id_ in enumerate(ids)
            if id_ not in self._unspelt and _BROKEN not in self._texts[id_]
        ]

    def kind(self, ids: Sequence[int], position: int) -> Kind:
        """Determine the kind of one of a word's subwords."""
        id_ = ids[position]
        initial = self._is_initial(self._names[id_])
        if not self.keep_script:
            return Kind(initial, frozenset(), letters=False)
        own = _scripts(self._texts[id_])
        return Kind(initial, own or _scripts(self.word(ids)), letters=bool(own))

    def allowed(self, kind: Kind) -> Tensor:
        """Find the ids that may replace a subword of a kind, ascending."""
        if kind not in self._allowed:
            if self._by_kind is None:
                self._by_kind = self._grouped()
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
        """Count the subwords of all kinds that may be generated."""
        if self._by_kind is None:
            self._by_kind = self._grouped()
        return sum(map(len, self._by_kind.values()))

    def _grouped(self) -> dict[tuple[bool, frozenset[str]], list[int]]:
        """Group the subwords that may be generated by position in a word and by scripts."""
        kinds: dict[tuple[bool, frozenset[str]], list[int]] = {}
        for id_, (name, text) in enumerate(zip(self._names, self._texts, strict=True)):
            if id_ in self._unspelt or _RESERVED.fullmatch(name) or not _is_visible(text):
                continue
            kinds.setdefault((self._is_initial(name), _scripts(text)), []).append(id_)
        return kinds

    def _is_initial(self, name: str) -> bool:
        """Tell whether a subword begins a word."""
        return name.startswith(self._prefix) != (self.style == "wordpiece")

    def _text(self, name: str) -> str:
        """Return the text of a subword, without the mark of a word's beginning."""
        if self.style == "bytes":
            return str(self._decoder.decode([name])).removeprefix(" ")
        return name.removeprefix(self._prefix)


def _style(tokenizer: PreTrainedTokenizerBase) -> tuple[Style, str]:
    """Determine how a tokenizer marks words, and its mark."""
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
        f"The tokenizer ({state['model']['type']} with {sorted(types) or 'no pre-tokenizer'}) does "
        "not mark where words begin. To generate, choose a backbone with a SentencePiece, "
        "WordPiece or byte-level tokenizer."
    )


def _is_visible(text: str) -> bool:
    """Tell whether a text is one visible word, without spaces and control characters."""
    shown = text.translate(dict.fromkeys(map(ord, _JOINERS)))
    return bool(shown) and shown.isprintable() and not {*" ▁\ufffd"} & {*shown}


def _scripts(text: str) -> frozenset[str]:
    """Collect the scripts of the letters in a text."""
    return frozenset(script for letter in text if letter.isalpha() and (script := _script(letter)))


@lru_cache(maxsize=65_536)
def _script(letter: str) -> str:
    """Return the script of a letter from its Unicode name, or ``""`` if it has none."""
    first = unicodedata.name(letter, "").partition(" ")[0]
    return "" if first in ("MODIFIER", "FEMININE", "MASCULINE") else first
