import pytest

from lowner_pl.corpus.content import content, is_conll_name

TAGGED = "Juma B-PER\nalifika O\n\nDodoma B-LOC\n. O\n"


@pytest.mark.parametrize(
    "text",
    [
        TAGGED,
        TAGGED.replace(" ", "\t"),
        TAGGED.replace("\n\n", "\n"),
        TAGGED.replace("alifika O", "alifika"),  # a missing tag: still CoNLL, to be refused later
        TAGGED.replace("B-PER", "B-person").replace("B-LOC", "S-location"),
        TAGGED.replace("B-PER", "B-人名").replace("B-LOC", "I-地名"),
        TAGGED.replace("B-", ""),
        "# sent_id = 1\n# text = x\nJuma B-PER\n\n# sent_id = 2\n# text = y\nyuko O\n",
        "-DOCSTART- -X- O O\n\nJuma NNP B-NP B-PER\nyuko VB B-VP O\n",
        "Juma B-PER 0.9\nyuko O 0.8\n",
        "1\tJuma\tB-PER\n2\tyuko\tO\n",
        "Juma B-PER\n",
        "Juma B-PER\nAli I-PER\n",
        "a O\nb O\nc O\n",
        "Juma\tjuma\tPROPN\nyuko\tko\tVERB\n\nDodoma\tdodoma\tPROPN\n",
        TAGGED.replace("\n", "\r\n"),
        "\ufeff" + TAGGED,
        TAGGED.replace("B-", "B_"),
        TAGGED.replace("B-PER", "PER-B").replace("B-LOC", "LOC-B"),
        TAGGED.replace("B-", "b-").replace(" O", " o"),
        TAGGED.replace(" O", " 0"),
    ],
)
def test_lines_with_tags_or_columns_are_conll(text: str) -> None:
    assert content(text.splitlines(keepends=True)).kind == "conll"


@pytest.mark.parametrize(
    "text",
    [
        "Juma alifika Dodoma .\nAsha yuko Mwanza .\n",
        "Juma\n" * 8,
        "O gato dormiu .\nO menino saiu .\n",  # a Portuguese article
        "Ich fahre mit der U-Bahn .\nSie auch .\n",
        "Das U-Boot\n",
        "Fly the B-52\n",
        "blood group O\n",
        "New York\nLos Angeles\n",
        "# A heading\n\nJuma alifika .\n\n* Asha\n",
        "1\tJuma alifika Dodoma .\n2\tAsha yuko Mwanza .\n",
        "Juma\talifika\nAsha\tyuko\n",
        "a",
        "",
        "\n\n",
    ],
)
def test_running_text_is_text_even_with_words_that_look_like_tags(text: str) -> None:
    found = content(text.splitlines(keepends=True))
    assert found.kind == "text"
    assert not found.words_alone
    assert found.other is None


def test_single_words_between_blank_lines_are_reported_as_ambiguous() -> None:
    assert content(["Juma\n", "yuko\n", "\n", "Asha\n", "pia\n"]).words_alone
    assert not content(["Juma\n", "\n", "Asha\n"]).words_alone


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"text": "Juma"}\n{"text": "Asha"}\n', "JSON"),
        ('[{"text": "Juma"}]', "JSON"),
        ('["Juma", "Asha"]', "JSON"),
        ('[\n  {"text": "Juma",\n', "JSON"),
        ("<!DOCTYPE html>\n<html>\n", "HTML"),
        ("Juma,B-PER\nyuko,O\n", "','"),
        ("Juma alifika .\rAsha yuko .\r", "Mac OS"),
    ],
)
def test_files_of_other_formats_are_named(text: str, what: str) -> None:
    other = content(text.splitlines(keepends=True) if "\r" not in text else [text]).other
    assert other is not None
    assert what in other[0]


@pytest.mark.parametrize("text", ["[1] Juma\n", "[1]\n", "{ Juma }\n"])
def test_text_that_begins_with_a_bracket_is_not_json(text: str) -> None:
    assert content(text.splitlines(keepends=True)).other is None


def test_conll_files_are_recognised_by_their_extension() -> None:
    assert is_conll_name("a.conll")
    assert is_conll_name("a/B.CONLLU")
    assert not any(map(is_conll_name, ("a.txt", "a.md", "conll", "/dev/stdin", "eng.testb")))
