import json
import re
from pathlib import Path
from typing import Any

import pytest

from lowner_pl.__main__ import run_command

CONLL = "Ada\tB-PER\nlives\tO\nin\tO\nNyeri\tB-LOC\n.\tO\n\nNo\tO\n"
TEXT = "Ada lives in Nyeri."
GOLD = [[0, 3, "PER"], [13, 18, "LOC"]]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def convert(*words: str) -> None:
    """Run the command."""
    run_command(["convert", *words])


def write(name: str, *records: Any) -> str:
    """Write JSON lines, and return the name."""
    Path(name).write_text("".join(json.dumps(record) + "\n" for record in records))
    return name


def test_a_raw_export_becomes_a_corpus(capsys: pytest.CaptureFixture[str]) -> None:
    record = {"id": 1, "text": f"{TEXT} She left.", "label": GOLD}
    convert(write("a.jsonl", record), "--out=data/a.conll")
    assert Path("data/a.conll").read_text() == (
        "Ada\tB-PER\nlives\tO\nin\tO\nNyeri\tB-LOC\n.\tO\n\nShe\tO\nleft\tO\n.\tO\n\n"
    )
    assert capsys.readouterr().out.splitlines() == [
        "Left out: the field 'id' (1)",
        "Wrote 2 sentences as conll (LOC 1, PER 1): data/a.conll",
    ]


@pytest.mark.parametrize(
    ("out", "to"),
    [
        ("a.json", None),
        ("a.tsv", None),
        ("b", "brat"),
        ("w", "webanno"),
        ("a.jsonl", "doccano"),
        ("a.jsonl", "prodigy"),
        ("b.conll", None),
    ],
)
def test_formats_are_recognised_by_their_content(out: str, to: str | None) -> None:
    Path("corpus.bio").write_text(f"{CONLL}\n")
    convert("corpus.bio", "--out", out, *(("--to", to) if to else ()))
    there = Path(out).rename("there") if Path(out).is_file() else Path(out)
    convert(str(there), "--out=back.conll", *(["--from=conll"] if out == "b.conll" else []))
    assert Path("back.conll").read_text() == f"{CONLL}\n"


def test_one_tool_to_another(capsys: pytest.CaptureFixture[str]) -> None:
    convert(write("a.jsonl", {"text": TEXT, "label": GOLD, "n": 1}), "--out=a.json")
    assert '<Label value="LOC"/><Label value="PER"/>' in capsys.readouterr().out
    convert("a.json", "--out=b.jsonl", "--to=doccano")
    assert json.loads(Path("b.jsonl").read_text()) == {"text": TEXT, "label": GOLD, "n": 1}


def test_several_inputs_become_one_output() -> None:
    record = {"text": TEXT, "spans": [], "answer": "accept"}
    inputs = write("a.jsonl", record), write("b.jsonl", {"text": TEXT, "label": GOLD})
    convert(*inputs, "--out=c.conll")
    assert Path("c.conll").read_text().count("Ada\t") == 2


CUT = {"text": TEXT, "label": [[1, 3, "PER"], [13, 18, "LOC"], [10, 18, "LOC"], [30, 40, "LOC"]]}
CUT_LINES = [
    "a.jsonl, line 1: LOC at 30-40, '', lies outside the text of 19 characters (the text was "
    "changed, or the positions count UTF-16 units or bytes): left out",
    "a.jsonl, line 1: PER at 1-3, 'da', is only a part of 'Ada': {}",
    "a.jsonl, line 1: LOC at 13-18, 'Nyeri', lies inside LOC 'in Nyeri': left out",
]


def test_spans_that_do_not_fit_are_listed_and_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(
        ValueError, match=r"A span can't be kept, nor can 2 others: a\.jsonl, line 1: L"
    ):
        convert(write("a.jsonl", CUT), "--out=a.conll")
    assert capsys.readouterr().err.splitlines() == [
        line.removesuffix(": {}").removesuffix(": left out") for line in CUT_LINES
    ]
    assert [path.name for path in Path().iterdir()] == ["a.jsonl"]


