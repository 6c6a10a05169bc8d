from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
import torch
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors
from transformers import AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from lowner_pl.corpus import Sentence
from lowner_pl.encoding import WordEncoder
from lowner_pl.nn.backbones.making.missing_letters import NONE, Additions, missing
from lowner_pl.nn.backbones.making.subword_choice import with_parts
from lowner_pl.nn.backbones.making.tokenizer_vocabulary import read_vocabulary
from lowner_pl.nn.backbones.making.trimmed_tokenizer import cut_tokenizer, layout

from ....conftest import ALL_KINDS
from .toys import NAMES, SPECIAL, byte_pairs, fast, unigram, wordpiece


def cut(
    tokenizer: PreTrainedTokenizerBase, kept: Iterable[str], additions: Additions = NONE
) -> PreTrainedTokenizerFast:
    """Keep some subwords and those that every tokenizer keeps."""
    vocabulary = read_vocabulary(tokenizer, "toy")
    some = {vocabulary.ids[name] for name in kept}
    ids = with_parts(vocabulary.always | additions.needed | some, vocabulary.parts)
    return cut_tokenizer(tokenizer, vocabulary, layout(vocabulary, ids, additions), additions)


def names(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    return [*map(str, tokenizer.convert_ids_to_tokens(list(range(len(tokenizer)))))]


def test_kept_pieces_have_their_order_and_scores() -> None:
    tokenizer = unigram(_ab=-1, _a=-2, b=-3, _abb=-2.5, _=-8, a=-8)
    assert tokenizer.tokenize("abb") == ["▁abb"]
    small = cut(tokenizer, ["▁ab"])
    assert names(small) == [*SPECIAL, "▁ab", "▁a", "b", "▁", "a"]
    assert small.tokenize("abb") == ["▁ab", "b"]
    assert small("abb")["input_ids"] == [0, 5, 7, 2]
    assert small("ac")["input_ids"] == [0, 6, 3, 2]  # c is unknown


def test_special_tokens_outside_of_the_vocabulary_move_up() -> None:
    tokenizer = wordpiece("ha", "##bari", "h", "##a", "##ri")
    assert tokenizer.mask_token_id == 9
    small = cut(tokenizer, ["##ri"])
    assert names(small) == ["<unk>", "h", "##a", "##ri", "</s>", "<pad>", "<s>", "<mask>"]
    assert {key: getattr(small, key) for key in NAMES} == NAMES
    assert small("hari <mask>")["input_ids"] == [6, 1, 2, 3, 7, 4]


def test_an_added_token_keeps_its_properties() -> None:
    tokenizer = unigram(_a=-1, _ab=-1, _=-2)
    tokenizer.add_tokens([AddedToken("<gap>", lstrip=True, special=False)])
    small = cut(tokenizer, [])
    assert names(small) == [*SPECIAL, "▁a", "▁", "<gap>"]
    assert small.added_tokens_decoder[7].lstrip
    assert small("a   <gap>")["input_ids"] == [0, 5, 7, 2]


@pytest.mark.parametrize("kind", ["template", "bert", "sequence"])
def test_the_ends_of_a_sentence_have_the_new_ids(kind: str, tmp_path: Path) -> None:
    tokenizer = wordpiece("ha", "h")
    ends = ("</s>", tokenizer.sep_token_id), ("<s>", tokenizer.cls_token_id)
    bert = processors.BertProcessing(*ends)
    tokenizer.backend_tokenizer.post_processor = {
        "template": processors.TemplateProcessing("<s> $A </s>", special_tokens=[*ends]),
        "bert": bert,
        "sequence": processors.Sequence([processors.ByteLevel(), bert]),
    }[kind]
    small = cut(tokenizer, [])
    small.save_pretrained(tmp_path)
    for each in (small, AutoTokenizer.from_pretrained(tmp_path)):
        assert each("h")["input_ids"] == [each.cls_token_id, 1, each.sep_token_id] == [4, 1, 2]


def test_padding_has_the_new_id(tmp_path: Path) -> None:
    tokenizer = wordpiece("ha", "h")
    tokenizer.backend_tokenizer.enable_padding(pad_id=tokenizer.pad_token_id, pad_token="<pad>")
    small = cut(tokenizer, [])
    small.save_pretrained(tmp_path)
    written = Tokenizer.from_file(str(tmp_path / "tokenizer.json")).padding
    assert written is not None
    assert written["pad_id"] == small.pad_token_id == 3


def test_the_merges_of_kept_subwords_stay_and_no_others() -> None:
    tokenizer = byte_pairs("h a", "b a", "ha ba", "r i", "haba ri", "ri ri")
    small = cut(tokenizer, ["haba"])
    assert read_vocabulary(small, "small").merges == [("h", "a"), ("b", "a"), ("ha", "ba")]
    assert small.tokenize("habariri") == ["haba", "r", "i", "r", "i"]


def test_the_marks_of_byte_pairs_stay() -> None:
    subwords = ["a", "b", "a</w>", "b</w>", "ab</w>", "aa"]
    core = Tokenizer(
        models.BPE(
            {name: id_ for id_, name in enumerate(subwords)},
            [("a", "b</w>"), ("a", "a")],
            end_of_word_suffix="</w>",
        )
    )
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    small = cut(fast(core), ["ab</w>"])
    assert small.tokenize("ab aab") == ["ab</w>", "a", "ab</w>"]


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_lines_whose_subwords_are_kept_are_split_as_before(
    kind: str, backbones: dict[str, Path], swahili: list[Sentence]
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(backbones[kind])
    before = [[*map(str, tokenizer.tokenize(" ".join(s.words)))] for s in swahili]
    lines = 40 if kind in ("xlm-roberta", "bert") else 10  # the others have 256 bytes less to learn
    same = 0
    for seed in range(10):
        draw = torch.randperm(len(before), generator=torch.Generator().manual_seed(seed)).tolist()
        some = cut(tokenizer, {name for line in draw[:lines] for name in before[line]})
        assert len(some) < len(tokenizer)
        subwords = {*some.get_vocab()}
        for sentence, line in zip(swahili, before, strict=True):
            if subwords >= {*line}:
                assert some.tokenize(" ".join(sentence.words)) == line
                same += 1
    assert same > 10 * lines  # not only the lines that were drawn


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_no_text_is_unknown_with_new_letters_and_bytes(
    kind: str, backbones: dict[str, Path]
) -> None:
    texts = ["ሰላም ለዓለም", "မင်္ဂလာပါ ကမ္ဘာ", "🙂🙃 ok 👍", "ḓo ŋ Ǹ"]
    tokenizer = AutoTokenizer.from_pretrained(backbones[kind])
    normalizer = tokenizer.backend_tokenizer.normalizer
    shown = [normalizer.normalize_str(text) if normalizer else text for text in texts]
    additions = missing(
        read_vocabulary(tokenizer, "toy"), tokenizer.backend_tokenizer.model, Counter(shown[0])
    )
    every = missing(
        read_vocabulary(tokenizer, "toy"),
        tokenizer.backend_tokenizer.model,
        Counter("".join(shown)),
    )
    small = cut(tokenizer, [], every if kind == "bert" else additions)  # word pieces have no bytes
    for text in texts:
        ids = small(text)["input_ids"]
        assert small.unk_token_id not in ids
        spelt = str(small.decode(ids, skip_special_tokens=True)).replace(" ", "")
        assert kind == "bert" or spelt == text.replace(" ", "")
    letters = [name for name in small.tokenize(shown[0]) if name in additions.seeds]
    assert len(letters) == 7  # all of the text that is read


def test_a_text_that_looks_like_a_byte_is_text() -> None:
    tokenizer = unigram(**{name: -20.0 for name in "<0x41>"}, _=-1.0, _ab=-0.1)
    additions = missing(
        read_vocabulary(tokenizer, "toy"), tokenizer.backend_tokenizer.model, Counter("ŋ")
    )
    small = cut(tokenizer, [], additions)
    assert small.tokenize("<0x41>") == ["▁", *"<0x41>"]
    assert small.tokenize("ŋA") == ["▁", "ŋ", "<0x41>"]


def test_word_encoders_read_the_new_tokenizer(tmp_path: Path) -> None:
    tokenizer = unigram(_a=-1, _b=-1, _=-2)
    small = cut(tokenizer, ["▁a"])
    small.save_pretrained(tmp_path)
    encoder = WordEncoder(AutoTokenizer.from_pretrained(tmp_path), marker="mask")
    assert (encoder.prefix, encoder.mask_id, encoder.suffix) == ([0], 4, [2])
