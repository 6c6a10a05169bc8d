from pathlib import Path

import pytest

from lowner_pl.runs.calibration import NAME, calibration_of, write_calibration


def test_a_temperature_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_calibration(tmp_path, {"temperature": 1.3125, "words": 20})
    assert calibration_of(tmp_path) == 1.3125


def test_a_run_without_calibration_has_no_temperature(tmp_path: Path) -> None:
    assert calibration_of(tmp_path) is None
    assert calibration_of(tmp_path / "nowhere") is None


def test_the_temperature_of_earlier_weights_is_removed(tmp_path: Path) -> None:
    write_calibration(tmp_path, None)
    write_calibration(tmp_path, {"temperature": 2})
    write_calibration(tmp_path, None)
    assert calibration_of(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    [
        *[b"", b"{", b"[]", b"{}", b"null", b"\xff", b'{"temperature": "1"}'],
        *[b'{"temperature": %s}' % value for value in (b"0", b"NaN", b"Infinity", b"true")],
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(
        ValueError, match=r"calibration.json' has no temperature .* Delete the file"
    ):
        calibration_of(tmp_path)
