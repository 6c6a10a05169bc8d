"""A tokenizer cut to some of its subwords, with new ones added."""

import copy
import json
from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from lowner_pl.nn.backbones.making.missing_letters import Additions
from lowner_pl.nn.backbones.making.tokenizer_vocabulary import Vocabulary


class Layout(NamedTuple):
    """The subwords of a cut vocabulary, in the order of their new ids.

    Attributes:
        old: The old id of each subword, or ``None`` if it is new.
        names: The subwords.
    """

    old: list[int | None]
    names: list[str]

    @property
    def new(self) -> dict[int, int]:
        """The new id of each old one."""
        return {old: new for new, old in enumerate(self.old) if old is not None}


def layout(vocabulary: Vocabulary, kept: Set[int], additions: Additions) -> Layout:
    """Number the subwords that are kept in their old order, then the new ones.

    Added tokens outside the model's vocabulary come last, where `tokenizers` puts them.
    """
    inside = sorted(kept & vocabulary.inside.keys())
    outside = sorted(kept - vocabulary.inside.keys())
    names = vocabulary.names
    return Layout(
        [*inside, *[None] * len(additions.seeds), *outside],
        [*(names[id_] for id_ in inside), *additions.seeds, *(names[id_] for id_ in outside)],
    )


def cut_tokenizer(
    tokenizer: PreTrainedTokenizerBase,
    vocabulary: Vocabulary,
    order: Layout,
    additions: Additions,
) -> PreTrainedTokenizerFast:
    """Make a tokenizer with fewer subwords that splits text as before where they are enough.

    Removing subwords that a word does not use changes neither its best segmentation (Unigram) nor
    its longest matches (WordPiece), nor, if the subwords have their merges and parts, the order in
    which they are merged (BPE).

    Args:
        tokenizer: The whole tokenizer.
        vocabulary: Its vocabulary.
        order: The subwords to keep and add.
        additions: The new ones.
    """
    ids = {subword: id_ for id_, subword in enumerate(order.names)}
    state: dict[str, Any] = {**vocabulary.state, "model": _cut_model(vocabulary, order, additions)}
    state["added_tokens"] = sorted(
        (token | {"id": ids[token["content"]]} for token in state["added_tokens"]),
        key=lambda token: int(token["id"]),
    )
    if state["post_processor"]:
        state["post_processor"] = _renumbered(state["post_processor"], ids)
    if state["padding"]:
        state["padding"] = state["padding"] | {"pad_id": ids[state["padding"]["pad_token"]]}
    if additions.fallback and not vocabulary.is_byte_level:
        parts = [{"type": "ByteFallback"}, *filter(None, [state["decoder"]]), {"type": "Fuse"}]
        state["decoder"] = {"type": "Sequence", "decoders": parts}
    cut = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(state, ensure_ascii=False)),
        model_max_length=tokenizer.model_max_length,
        model_input_names=tokenizer.model_input_names,
        padding_side=tokenizer.padding_side,
        truncation_side=tokenizer.truncation_side,
        **tokenizer.special_tokens_map,
    )
    assert cut.get_vocab() == ids
    return cut


def _cut_model(vocabulary: Vocabulary, order: Layout, additions: Additions) -> dict[str, Any]:
    """Cut the part of the state that splits words into subwords."""
    model = dict(vocabulary.model)
    inside = [
        (old, subword)
        for old, subword in zip(order.old, order.names, strict=True)
        if old is None or old in vocabulary.inside
    ]
    ids = {subword: id_ for id_, (_, subword) in enumerate(inside)}
    match vocabulary.kind:
        case "Unigram":
            scores = _scores([score for _, score in model["vocab"]], additions)
            model["vocab"] = [
                (subword, scores[subword] if old is None else model["vocab"][old][1])
                for old, subword in inside
            ]
            if model["unk_id"] is not None:
                model["unk_id"] = ids[vocabulary.names[model["unk_id"]]]
        case "WordPiece":
            model["vocab"] = ids
        case "BPE":
            model["vocab"] = ids
            merges = (pair for pair in vocabulary.merges if vocabulary.merged(*pair) in ids)
            model["merges"] = [*merges, *additions.merges]
    if additions.fallback and not vocabulary.is_byte_level:
        model["byte_fallback"] = True
    return model


def _scores(known: Sequence[float], additions: Additions) -> dict[str, float]:
    """Score new Unigram subwords: letters as the rarest subword, bytes lower than their spelling.

    A text that contains ``<0x41>`` is so spelt with at least two subwords, not with a byte.
    """
    lowest = min(known)
    below = lowest - len("<0x41>") * abs(lowest) - 1
    return {
        subword: below if subword in additions.fallback else lowest for subword in additions.seeds
    }


def _renumbered(processor: Mapping[str, Any], ids: Mapping[str, int]) -> dict[str, Any]:
    """Give the special tokens that a post-processor adds to a text their new ids."""
    new = copy.deepcopy(dict(processor))
    match new["type"]:
        case "TemplateProcessing":
            for token in new["special_tokens"].values():
                token["ids"] = [ids[subword] for subword in token["tokens"]]
        case "BertProcessing" | "RobertaProcessing":
            for end in ("cls", "sep"):
                new[end] = [new[end][0], ids[new[end][0]]]
        case "Sequence":
            new["processors"] = [_renumbered(part, ids) for part in new["processors"]]
    return new
