"""The data of a simulation: the labelled sentences to choose from."""

from collections.abc import Mapping
from typing import Any

from lowner_pl.commands.run_config import method_class
from lowner_pl.corpus import Sentence
from lowner_pl.datamodules import EpisodicDataModule, NERDataModule
from lowner_pl.modules import NERModule
from lowner_pl.tagging.run_data import data_of


def data_to_simulate(settings: Mapping[str, Any]) -> NERDataModule:
    """Make the data of a configuration that can be simulated.

    Raises:
        ValueError: If the method is no tagger that learns from sentences, or an option of Trainer
            prevents it.
    """
    kind = method_class(settings["model"])
    if not issubclass(kind, NERModule) or kind.learns_episodes:
        raise ValueError(
            f"{kind.__name__} can't be simulated: `simulate` trains a tagger on sentences, such as "
            "SNER or MANER. Use the configuration of one."
        )
    if settings["ckpt_path"] is not None:
        raise ValueError(
            "`simulate` trains anew in each round and can't take --ckpt_path. Leave it out; the "
            "same command goes on after a stop."
        )
    if settings["trainer"]["fast_dev_run"]:
        raise ValueError(
            "`simulate` needs the checkpoint of each round, which --trainer.fast_dev_run does not "
            "write. Use --trainer.max_epochs 1 to try it out."
        )
    data = data_of(settings["data"])
    if isinstance(data, EpisodicDataModule):
        raise ValueError(
            "`simulate` trains on sentences, but an EpisodicDataModule has episodes. Use the data "
            "of a corpus, such as configs/parts/data/wikiann.yaml."
        )
    return data


def pool_of(data: NERDataModule, lengths: tuple[int, int], size: int) -> list[Sentence]:
    """Collect the training sentences to choose from.

    Args:
        data: The data.
        lengths: The fewest and the most words of a sentence.
        size: Number of sentences of the last round.

    Raises:
        ValueError: If there are fewer.
    """
    least, most = lengths
    pool = [one for one in data.sentences("train") if least <= len(one.words) <= most]
    if len(pool) >= size:
        return pool
    limit = "" if data.train_size is None else f" `--data.train_size {data.train_size}` limits it."
    raise ValueError(
        f"The last of --sizes is {size:,}, but the pool has only {len(pool):,} training sentences "
        f"of {least} to {most} words.{limit} Give smaller --sizes or more sentences."
    )
