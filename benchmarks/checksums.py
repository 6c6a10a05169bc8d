"""The cost of verifying checksums when a checkpoint of XLM-R-base's shape is loaded.

python benchmarks/checksums.py --out results.jsonl
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from common import Record, append, one_thread
from torch import nn
from transformers import XLMRobertaConfig, XLMRobertaModel

from lowner_pl.runs import checkpoints

SHAPE = XLMRobertaConfig(vocab_size=250002, max_position_embeddings=514, type_vocab_size=1)


def main() -> None:
    """Load with and without verification in turn, and compare the medians."""
    options = _options()
    one_thread()
    model = XLMRobertaModel(SHAPE)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "best.ckpt"
        begin = time.process_time()
        checkpoints.AtomicCheckpointIO().save_checkpoint({"state_dict": model.state_dict()}, file)
        record: Record = {"benchmark": "checksums", "save_cpu": time.process_time() - begin}
        record["megabytes"] = file.stat().st_size / 1e6
        _load(model, file)  # once unmeasured, so that the file is in memory
        rounds = []
        for _ in range(options.rounds):
            with_them = _load(model, file)
            with _unverified():
                rounds.append((with_them, _load(model, file), _make()))
    verified, plain, made = (statistics.median(part) for part in zip(*rounds, strict=True))
    record |= {"rounds": options.rounds, "verified_cpu": verified, "plain_cpu": plain}
    record |= {"model_cpu": made, "share": (verified - plain) / (plain + made)}
    append(options.out, record)


def _load(model: nn.Module, file: Path) -> float:
    """Measure the processor seconds of reading a checkpoint and copying its weights."""
    begin = time.process_time()
    model.load_state_dict(checkpoints.read_checkpoint(file)["state_dict"])
    return time.process_time() - begin


def _make() -> float:
    """Measure the processor seconds of creating the model."""
    begin = time.process_time()
    XLMRobertaModel(SHAPE)
    return time.process_time() - begin


@contextmanager
def _unverified() -> Iterator[None]:
    """Skip the verification."""
    with patch.object(checkpoints, "first_changed", lambda *_: None):
        yield


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
