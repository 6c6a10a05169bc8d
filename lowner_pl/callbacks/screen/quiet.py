"""Filters for messages of Lightning and Python that tell a user nothing."""

import logging
import sys
import warnings
from io import TextIOWrapper
from pathlib import Path
from typing import Any

# Lightning says these in every run, or the reports of this package say them better.
UNSAID = (
    "Seed set to",
    "GPU available:",
    "TPU available:",
    "HPU available:",
    "LOCAL_RANK:",
    "Restoring states from the checkpoint",
    "Restored all states from the checkpoint",
    "Loaded model weights from the checkpoint",
    "`Trainer.fit` stopped:",
    "Loading `train_dataloader` to estimate",
    "`Trainer(limit_",
    "`Trainer(overfit_batches",
    "You are using a CUDA device",
    "💡 Tip:",
    "Detected KeyboardInterrupt",
)
LOGGERS = (
    "lightning.fabric.utilities.seed",
    "lightning.pytorch.accelerators.cuda",
    "lightning.pytorch.utilities.rank_zero",
)
_python_warning = warnings.formatwarning


def hush() -> None:
    """Silence Lightning's routine messages, and print warnings without source code.

    Characters that the output can't encode, such as the lines of a table in a Windows code page,
    become ``?``. Otherwise a command could fail at its very end.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    warnings.formatwarning = _warning
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_is_shown)


def _warning(
    message: Warning | str, category: type[Warning], filename: str, *place: Any, **line: Any
) -> str:
    """Format a warning; this package's own warnings are sentences without a place in the code."""
    if category is UserWarning and Path(__file__).parents[2] in Path(filename).parents:
        return f"warning: {message}\n"
    return _python_warning(message, category, filename, *place, **line)


def _is_shown(record: logging.LogRecord) -> bool:
    """Tell whether a message of Lightning is worth showing."""
    text = record.getMessage().lstrip()
    return not text.startswith(UNSAID) and "litlogger" not in text
