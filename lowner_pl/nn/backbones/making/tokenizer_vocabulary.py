"""The vocabulary of a tokenizer, as its `tokenizer.json` describes it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

from tokenizers import decoders
from transformers import PreTrainedTokenizerBase

from lowner_pl.nn.backbones.making.fresh_tokenizer import BYTES
from lowner_pl.nn.backbones.making.subword_choice import Parts

Kind = Literal["Unigram", "WordPiece", "BPE"]


@dataclass(frozen=True)
class Vocabulary:
    """The subwords of a fast tokenizer.

    Args:
        state: What `tokenizer.json` holds.
        unknown: The id of the unknown token, if there is one.
        special: The ids of special and added tokens.
    """

    state: Mapping[str, Any]
    unknown: int | None
    special: frozenset[int]

    @property
    def model(self) -> Mapping[str, Any]:
        """The part of the state that splits words into subwords."""
        model: Mapping[str, Any] = self.state["model"]
        return model

    @property
    def kind(self) -> Kind:
        """How words are split into subwords."""
        kind: Kind = self.model["type"]
        return kind

    @cached_property
    def inside(self) -> dict[int, str]:
        """The subwords of the model, by id; added tokens may be outside."""
        vocabulary = self.model["vocab"]
        if self.kind == "Unigram":
            return {id_: name for id_, (name, _) in enumerate(vocabulary)}
        return {id_: name for name, id_ in vocabulary.items()}

    @cached_property
    def names(self) -> dict[int, str]:
        """All subwords by id."""
        return self.inside | {token["id"]: token["content"] for token in self.state["added_tokens"]}

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of each subword."""
        return {name: id_ for id_, name in self.names.items()}

    @property
    def prefix(self) -> str:
        """The mark of a subword that continues a word, such as ``##``; may be empty."""
        return self.model.get("continuing_subword_prefix") or ""

    @property
    def suffix(self) -> str:
        """The mark of a subword that ends a word, such as ``</w>``; may be empty."""
        return self.model.get("end_of_word_suffix") or ""

    @cached_property
    def is_byte_level(self) -> bool:
        """Whether subwords are strings of bytes, each written as a letter (RoBERTa)."""
        stages = [self.state["pre_tokenizer"] or {}, self.state["normalizer"] or {}]
        return any("ByteLevel" in _types(stage) for stage in stages)

    @property
    def falls_back_to_bytes(self) -> bool:
        """Whether characters outside the vocabulary are spelt with bytes such as ``<0xE1>``."""
        return bool(self.model.get("byte_fallback"))

    @cached_property
    def characters(self) -> frozenset[int]:
        """The subwords that are single characters, also with the mark of a word's beginning."""
        return frozenset(
            id_
            for id_, name in self.inside.items()
            if len(name) <= 1 or _is_character(self._text(name))
        )

    def _text(self, name: str) -> str:
        """Return the text of a subword, without marks."""
        if self.is_byte_level:
            return str(decoders.ByteLevel().decode([name])).removeprefix(" ")
        return name.removeprefix(self.prefix).removesuffix(self.suffix).removeprefix("▁")

    @cached_property
    def always(self) -> frozenset[int]:
        """The subwords that every smaller vocabulary keeps: special tokens, characters, bytes."""
        kept = self.special | self.characters
        if self.unknown is not None:
            kept |= {self.unknown}
        if self.falls_back_to_bytes:
            kept |= {self.ids[name] for name in BYTES if name in self.ids}
        if self.kind == "Unigram":
            # An unknown character costs 10 more than the subword with the lowest score.
            scores = [score for _, score in self.model["vocab"]]
            kept |= {scores.index(min(scores))}
        return kept

    @cached_property
    def merges(self) -> list[tuple[str, str]]:
        """The merges of BPE, in their order; empty for other kinds."""
        return [(left, right) for left, right in self.model.get("merges") or ()]

    @cached_property
    def parts(self) -> Parts:
        """The subwords that BPE merges into each subword."""
        found: dict[int, set[int]] = {}
        for left, right in self.merges:
            merged = self.ids.get(self.merged(left, right))
            if merged is not None and left in self.ids and right in self.ids:
                found.setdefault(merged, set()).update((self.ids[left], self.ids[right]))
        return found

    def merged(self, left: str, right: str) -> str:
        """Join two subwords."""
        return left + right[len(self.prefix) :]


def read_vocabulary(tokenizer: PreTrainedTokenizerBase, name: str) -> Vocabulary:
    """Read the vocabulary of a backbone's tokenizer.

    Args:
        tokenizer: The tokenizer.
        name: Name of the backbone, for messages.

    Raises:
        ValueError: If its kind can't be cut.
    """
    if not tokenizer.is_fast:
        raise ValueError(
            f"The tokenizer of {name!r} is a {type(tokenizer).__name__} without a "
            "`tokenizer.json`, so its vocabulary can't be cut. Choose a backbone with a fast "
            "tokenizer."
        )
    state: dict[str, Any] = json.loads(tokenizer.backend_tokenizer.to_str())
    kind = state["model"]["type"]
    if kind not in get_args(Kind):
        raise refused(name, f"it is of the kind {kind}")
    model = state["model"]
    unknown = (
        model.get("unk_id") if kind == "Unigram" else model["vocab"].get(model.get("unk_token"))
    )
    vocabulary = Vocabulary(
        state,
        unknown=tokenizer.unk_token_id if unknown is None else unknown,
        special=frozenset(
            {*tokenizer.all_special_ids, *(token["id"] for token in state["added_tokens"])}
        ),
    )
    if vocabulary.ids != tokenizer.get_vocab() or len(vocabulary.ids) != len(vocabulary.names):
        raise refused(name, "some of its subwords share a name or an id")
    return vocabulary


def refused(name: str, reason: str) -> ValueError:
    """Create the error that says why a tokenizer can't be cut.

    Args:
        name: Name of the backbone.
        reason: What its tokenizer is like.
    """
    return ValueError(
        f"The tokenizer of {name!r} can't be cut: {reason}. Choose a backbone with Unigram "
        "(XLM-R), WordPiece (BERT) or BPE (RoBERTa, ModernBERT) subwords."
    )


def _types(stage: Mapping[str, Any]) -> Iterator[str]:
    """Yield the types of a stage of the tokenizer and of the stages that it consists of."""
    yield str(stage.get("type"))
    for part in (*stage.get("pretokenizers", ()), *stage.get("normalizers", ())):
        yield from _types(part)


def _is_character(text: str) -> bool:
    """Tell whether a text is at most one character, and not a part of one."""
    return len(text) <= 1 and text != "\ufffd"
