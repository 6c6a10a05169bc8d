import io
import sys
from pathlib import Path
from typing import Any

import pytest

from lowner_pl.tagging.inputs import Document, sources

WRONG: list[tuple[str, bytes, str]] = [
    ("a.jsonl", b'{"text": "x"}\n\nno', r"a\.jsonl, line 3: It is no JSON \(.*in column 1\)"),
    ("a.jsonl", b'["x"]', "line 1: It is a list, but"),
    ("a.jsonl", b'{"body": "x"}', "no field 'text', only 'body'. Name .*--column"),
    ("a.jsonl", b'{"text": null}', "The field 'text' is null"),
    ("a.jsonl", b'{"text": 3}', "The field 'text' is a number"),
    ("a.jsonl", b"[" * 100_000, "nested too deeply"),
    ("a.txt", b"x\n\xe9\n", r"a\.txt, line 2: The byte 0xe9 is not valid utf-8.*--encoding"),
    ("a.txt", "xy".encode("utf-16"), "UTF-16"),
    ("a.txt", b"PK\x03\x04\xff", "office document"),
    ("a.csv", b"id,body\n1,x\n", "no column 'text', only 'id', 'body'"),
    ("a.csv", b"id,text\n1,x\n2\n", "line 3: The row has not as many cells"),
    ("a.csv", b"id,text\n1,x,y\n", "line 2: The row has not as many cells"),
    ("a.csv", b"", "no column 'text', only none"),
    ("a.parquet", b"PAR1", "is no Parquet file"),
    ("a.json", b"{}", "one object per line"),
    ("a.conll", b"x O", "predict --data.predict_path"),
]


def read(*names: str | Path, kind: Any = None, **options: str) -> list[Document]:
    """Read the documents of inputs."""
    given = {"column": "text", "encoding": "utf-8", **options}
    found = sources([*map(str, names)], kind=kind, **given)
    return [document for source in found for document in source.documents()]


def texts(*names: str | Path, **options: Any) -> list[str]:
    """Read the texts of inputs."""
    return [document.text for document in read(*names, **options)]


def test_a_string_is_a_text_and_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes("\ufeffone\r\n\r\n\ttwo\u2028 \x00\nthree".encode())
    assert texts("Anna left.", file) == ["Anna left.", "one", "", "\ttwo\u2028 \x00", "three"]
    assert read(file)[-1].done == 1.0
    strings = ["x" * 100_000, "a\x00b.txt c", "Who? Me."]
    assert texts(*strings) == strings


def test_records_keep_what_stands_beside_the_text(tmp_path: Path) -> None:
    from pyarrow import parquet, table

    (tmp_path / "a.jsonl").write_text('{"id": 1, "text": "x\\ny"}\n\n{"text": "z"}\n')
    (tmp_path / "a.csv").write_text('id,text\n1,"x, ""y""\nz"\n2,w\n')
    (tmp_path / "a.tsv").write_text("id\ttext\n1\tx\n")
    parquet.write_table(table({"id": [1, 2], "text": ["x", "y"]}), tmp_path / "a.parquet")
    jsonl, csv, tsv, rows = (read(tmp_path / f"a.{k}") for k in ("jsonl", "csv", "tsv", "parquet"))
    assert [d.record for d in jsonl] == [{"id": 1, "text": "x\ny"}, {"text": "z"}]
    assert [d.record["text"] for d in csv] == ['x, "y"\nz', "w"]
    assert [d.record for d in tsv] == [{"id": "1", "text": "x"}]
    assert [d.record for d in rows] == [{"id": 1, "text": "x"}, {"id": 2, "text": "y"}]
    assert [d.done for d in rows] == [0.5, 1.0]
    assert texts(tmp_path / "a.csv", column="id") == ["1", "2"]


def test_a_bad_cell_is_named_by_its_row_and_a_long_one_is_read(tmp_path: Path) -> None:
    from pyarrow import parquet, table

    (tmp_path / "a.csv").write_text(f'text\n"{"x " * 200_000}"\n')
    assert [len(text) for text in texts(tmp_path / "a.csv")] == [400_000]
    parquet.write_table(table({"text": ["x"] * 600 + [None]}), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"row 601: The column 'text' is NoneType"):
        read(tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"a\.parquet: There is no column 'body', only 'text'"):
        read(tmp_path / "a.parquet", column="body")


def test_standard_input_and_odd_names_take_the_format_that_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one\ntwo")))
    assert texts() == ["one", "two"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"text": "x"}')))
    assert texts("-", kind="jsonl") == ["x"]
    (tmp_path / "notes").write_text('{"text": "y"}')
    assert texts(tmp_path / "notes", kind="jsonl") == ["y"]


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "utf-32-le"])
def test_other_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.txt").write_bytes("é one\r\ntwo\n".encode(encoding))
    assert texts(tmp_path / "a.txt", encoding=encoding) == ["é one", "two"]


@pytest.mark.parametrize(("name", "content", "message"), WRONG)
def test_bad_files_are_refused_in_one_sentence(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read(tmp_path / name)


def test_bad_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file 'no\.txt'"):
        read("no.txt")
    with pytest.raises(IsADirectoryError, match="Name the files in it"):
        read(tmp_path)
    with pytest.raises(ValueError, match="read only once"):
        read("-", "-")
    with pytest.raises(ValueError, match="Parquet can't be read"):
        read("-", kind="parquet")
    with pytest.raises(ValueError, match="no encoding 'klingon'"):
        read("x", encoding="klingon")
    (tmp_path / "a.txt").write_bytes(b"abc")
    with pytest.raises(ValueError, match="line 1: The text is not valid utf-32"):
        read(tmp_path / "a.txt", encoding="utf-32")
