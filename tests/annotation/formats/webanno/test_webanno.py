from pathlib import Path

import pytest

from lowner_pl.annotation import Document, Notes, Span, write_documents
from lowner_pl.annotation.formats.webanno.header import escape_text, escape_value, unescape
from lowner_pl.annotation.formats.webanno.reading import read

HEAD = "#FORMAT=WebAnno TSV 3.3\n"
ENTITIES = "#T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|identifier|value\n"
EXPORT = f"""{HEAD}#T_SP=de.tudarmstadt.ukp.dkpro.core.api.lexmorph.type.pos.POS|PosValue
{ENTITIES}#T_RL=webanno.custom.In|BT_de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity


#Sentence.id=a
#Text=Ada 😊 Byron lives in New
#Text=York.
1-1\t0-3\tAda\tNE\t*[1]\tPER[1]\t_\t_\t
1-2\t4-6\t😊\t_\t*[1]\tPER[1]\t_\t_\t
1-3\t7-12\tByron\t_\t*[1]|*[2]\tPER[1]|NAME\\_X[2]\t*\t1-1[0_1]\t
1-4\t13-18\tlives\t_\t_\t_\t_\t_\t
1-5\t19-21\tin\t_\t_\t_\t_\t_\t
1-6\t22-25\tNew\t_\t_\t_\t_\t_\t
1-6.1\t23-25\tew\t_\t*[3]\tLOC[3]\t_\t_\t
1-7\t26-30\tYork\t_\t*[3]\tLOC[3]\t_\t_\t
1-8\t30-31\t.\t_\t_\t_\t_\t_\t

#Text=No\\\\w
2-1\t32-36\tNo\\\\w\t_\t*\t*\t_\t_\t
"""


def documents(
    folder: Path, text: str, notes: Notes | None = None, **options: str
) -> list[Document]:
    """Read a text as an export."""
    (folder / "a.tsv").write_text(text, encoding="utf-8", newline="\n")
    return list(
        read(folder / "a.tsv", Notes() if notes is None else notes, layer=options.get("layer"))
    )


def test_an_export_is_read(tmp_path: Path) -> None:
    notes = Notes()
    (document,) = documents(tmp_path, EXPORT, notes)
    assert document.text == "Ada 😊 Byron lives in New\nYork.\nNo\\w"
    assert document.words is not None
    assert [document.text[a:b] for a, b in document.words] == [
        *("Ada", "😊", "Byron", "lives", "in", "New", "York", ".", "No\\w")
    ]
    assert document.sentences == (0, 8)
    assert [(document.text[s.start : s.end], s.type) for s in document.spans] == [
        ("Ada 😊 Byron", "PER"),
        ("Byron", "NAME_X"),
        ("ew\nYork", "LOC"),
        ("No\\w", ""),
    ]
    assert [line.partition(".tsv: ")[2] for line in notes.lines()] == [
        "The layer de.tudarmstadt.ukp.dkpro.core.api.lexmorph.type.pos.POS|PosValue is left out, "
        "with values at 1 word",
        "The layer webanno.custom.In|BT_de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity is "
        "left out, with values at 1 word",
    ]


def test_a_sentence_without_its_text_is_put_together(tmp_path: Path) -> None:
    body = "1-1\t0-1\ta\t_\tX\t\n1-2\t3-4\tb\t_\t_\t\n"
    (document,) = documents(tmp_path, f"{HEAD}{ENTITIES}\n\n{body}")
    assert (document.text, document.words) == ("a  b", ((0, 1), (3, 4)))


def test_spans_over_a_sentence_end_are_one_span(tmp_path: Path) -> None:
    body = "#Text=a\n1-1\t0-1\ta\t_\tX[1]\t\n\n#Text=b\n2-1\t2-3\tb\t_\tX[1]\t\n"
    (document,) = documents(tmp_path, f"{HEAD}{ENTITIES}\n\n{body}")
    assert (document.text, document.spans) == ("a\nb", (Span(0, 3, "X"),))


