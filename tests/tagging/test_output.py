import json
from pathlib import Path

import pytest

from lowner_pl.tagging import output
from lowner_pl.tagging.output import OutputFile, check_target


def names(folder: Path) -> list[str]:
    """List the files of a folder."""
    return sorted(path.name for path in folder.iterdir())


def stopped(target: Path, *texts: str, signature: str | None = "same") -> None:
    """Write texts until the user presses Ctrl-C."""
    with pytest.raises(KeyboardInterrupt), OutputFile(target, signature) as file:  # noqa: PT012
        for text in texts:
            file.write(text, documents=1)
        raise KeyboardInterrupt


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.jsonl"
    with OutputFile(target, "same") as file:
        file.write("one\n", documents=1)
        assert not target.exists()
    assert target.read_text() == "one\n"
    assert names(target.parent) == ["a.jsonl"]


def test_a_stopped_file_goes_on_where_it_was(tmp_path: Path) -> None:
    stopped(tmp_path / "a", "é1 ", "2 ")
    assert names(tmp_path) == [".a.progress", ".a.unfinished"]
    with (tmp_path / ".a.unfinished").open("a") as file:
        file.write("cut o")  # written, but not noted, when the process was killed
    with OutputFile(tmp_path / "a", "same") as again:
        assert again.documents == 2
        again.write("3", documents=1)
    assert (tmp_path / "a").read_text() == "é1 2 3"
    assert names(tmp_path) == ["a"]


def test_another_signature_or_a_damaged_note_begins_again(tmp_path: Path) -> None:
    for damage in ("", "{}", json.dumps({"signature": "same", "documents": 1, "bytes": 99})):
        stopped(tmp_path / "a", "1")
        (tmp_path / ".a.progress").write_text(damage)
        with OutputFile(tmp_path / "a", "same") as file:
            assert file.documents == 0
    stopped(tmp_path / "a", "1")
    with OutputFile(tmp_path / "a", "other") as file:
        assert file.documents == 0
    assert (tmp_path / "a").read_text() == ""


def test_nothing_is_left_of_what_can_not_be_made_again(tmp_path: Path) -> None:
    stopped(tmp_path / "a", "1", signature=None)
    stopped(tmp_path / "a")
    assert names(tmp_path) == []


def test_the_place_is_noted_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "SECONDS", -1.0)
    with OutputFile(tmp_path / "a", "same") as file:
        file.write("1234", documents=3)
        noted = json.loads((tmp_path / ".a.progress").read_text())
    assert (noted["documents"], noted["bytes"]) == (3, 4)


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_keeps_what_was_noted_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    stopped(tmp_path / "a", "1")
    message = r"can't be written: File too large\. Then run the same .* goes on after 1 texts"
    for _ in range(2):
        with pytest.raises(OSError, match=message):  # noqa: SIM117
            with OutputFile(tmp_path / "a", "same") as file:
                file.write("x" * 200_000, documents=1)
    assert (tmp_path / "a").read_text() == "old"
    with OutputFile(tmp_path / "a", "same") as file:
        assert file.documents == 1
    assert (tmp_path / "a").read_text() == "1"


@pytest.mark.usefixtures("full_disk")
@pytest.mark.parametrize("signature", ["same", None])
def test_a_disk_that_is_full_before_anything_is_noted_promises_and_leaves_nothing(
    tmp_path: Path, signature: str | None
) -> None:
    for size in (200_000, 99_000):  # too large for the buffer; fails when the file is complete
        with (  # noqa: PT012
            pytest.raises(OSError, match=r"can't be written: File too large\.$"),
            OutputFile(tmp_path / "a", signature) as file,
        ):
            file.write("x" * size, documents=1)
            file.write("x" * 2_000, documents=1)
    assert names(tmp_path) == []


def test_two_processes_do_not_write_the_same_file(tmp_path: Path) -> None:
    with OutputFile(tmp_path / "a", "same") as file:
        file.write("1", documents=1)
        with pytest.raises(ValueError, match="Another process is writing"):
            OutputFile(tmp_path / "a", "same")
    assert (tmp_path / "a").read_text() == "1"


def test_outputs_that_would_destroy_something_are_refused(tmp_path: Path) -> None:
    text, link = tmp_path / "a.txt", tmp_path / "b.txt"
    text.write_text("x")
    link.hardlink_to(text)
    with pytest.raises(ValueError, match="is an input"):
        check_target(link, [text], overwrite=True)
    with pytest.raises(ValueError, match=r"exists\. Add --overwrite"):
        check_target(text, [], overwrite=False)
    with pytest.raises(ValueError, match="which is a folder"):
        check_target(tmp_path, [], overwrite=True)
    with pytest.raises(ValueError, match="no ordinary file"):
        check_target(Path("/dev/null"), [], overwrite=True)
    with pytest.raises(OSError, match="can't be written"):
        check_target(text / "c", [], overwrite=False)
    check_target(text, [], overwrite=True)
    assert text.read_text() == "x"
