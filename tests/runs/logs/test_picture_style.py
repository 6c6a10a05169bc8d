"""Looks of methods, and texts in lines."""

from lowner_pl.runs.logs.picture_style import look, wrapped


def test_thirty_methods_differ_with_and_without_colour() -> None:
    looks = [look(number) for number in range(30)]
    assert len({(one.colour, one.dash) for one in looks}) == 30
    assert len({(one.marker, one.dash) for one in looks}) == 30
    assert len({(one.colour, one.hatch) for one in looks}) == 30


def test_lines_are_as_wide_as_they_may_be() -> None:
    assert wrapped("one two three", 7)[0] == "one two\nthree"
    assert wrapped("人人人 a", 4)[0] == "人人\n人 a"
    assert wrapped("abcdefgh", 4)[0] == "abcd\nefgh"
    assert wrapped("", 4)[0] == ""


def test_lines_are_read_from_left_to_right_and_names_in_them_as_they_are_written() -> None:
    shown, _ = wrapped("אבג − ערבית, points", 16, ["אבג", "ערבית", "points"])
    assert shown.replace("\u200e", "^") == "^^אבג^ − ^ערבית^,\npoints"