def test_the_file_that_inception_imports(tmp_path: Path) -> None:
    document = Document(
        "Ada 😊 lives in New York. No\\w",
        (Span(0, 5, "PER"), Span(4, 5, "A_B"), Span(16, 23, "LOC"), Span(0, 5, "PER")),
        ((0, 3), (4, 5), (6, 11), (12, 14), (15, 18), (19, 23), (23, 24), (25, 29)),
        (0, 7),
    )
    write_documents(tmp_path / "a.tsv", "webanno", [document])
    assert (tmp_path / "a.tsv").read_text(encoding="utf-8") == (
        """#FORMAT=WebAnno TSV 3.3
#T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|value


#Text=Ada 😊 lives in New York.
1-1\t0-3\tAda\tPER[1]|PER[4]\t
1-2\t4-6\t😊\tPER[1]|A\\_B[2]|PER[4]\t
1-3\t7-12\tlives\t_\t
1-4\t13-15\tin\t_\t
1-5\t16-19\tNew\t_\t
1-5.1\t17-19\tew\tLOC[3]\t
1-6\t20-24\tYork\tLOC[3]\t
1-7\t24-25\t.\t_\t

#Text=No\\\\w
2-1\t26-30\tNo\\\\w\t_\t
"""
    )
    (back,) = documents(tmp_path, (tmp_path / "a.tsv").read_text(encoding="utf-8"))
    assert (back.words, back.sentences) == (document.words, document.sentences)
    assert sorted(back.spans, key=str) == sorted(document.spans, key=str)


@pytest.mark.parametrize(
    "text", ["a\tb\n\r\f\b\\", "\x00\x07\x0e\x1f\x0b", "[a]|_->;*\\n", "\\\\t"]
)
def test_escapes_are_undone(text: str) -> None:
    assert unescape(escape_text(text)) == text
    assert unescape(escape_value(text)) == text
    assert not set("\t\n") & {*escape_text(text), *escape_value(text)}


def test_a_layer_of_ones_own_is_found_or_asked_for(tmp_path: Path) -> None:
    row = "\n\n#Text=a\n1-1\t0-1\ta\tX\tY\t\n"
    own = "#T_SP=webanno.custom.Mine|kind|sure\n"
    with pytest.raises(
        ValueError, match=r"may be in webanno.custom.Mine\|kind, webanno.custom.Mine"
    ):
        documents(tmp_path, HEAD + own + row)
    (document,) = documents(tmp_path, HEAD + own + row, layer="webanno.custom.Mine|sure")
    assert document.spans == (Span(0, 1, "Y"),)
    with pytest.raises(ValueError, match=r"There is no layer 'other', only webanno\.custom\.Mine"):
        documents(tmp_path, HEAD + own + row, layer="other")
    two = "#T_SP=webanno.custom.Mine|kind\n#T_SP=webanno.custom.Other|kind\n"
    (document,) = documents(tmp_path, HEAD + two + row, layer="webanno.custom.Other")
    assert document.spans == (Span(0, 1, "Y"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# id=1\n1\ta\tO\n", "The first line is '# id=1', not '#FORMAT=WebAnno TSV 3'"),
        (HEAD + "#T_RL=a|b\n\n\n#Text=a\n1-1\t0-1\ta\t_\t_\t\n", "There is no layer of spans"),
        (HEAD + ENTITIES + "\n\n#Text=a\n1-1\t0-1\ta\t_\n", "line 6: .*with 2 cells after them"),
        (
            HEAD + ENTITIES + "\n\n#Text=a b\n1-1\t0-1\ta\t_\t_\t\n1-2\t1-2\tb\t_\t_\t\n",
            "line 7: 'b' should be at 1-2, but the text there is ' '",
        ),
        (
            HEAD + ENTITIES + "\n\n#Text=a\n1-1.1\t0-1\ta\t_\t_\t\n",
            "line 6: 'a' is a part of a word, but no word is above it",
        ),
        (
            HEAD
            + ENTITIES
            + "\n\n#Text=ab\n1-1\t0-2\tab\t_\t_\t\n\n#Text=c\n2-1\t1-2\tc\t_\t_\t\n",
            "line 9: 'c' begins at 1, inside the sentence before it",
        ),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        documents(tmp_path, text)
