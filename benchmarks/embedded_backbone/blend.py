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
    parser.add_argument("--trained", type=Path, required=True, help="folder of the trained one")
    parser.add_argument("--share", type=float, default=0.5, help="of the trained weights")
    parser.add_argument("--folder", type=Path, required=True, help="where to write")
    options = parser.parse_args()
    for folder in (options.start, options.trained):
        if not (folder / "model.safetensors").is_file():
            parser.error(f"'{folder}' has no model.safetensors. Give the folder of a backbone.")
    if options.folder.exists():
        parser.error(f"'{options.folder}' exists. Choose a new --folder.")
    shutil.copytree(options.start, options.folder)
    start, trained = (
        load_file(folder / "model.safetensors") for folder in (options.start, options.trained)
    )
    blended = blend(start, trained, options.share)
    save_file(blended, options.folder / "model.safetensors", {"format": "pt"})
    add_checksums(options.folder)
    print(f"Backbone: {options.folder}")


def blend(start: dict[str, Tensor], trained: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Blend the layers; the head and the table of subword vectors are those of the trained model.

    Args:
        start: Weights before training.
        trained: Weights after training, with the same names.
        share: Share of the trained weights, from 0 to 1.
    """
    whole = (TABLE, "cls.")
    return {
        name: trained[name] if name.startswith(whole) else weight.lerp(trained[name], share)
        for name, weight in start.items()
    }


if __name__ == "__main__":
    main()
