import pytest
from transformers import AutoTokenizer

from lowner_pl.encoding import pack_lines, unspelt_share


def test_lines_are_concatenated_and_cut_into_windows() -> None:
    # Stream: 1 2 3 S 4 5 S 6 7 8 9 (S = 99), windows of 6 with room for 4: 3 + 4 + 4.
    ids, lengths = pack_lines([[1, 2, 3], [4, 5], [6, 7, 8, 9]], length=6, prefix=[50], suffix=[99])
    assert lengths == (5, 6, 6)
    first, second, third = ids.split(lengths)
    assert first.tolist() == [50, 1, 2, 3, 99]
    assert second.tolist() == [50, 99, 4, 5, 99, 99]
    assert third.tolist() == [50, 6, 7, 8, 9, 99]


def test_lines_that_fill_all_windows_give_no_short_window() -> None:
    ids, lengths = pack_lines([[1, 2, 3, 4]], length=4, prefix=[0], suffix=[9])
    assert lengths == (4, 4)
    assert ids.tolist() == [0, 1, 2, 9, 0, 3, 4, 9]


def test_no_subword_of_a_long_line_is_lost() -> None:
    ids, lengths = pack_lines([list(range(10, 33))], length=7, prefix=[0], suffix=[1])
    assert [i for i in ids.tolist() if i >= 10] == list(range(10, 33))
    assert lengths == (5, 7, 7, 7, 7)


def test_empty_lines_leave_no_separator() -> None:
    ids, lengths = pack_lines([[], [5], []], length=8, prefix=[0], suffix=[1])
    assert ids.tolist() == [0, 5, 1]
    assert lengths == (3,)


def test_the_share_of_unknown_subwords_is_computed(backbones: dict[str, object]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(backbones["xlm-roberta"])
    known, unknown = tokenizer.mask_token_id, tokenizer.unk_token_id
    assert unspelt_share([known, unknown, unknown, known], tokenizer) == pytest.approx(0.5)
    assert unspelt_share([], tokenizer) == 0.0


def test_bytes_of_a_character_count_as_less_than_a_character(backbones: dict[str, object]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(backbones["modernbert"])

    def share(text: str) -> float:
        return unspelt_share(tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer)

    assert share(" habari za asubuhi [MASK]") == 0.0
    # "ሰላም" has three letters of three bytes each, and the vocabulary merges none of them.
    assert share("ሰላም") == 1.0
    assert share("a ሰላም") == pytest.approx(9 / 11)  # the other two are "a" and the space