@pytest.mark.parametrize(
    ("how", "done", "tag"),
    [
        ("skip", "left out", "O"),
        ("shrink", "left out", "O"),
        ("expand", "expanded to 'Ada'", "B-PER"),
    ],
)
def test_spans_that_do_not_fit_are_changed_as_asked(
    how: str, done: str, tag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    convert(write("a.jsonl", CUT), "--out=a.conll", f"--on_misaligned={how}")
    assert Path("a.conll").read_text().splitlines()[:4] == [
        f"Ada\t{tag}",
        "lives\tO",
        "in\tB-LOC",
        "Nyeri\tI-LOC",
    ]
    out = capsys.readouterr().out.splitlines()
    assert out[:3] == [line.format(done) for line in CUT_LINES]


def test_discontinuous_spans_stay_in_brat_and_nowhere_else() -> None:
    Path("b").mkdir()
    Path("b/a.txt").write_text("Ada and Ben Hur")
    Path("b/a.ann").write_text("T1\tPER 0 3;12 15\tAda Hur\n")
    convert("b", "--out=c", "--to=brat")
    assert Path("c/c-001.ann").read_text() == Path("b/a.ann").read_text()
    with pytest.raises(ValueError, match="'Ada and Ben Hur', is discontinuous"):
        convert("b", "--out=c.conll")
    convert("b", "--out=shrunk.conll", "--on_misaligned=shrink")
    convert("b", "--out=grown.conll", "--on_misaligned=expand")
    assert Path("shrunk.conll").read_text() == "Ada\tB-PER\nand\tO\nBen\tO\nHur\tO\n\n"
    assert Path("grown.conll").read_text() == "Ada\tB-PER\nand\tI-PER\nBen\tI-PER\nHur\tI-PER\n\n"


def test_what_nobody_annotated_is_left_out_of_a_corpus(capsys: pytest.CaptureFixture[str]) -> None:
    region = {"type": "labels", "value": {"start": 0, "end": 3, "text": "Ada", "labels": ["PER"]}}
    tasks = [
        {"id": 1, "data": {"text": TEXT}, "annotations": [{"result": [region]}]},
        {"id": 2, "data": {"text": "a"}, "annotations": []},
        {"id": 3, "data": {"text": TEXT}, "annotations": [], "predictions": [{"result": [region]}]},
    ]
    Path("a.json").write_text(json.dumps(tasks))
    convert("a.json", "--out=a.conll")
    assert Path("a.conll").read_text().count("Ada") == 1
    out = capsys.readouterr().out
    assert "1 text left out, which nobody has annotated" in out
    assert "1 text left out: nobody has confirmed the suggestions" in out


def test_annotators_are_asked_for() -> None:
    spans = {"spans": [{"start": 0, "end": 3, "label": "PER"}], "answer": "accept"}
    one = {"text": "Ada", "_input_hash": 1, "_session_id": "ner-ann", **spans}
    write("a.jsonl", one, {**one, "_session_id": "ner-ben", "spans": []})
    with pytest.raises(ValueError, match=r"2 annotators \(ner-ann, ner-ben\) marked different"):
        convert("a.jsonl", "--out=a.conll")
    convert("a.jsonl", "--out=a.conll", "--annotator=ner-ann")
    assert Path("a.conll").read_text() == "Ada\tB-PER\n\n"


def test_files_of_two_annotators_are_recognised_by_their_names() -> None:
    Path("doc").mkdir()
    Path("a.conll").write_text(CONLL)
    convert("a.conll", "--out=doc/ann.tsv")
    text = Path("doc/ann.tsv").read_text()
    Path("doc/ben.tsv").write_text(text.replace("\tPER\t", "\tORG\t"))
    with pytest.raises(ValueError, match=r"2 annotators \(doc/ann, doc/ben\)"):
        convert("doc", "--out=b.conll")
    convert("doc", "--out=b.conll", "--annotator=ben")
    assert Path("b.conll").read_text().startswith("Ada\tB-ORG\n")


def test_folders_of_two_annotators_are_recognised_by_their_names() -> None:
    Path("a.conll").write_text(CONLL)
    for name in ("ann", "ben"):
        convert("a.conll", f"--out={name}", "--to=brat")
        for file in Path(name).glob("*-001.*"):
            file.rename(f"{name}/doc{file.suffix}")
        index = Path(name, "documents.jsonl")
        index.write_text(index.read_text().replace(f"{name}-001", "doc"))
    convert("ann", "ben", "--out=b.conll")
    assert Path("b.conll").read_text() == f"{CONLL}\n"
    text = Path("ben/doc.ann").read_text()
    Path("ben/doc.ann").write_text(text.replace("PER", "ORG"))
    with pytest.raises(ValueError, match=r"doc.ann, line 1: 2 annotators \(ann, ben\) marked"):
        convert("ann", "ben", "--out=b.conll", "--overwrite")
    convert("ann", "ben", "--out=c.conll", "--annotator=ben")
    assert Path("c.conll").read_text() == f"{CONLL}\n".replace("PER", "ORG")


@pytest.mark.parametrize(
    ("content", "words", "message"),
    [
        ("", [], "'in' is of no format that can be recognised. Name its format with --from: conll"),
        ("hello there\n", [], "'in' is of no format that can be recognised"),
        ('{"text": "a"}\n', [], "'in' is of no format that can be recognised"),
        (
            '{"text": "a", "label": [], "spans": []}\n',
            [],
            "may be of the formats doccano and prodigy",
        ),
        ('{"text": "a", "label": []}\n', [], "There is no annotation: no entity in 1 text"),
        ("[]", ["--from=doccano"], "There is nothing to convert in in: no text at all"),
        (
            '{"text": "a", "spans": [], "answer": "ignore"}',
            [],
            "nothing to convert in in: in, line 1",
        ),
        ('{"text": "a"', [], "in, line 1: It is no JSON"),
        (
            CONLL,
            ["--out=b.jsonl"],
            "does not tell the format. Name it with --to: doccano or prodigy",
        ),
        (CONLL, ["--out=b"], "The name 'b' does not tell the format"),
        (CONLL, ["--out=in", "--to=conll"], "'in' is an input, or holds or lies in one"),
        (CONLL, ["--out=in/b", "--to=brat"], "'in/b' is an input, or holds or lies in one"),
        (CONLL, ["--out=.", "--to=brat"], "'.' is an input, or holds or lies in one"),
        (CONLL, ["--out=there.conll"], "'there.conll' exists. Add --overwrite to replace it"),
        (CONLL, ["--out=there", "--to=brat"], "'there' holds 'precious', but brat needs a folder"),
        (CONLL, ["--out=there.conll", "--to=brat"], "'there.conll' is a file, but brat needs"),
        (
            '{"text": "Ada", "label": [[0, 3, "P|Q"]]}\n',
            [],
            "can't be written to CoNLL so that it reads back the same. .* more than one tag",
        ),
    ],
)
def test_bad_input_is_refused_in_one_sentence(content: str, words: list[str], message: str) -> None:
    Path("in").write_text(content)
    Path("there").mkdir()
    Path("there/precious").touch()
    Path("there.conll").touch()
    out = [] if any(word.startswith("--out") for word in words) else ["--out=out.conll"]
    with pytest.raises(ValueError, match=message):
        convert("in", *out, *words)
    assert sorted(path.name for path in Path().iterdir()) == ["in", "there", "there.conll"]
    assert Path("in").read_text() == content


def test_inputs_that_do_not_exist_are_refused() -> None:
    with pytest.raises(FileNotFoundError, match=r"'none\.jsonl' does not exist"):
        convert("none.jsonl", "--out=a.conll")


def test_a_folder_that_was_written_before_may_be_replaced() -> None:
    Path("a.conll").write_text(CONLL)
    convert("a.conll", "--out=b", "--to=brat")
    with pytest.raises(ValueError, match=r"'b' exists\. Add --overwrite"):
        convert("a.conll", "--out=b", "--to=brat")
    Path("b/b-007.txt").touch()
    convert("a.conll", "--out=b", "--to=brat", "--overwrite")
    assert not Path("b/b-007.txt").exists()


@pytest.mark.parametrize("name", ["thesis.txt", "thesis-001.txt", "b-001.txt.tsv", "mine.jsonl"])
def test_a_folder_that_holds_other_files_is_not_replaced(name: str) -> None:
    Path("a.conll").write_text(CONLL)
    convert("a.conll", "--out=b", "--to=brat")
    Path("b", name).write_text("mine")
    with pytest.raises(ValueError, match=f"'b' holds '{re.escape(name)}', but brat needs a folder"):
        convert("a.conll", "--out=b", "--to=brat", "--overwrite")
    assert Path("b", name).read_text() == "mine"


def test_a_brat_collection_has_a_folder_for_each_annotator() -> None:
    for name, tag in {"anna": "PER", "ben": "ORG"}.items():
        Path("all", name).mkdir(parents=True)
        Path("all", name, "x.txt").write_text("Ada lives.\n")
        Path("all", name, "x.ann").write_text(f"T1\t{tag} 0 3\tAda\n")
    with pytest.raises(ValueError, match=r"2 annotators \(all/anna, all/ben\) marked"):
        convert("all", "--out=a.conll")
    convert("all", "--out=a.conll", "--annotator=ben")
    assert Path("a.conll").read_text().startswith("Ada\tB-ORG\n")


def test_columns_and_encoding_of_a_corpus_can_be_named() -> None:
    Path("a.conll").write_bytes("1\tAdé\tB-PER\tX\n2\tb\tO\tX\n".encode("latin-1"))
    words = ("--word_column=1", "--tag_column=2", "--encoding=latin-1")
    convert("a.conll", "--out=b.jsonl", "--to=doccano", "--from=conll", *words)
    assert json.loads(Path("b.jsonl").read_text())["label"] == [[0, 3, "PER"]]


def test_warnings_about_a_corpus_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.conll").write_text("Ada\tb-PER\n")
    convert("a.conll", "--out=b.json")
    assert "'b-PER' is read as 'B-PER'" in capsys.readouterr().out


def test_a_conll_file_without_entities_is_converted_and_an_export_is_not() -> None:
    Path("a.conll").write_text("Ada\tO\nlives\tO\n\nBen\tO\n")
    convert("a.conll", "--out=b.conll")
    assert Path("b.conll").read_text() == "Ada\tO\nlives\tO\n\nBen\tO\n\n"
    open_task = {"text": "Ben", "label": []}
    with pytest.raises(ValueError, match=r"no entity in 3 texts\. Annotate the texts"):
        convert("a.conll", write("c.jsonl", {**open_task, "id": 1}), "--out=d.conll")


def test_two_people_s_exports_without_ids_are_of_one_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    anna = write("anna.jsonl", {"text": TEXT, "label": GOLD}, {"text": "Ben", "label": []})
    ben = write("ben.jsonl", {"text": TEXT, "label": GOLD[:1], "id": 7})
    with pytest.raises(ValueError, match=r"2 annotators \(anna, ben\) marked different spans"):
        convert(anna, ben, "--out=a.conll", "--from=doccano")
    convert(anna, ben, "--out=a.conll", "--from=doccano", "--annotator=ben")
    assert Path("a.conll").read_text().count("B-") == 1
    capsys.readouterr()
    convert(anna, "--out=b.conll", "--from=doccano", "--annotator=anna")
    assert "--annotator anna made no difference" in capsys.readouterr().out


def test_what_suggest_wrote_is_no_loss(capsys: pytest.CaptureFixture[str]) -> None:
    ours = {"suggestion": 1, "strategy": "bald", "suggestion_score": 0.5, "reason": "x"}
    record = {"text": TEXT, "label": GOLD, "score": 0.3, **ours, "source": "y", "shelf": 3}
    convert(write("a.jsonl", record), "--out=a.conll")
    assert "Left out: the field 'shelf' (1)\n" in capsys.readouterr().out
    convert(write("b.jsonl", {"text": TEXT, "label": GOLD, "source": "y"}), "--out=b.conll")
    assert "Left out: the field 'source' (1)\n" in capsys.readouterr().out
