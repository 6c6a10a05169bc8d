"""What `simulate` refuses, each with one sentence."""

from pathlib import Path

import pytest

from lowner_pl.__main__ import run_command
from lowner_pl.corpus import Sentence, write_conll
from lowner_pl.pipelines.simulation.options import simulation_options
from lowner_pl.pipelines.simulation.simulation import Simulation

from ...running import CONFIGS
from .simulating import made, words

ONE_OF_MANY = "--data.train_size=48"


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ("20 10", "the numbers must be at least two, begin with 1 or more and rise"),
        ("20 20", "the numbers must be at least two"),
        ("20", "the numbers must be at least two"),
        ("0 10", "the numbers must be at least two"),
        ("20 many", "it must be numbers of sentences, such as 20 40 100"),
        ("20 49", r"The last of --sizes is 49, but the pool has only 48 .* `--data.train_size 48`"),
        ("50 100", "The last of --sizes is 100, but the pool has only 48"),
    ],
)
def test_sizes_that_cannot_be(sizes: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        made(tmp_path, sizes=sizes)


@pytest.mark.parametrize(
    "more", [["--data.type_map={PER: NAME}"], ["--data.type_map", "{PER: NAME}"]]
)
def test_an_option_of_fit_after_the_sizes_is_none_of_them(more: list[str], tmp_path: Path) -> None:
    simulation = Simulation(simulation_options([*words(tmp_path), *more]))
    assert simulation.sizes == (5, 10)
    assert simulation.settings["data"]["init_args"]["type_map"] == {"PER": "NAME"}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("--trainer.fast_dev_run=1", "needs the checkpoint of each round"),
        ("--ckpt_path=last", r"can't take --ckpt_path. Leave it out"),
        ("--min_words=0", "`--min_words` is 0"),
        ("--min_words=90", "the pool has only 0 training sentences of 90 to 100 words"),
        (
            f"--config={CONFIGS / 'melm' / 'generators' / 'melm.yaml'}",
            "MELMLightningModule can't be simulated",
        ),
    ],
)
def test_options_that_cannot_be(more: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        made(tmp_path, more)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("--strategy=bold", "bald"),
        ("--size=20", "--sizes"),
        ("--data.trian_size=20", "--data.train_size"),
    ],
)
def test_a_mistyped_option_suggests_the_right_one(
    more: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        run_command(["simulate", *words(tmp_path), more])
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_a_pool_of_near_duplicates_and_a_first_round_without_entities(tmp_path: Path) -> None:
    text = [Sentence((f"w{i}", "said", "so"), ("O", "O", "O")) for i in range(30)]
    text[29] = Sentence(("Zed", "sings", "here"), ("B-PER", "O", "O"))
    write_conll(tmp_path / "train.conll", text)
    paths = [
        f"--data.{split}_path={tmp_path / 'train.conll'}" for split in ("train", "dev", "test")
    ]
    data = [f"--data={CONFIGS / 'parts' / 'data' / 'conll.yaml'}", *paths, "--data.train_size=null"]
    with pytest.raises(ValueError, match=r"None of the 1 sentences .* Begin --sizes with a larger"):
        made(tmp_path, *data, "--data.dev_size=null", sizes="1 2").run()
    same = [text[29]] + 29 * [Sentence(("Zed", "sings", "there"), ("B-PER", "O", "O"))]
    write_conll(tmp_path / "train.conll", same)
    with pytest.raises(ValueError, match=r"Round 1 needs 5 sentences, but all but \d+ of the pool"):
        made(tmp_path, *data, "--data.dev_size=null", sizes="5 10").run()
