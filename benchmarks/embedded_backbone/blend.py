"""Blend a backbone with the one that its training started from.

Training as a masked language model teaches the mask, but wears off what the start knew. The mean of
the weights before and after keeps both (Wortsman et al., 2022, https://arxiv.org/abs/2109.01903).
"""

import argparse
import shutil
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor

from lowner_pl.nn.backbones.files.weights_file import add_checksums

TABLE = "bert.embeddings.word_embeddings.weight"


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start", type=Path, required=True, help="folder that start.py wrote")
    parser.add_argument("--trained", type=Path, required=True, help="weights after training")
    parser.add_argument("--share", type=float, default=0.5, help="of the trained weights")
    parser.add_argument("--folder", type=Path, required=True, help="where to write")
    options = parser.parse_args()
    shutil.copytree(options.start, options.folder)
    start = load_file(options.start / "model.safetensors")
    blended = blend(start, load_file(options.trained), options.share)
    save_file(blended, options.folder / "model.safetensors", {"format": "pt"})
    add_checksums(options.folder)
    print(f"Backbone: {options.folder}")


def blend(start: dict[str, Tensor], trained: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Blend the encoder's weights; the head and the trained rows of the table are taken whole.

    Args:
        start: Weights before training.
        trained: Weights after training. The table's trained rows and their ids are stored as
            ``TABLE.rows`` and ``TABLE.ids``.
        share: Share of the trained weights, from 0 to 1.
    """
    blended = dict(start)
    for name, weight in trained.items():
        if name.startswith("cls."):
            blended[name] = weight.float()
        elif not name.startswith(TABLE):
            blended[name] = start[name].lerp(weight.float(), share)
    blended[TABLE] = start[TABLE].clone()
    blended[TABLE][trained[f"{TABLE}.ids"]] = trained[f"{TABLE}.rows"].float()
    return blended


if __name__ == "__main__":
    main()
