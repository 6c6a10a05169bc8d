"""``calibration.json``: the temperature for the confidences of a run's ``best.ckpt``."""

import json
from collections.abc import Mapping
from pathlib import Path

from lowner_pl.runs.files import write_json

NAME = "calibration.json"


def write_calibration(run: Path, record: Mapping[str, object] | None) -> None:
    """Write the calibration of a run, whole or not at all.

    Args:
        run: The run folder.
        record: The temperature and what it was fitted on; ``None`` removes the file, since it
            would belong to other weights.

    Raises:
        OSError: If the file can't be written; an earlier one stays.
    """
    if record is None:
        (run / NAME).unlink(missing_ok=True)
    else:
        write_json(run / NAME, record)


def calibration_of(run: Path) -> float | None:
    """Read the temperature of a run's ``best.ckpt``, without loading weights.

    Args:
        run: The run folder.

    Returns:
        The temperature, above 0; ``None`` for runs without dev data and of versions before 0.3.

    Raises:
        ValueError: If the file is damaged.
    """
    file = run / NAME
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(file) from error
    try:
        temperature = json.loads(text)["temperature"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(file) from error
    number = isinstance(temperature, int | float) and not isinstance(temperature, bool)
    if not number or not 0 < temperature < float("inf"):
        raise _damaged(file)
    return float(temperature)


def _damaged(file: Path) -> ValueError:
    return ValueError(
        f"'{file}' has no temperature that can be read. Delete the file to use confidences as the "
        "tagger computes them, or train the run again."
    )
