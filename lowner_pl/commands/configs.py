"""The command ``configs``, and the search for the package's configurations by name."""

import argparse
import shutil
import sys
from itertools import groupby
from pathlib import Path
from typing import NoReturn

from lowner_pl.commands.options.nearest import nearest

_PACKAGED = Path(__file__).parents[1] / "configs"
FOLDER = _PACKAGED if _PACKAGED.is_dir() else Path(__file__).parents[2] / "configs"
"""The folder of the configurations: inside an installed package, beside it in a checkout."""
SUFFIXES = (".yaml", ".yml", ".json")
GONE = {
    "melm_1_gold.yaml": "It is now configs/melm/gold_conll.yaml.",
    "melm_2_finetune.yaml": "It is now configs/melm/generators/melm.yaml.",
    "melm_3_generate.yaml": "It is now configs/melm/generators/melm.yaml.",
    "melm_4_filter.yaml": "It is now configs/melm/gold_conll.yaml.",
    "melm_5_train.yaml": "Use configs/melm/gold_conll.yaml with "
    "--data configs/parts/data/augmented.yaml.",
    "melm_plain.yaml": "Use configs/melm/generators/melm.yaml with --model.linearize false.",
    "melm_multi_tagger.yaml": "It is now configs/melm/gold_multi_conll.yaml.",
    "daga.yaml": "It is now configs/melm/generators/daga.yaml.",
    "mulda_conll.yaml": "It is now configs/melm/generators/mulda.yaml.",
    "meta_no_both.yaml": "Use configs/overlays/meta_no_max.yaml and "
    "configs/overlays/meta_no_mask.yaml together.",
    "embedded_augmented.yaml": "Use configs/overlays/embedded_backbone.yaml with --data.source "
    "configs/parts/data/sample.yaml.",
    "embedded_meta_base.yaml": "Use configs/embedded.yaml with --model.frozen_layers 1 "
    "--model.train_embeddings none --data configs/parts/data/sample_cross_lingual.yaml.",
    "trainer.yaml": "Its options are defaults now; write `trainer: {max_epochs: 30}`.",
    "trainer_melm.yaml": "Its options are defaults now; write `trainer: {max_epochs: 10}`.",
    "trainer_melm_finetune.yaml": "Its options are defaults now; write "
    "`trainer: {max_epochs: 20}`.",
    "trainer_daga.yaml": "Its options are in configs/melm/generators/daga.yaml.",
    "trainer_mulda.yaml": "Its options are in configs/melm/generators/mulda.yaml.",
    "trainer_meta.yaml": "Its options are in configs/meta/meta_conll.yaml.",
    "trainer_meta_target.yaml": "Its options are defaults now; write `trainer: {max_epochs: 10}`.",
}
"""Advice for the configurations of version 0.1 that were renamed or removed."""


def configs(arguments: list[str]) -> None:
    """List the configurations, or copy them to a folder.

    Args:
        arguments: Nothing, or ``--copy FOLDER``.
    """
    parser = _Parser(
        prog="python -m lowner_pl configs",
        description="List the configurations that come with the package.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--copy", type=Path, metavar="FOLDER", help="copy them to a folder, to be changed there"
    )
    folder = parser.parse_args(arguments).copy
    if folder is None:
        print(listing())
    else:
        copy(folder)
        print(f"Copied {len(names())} configurations to '{folder}'.")


class _Parser(argparse.ArgumentParser):
    """A parser with one sentence for a mistake, which is made without heavy imports."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and exit with status 2."""
        from lowner_pl.commands.options.option_errors import explain  # imports Lightning
        from lowner_pl.commands.options.typed import Typed

        print(f"error: {explain(message, Typed((), 'configs'), ['--copy'])}", file=sys.stderr)
        self.exit(2)


def names() -> list[str]:
    """List the configurations by their paths inside `FOLDER`: those at its top come first."""
    files = [file.relative_to(FOLDER) for file in FOLDER.rglob("*.yaml")]
    return [file.as_posix() for file in sorted(files, key=lambda file: (file.parent, file.name))]


def listing() -> str:
    """Describe every configuration by its first comment, grouped by folder."""
    width = max(map(len, names()))
    lines = ["Give one of these names to --config, --model or --data. `--copy FOLDER` copies all."]
    for folder, group in groupby(names(), key=lambda name: name.rpartition("/")[0]):
        lines += ["", f"{folder}/" if folder else "to start with"]
        lines += [f"  {name:<{width}}  {_first_comment(FOLDER / name)}" for name in group]
    return "\n".join(lines)


def copy(folder: Path) -> None:
    """Copy all configurations to a folder.

    Raises:
        FileExistsError: If one of them is there already; then nothing is copied.
    """
    for name in names():
        if (folder / name).exists():
            raise FileExistsError(
                f"'{folder / name}' exists already, so nothing was copied. Give another folder."
            )
    for name in names():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(FOLDER / name, folder / name)


def located(words: list[str]) -> list[str]:
    """Replace the names of packaged configurations on a command line by their paths.

    A file in the working directory wins over a packaged one of the same name.
    """
    return ["".join((*(part := word.rpartition("="))[:2], locate(part[2]))) for word in words]


def locate(name: str, folder: Path = Path()) -> str:
    """Find a packaged configuration by its name, with or without ``configs/`` in front.

    Args:
        name: The name.
        folder: The folder whose files win over packaged ones, by default the working directory.

    Returns:
        Its path, or the name itself if the folder has such a file or the package has no such
        configuration.
    """
    if not name.endswith(SUFFIXES) or (folder / Path(name).expanduser()).exists():
        return name
    packaged = FOLDER / _inside(name)
    return str(packaged) if packaged.is_file() else name


def advice(name: str) -> str:
    """Suggest the configuration that the user meant, as the end of a message; empty if unknown.

    Args:
        name: The name of a missing configuration, as the user typed it.
    """
    typed = _inside(name)
    if any(f"/{typed}".endswith(f"/{known}") for known in names()):
        return " `python -m lowner_pl configs --copy FOLDER` writes the package's own to a folder."
    folder, file = Path(typed).parent.name, Path(typed).name
    of_part = folder in ("data", "model")
    if file in GONE and not of_part:
        return f" {GONE[file]}"
    ending = f"/{folder}/{file}" if of_part else f"/{file}"
    moved = [known for known in names() if known.endswith(ending)]
    if len(moved) == 1:
        return f" It is now configs/{moved[0]}."
    by_path = {known.removesuffix(".yaml"): known for known in names()}
    by_file = {Path(known).stem: known for known in names()}
    stem = Path(typed).with_suffix("").as_posix()
    kinds = (by_path, by_file) if "/" in stem else (by_file, by_path)
    guesses = (kind.get(nearest(stem, kind) or "") for kind in kinds)
    known = next((guess for guess in guesses if guess), None)
    return f" Did you mean configs/{known}?" if known else ""


def _inside(name: str) -> str:
    """Convert a name to a path inside `FOLDER`."""
    return Path(name).as_posix().removeprefix("./").removeprefix("configs/")


def _first_comment(file: Path) -> str:
    """Read the first line of a file without its comment sign."""
    with file.open(encoding="utf-8") as lines:
        return next(lines).removeprefix("#").strip()
