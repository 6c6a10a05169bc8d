"""Names of run folders, and files inside them."""

from pathlib import Path

import pytest

from lowner_pl.runs.paths import check_folder_name, lies_in

LONG = ["x" * 120, "語" * 40]


@pytest.mark.parametrize(
    "name",
    ["", " ", "a/b", "a\\b", "..", ".", "a\nb", "a\x1b[0m", "a\x00", "x" * 121, "語" * 41, "a "],
)
def test_names_that_could_lead_to_another_folder_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"^`--variant` becomes part of a folder's name") as caught:
        check_folder_name("--variant", name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["crf", "v[bold]2", "lr-1e-3", "v.2", "ngómbé", "a b", *LONG])
def test_ordinary_names_are_accepted(name: str) -> None:
    check_folder_name("--variant", name)


def test_a_file_lies_in_a_folder_however_the_paths_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    assert lies_in("link/best.ckpt", Path("run"))
    assert not lies_in("best.ckpt", Path("run"))
    assert not lies_in(None, Path("run"))
