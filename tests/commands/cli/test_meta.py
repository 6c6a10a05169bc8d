"""Meta-learning by the command line: one device as two, resuming, and weights to begin with."""

import json
import shutil
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from lowner_pl.commands.cli import run
from lowner_pl.nn.backbones import loading

from ...running import CONFIGS, same, small_backbone, steps
from ...signals import Forked, as_program

RUN = Path("sample-en-to-sw") / "meta" / "seed_12345"
BASE = Path("sample-en-to-sw") / "sner-meta_base" / "seed_12345"
PLAIN_INNER = (
    "--model.inner_optimizer=torch.optim.SGD",
    "--model.inner_optimizer.init_args.lr=0.05",
    "--model.optimizer=torch.optim.SGD",
    "--model.optimizer.init_args.lr=0.02",
)


def words(command: str, log_root: Path, *more: str, config: str = "meta_conll") -> list[str]:
    """Return the words of a command on the samples, English to Swahili, small and quick."""
    overlay = [f"--config={CONFIGS / 'overlays' / 'embedded_meta.yaml'}"]
    if config == "meta_base_conll":
        overlay = [f"--config={CONFIGS / 'embedded.yaml'}", "--model.frozen_layers=1"]
        overlay.append("--model.train_embeddings=none")
        overlay.append(f"--data={CONFIGS / 'parts' / 'data' / 'sample_cross_lingual.yaml'}")
    return [
        command,
        f"--config={CONFIGS / 'meta' / f'{config}.yaml'}",
        *overlay,
        f"--log_root={log_root}",
        f"--model.backbone={small_backbone()}",
        "--trainer.enable_progress_bar=false",
        "--trainer.enable_model_summary=false",
        "--trainer.max_epochs=2",
        "--data.train_size=25",
        "--data.dev_size=6",
        "--data.batch_size=8",
        *more,
    ]


def weights(file: Path) -> dict[str, Tensor]:
    state: dict[str, Tensor] = torch.load(file, weights_only=True)["state_dict"]
    return state


def last(log_root: Path, folder: Path = RUN) -> Path:
    return log_root / folder / "checkpoints" / "last.ckpt"


EIGHT_UPDATES = "--trainer.max_steps=8"  # of 25 tasks, by 8: two epochs


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of meta-learning."""
    root = tmp_path_factory.mktemp("meta")
    run(words("fit", root, EIGHT_UPDATES))
    return root


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The last checkpoint of a run of the base model."""
    root = tmp_path_factory.mktemp("base")
    run(words("fit", root, config="meta_base_conll"))
    return last(root, BASE)


def test_resuming_gives_the_weights_of_an_uninterrupted_run(whole: Path, tmp_path: Path) -> None:
    # With masks and dropout, the moments of Adam, and a number of updates that ends the run.
    parted = tmp_path / "parted"
    run(words("fit", parted, EIGHT_UPDATES, "--trainer.max_epochs=1"))
    assert torch.load(last(parted), weights_only=True)["global_step"] == 4
    assert list((parted / "vectors").glob("*.npz"))  # in the folder of all runs
    run(words("fit", parted, EIGHT_UPDATES, "--ckpt_path=last"))
    assert torch.load(last(parted), weights_only=True)["global_step"] == 8
    assert same(weights(last(parted)), weights(last(whole)))
    for column in ("train/meta_loss", "dev/f1", "dev/loss"):
        one, other = (steps(root / RUN / "metrics.csv", column) for root in (whole, parted))
        assert one == other


def test_the_schedule_follows_the_meta_updates(tmp_path: Path) -> None:
    # From 0.02 to 0 in the 4 updates of an epoch: 0.02, 0.015, 0.01, 0.005, and then 0.
    more = ("--model.schedule=linear", "--trainer.max_epochs=1", *PLAIN_INNER)
    cli = run(words("fit", tmp_path, *more))
    assert cli.trainer.global_step == 4
    assert "train/meta_loss" in cli.model.monitored()
    assert cli.model.monitored() <= cli.trainer.callback_metrics.keys()
    assert cli.trainer.optimizers[0].param_groups[0]["lr"] == 0.0
    short = (*more, "--trainer.limit_train_batches=3", "--trainer.max_epochs=2")
    cli = run(words("fit", tmp_path, *short, "--trainer.max_steps=3"))
    assert cli.trainer.lr_scheduler_configs[0].scheduler.last_epoch == 3


class Begun(Callback):
    """Keeps the weights that training begins with."""

    weights: ClassVar[dict[str, Tensor]] = {}

    def on_train_start(self, _: Trainer, pl_module: LightningModule) -> None:
        Begun.weights = {name: w.detach().clone() for name, w in pl_module.state_dict().items()}


def test_two_devices_take_the_updates_of_one(tmp_path: Path) -> None:
    # 25 tasks: 8, 8, 8 and 1, of which the second device has none. Masks and dropout are on.
    one, two = tmp_path / "one", tmp_path / "two"
    # The second device is a new process, to which `embedded` is the real backbone.
    same_for_both = (*PLAIN_INNER, f"--data.retrieval_backbone={loading.EMBEDDED}")
    run(words("fit", one, *same_for_both, f"--trainer.callbacks+={__name__}.Begun"))
    more = (*same_for_both, "--data.batch_size=4", "--trainer.devices=2", "--trainer.strategy=ddp")
    process = Forked(words("fit", two, *more), tmp_path / "log", as_program)
    assert process.ended() == 0, process.log.read_text()
    ended, other = weights(last(one)), weights(last(two))
    # What the updates changed is far more than what the devices may differ by.
    assert max((Begun.weights[name] - ended[name]).abs().max() for name in ended) > 1e-3
    for name, weight in ended.items():
        torch.testing.assert_close(other[name], weight, rtol=0.0, atol=1e-6)


def test_tests_and_predictions_adapt_and_leave_the_usual_files(whole: Path, tmp_path: Path) -> None:
    run(words("test", whole))
    report = json.loads((whole / RUN / "test_metrics.json").read_text())
    assert report["method"] == "meta"
    text = tmp_path / "mine.txt"
    text.write_text("Asha anaishi Mwanza .\nJuma ametoka Nairobi .\n", encoding="utf-8")
    run(words("predict", whole, f"--data.predict_path={text}", "--data.eval_batch_size=1"))
    tagged = (whole / RUN / "predictions_mine.conll").read_text(encoding="utf-8")
    assert [line.split()[0] for line in tagged.splitlines() if line] == (
        ["Asha", "anaishi", "Mwanza", ".", "Juma", "ametoka", "Nairobi", "."]
    )


def test_it_meta_learns_maner_and_a_crf(tmp_path: Path) -> None:
    run(words("fit", tmp_path, "--model.marker=mask", "--model.head=crf"))
    assert last(tmp_path, RUN.parent.with_name("meta_maner") / RUN.name).is_file()


def test_a_trained_tagger_is_a_start_and_is_refused_as_a_checkpoint(
    base: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        ValueError, match=r"has method 'SNERLightningModule'.*start.*`--model\.start`"
    ):
        run(words("fit", tmp_path, f"--ckpt_path={base}"))
    assert not (tmp_path / RUN).exists()
    # A learning rate of 0: what is saved is the start.
    still = ("--model.optimizer.init_args.lr=0.0", "--trainer.max_epochs=1")
    run(words("fit", tmp_path, f"--model.start={base}", *still))
    assert same(weights(last(tmp_path)), weights(base))


def test_a_meta_learnt_tagger_is_trained_on_a_share_of_the_target(
    whole: Path, tmp_path: Path
) -> None:
    start = Path(shutil.copy(last(whole), tmp_path))
    target = [
        f"--config={CONFIGS / 'meta' / 'meta_target_conll.yaml'}",
        f"--data={CONFIGS / 'parts' / 'data' / 'sample.yaml'}",
        f"--log_root={tmp_path}",
        f"--model.backbone={small_backbone()}",
        f"--model.start={start}",
        "--model.frozen_layers=1",
        "--trainer.enable_progress_bar=false",
        "--trainer.enable_model_summary=false",
        "--data.train_share=0.05",
        "--data.dev_size=6",
        "--trainer.max_steps=3",
    ]
    cli = run(["fit", *target])
    assert len(cli.datamodule.sentences("train")) == 5  # of 100
    run(["test", *target])
    folder = tmp_path / "sample-sw" / "sner-meta_target" / "seed_12345"
    begun, ended = weights(start), weights(folder / "checkpoints" / "last.ckpt")
    moved = [(begun[name] - ended[name]).abs().max().item() for name in ended]
    assert 0.0 < max(moved) < 1e-4  # three steps of Adam at 1e-5
    # Nothing is chosen by dev data: `test` takes the last weights, of the third of three passes.
    assert same(weights(folder / "checkpoints" / "best.ckpt"), ended)
    # Resuming does not begin again with the start, which may be gone.
    start.unlink()
    run(["fit", *target, "--ckpt_path=last", "--trainer.max_steps=4"])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--model.start=nowhere.ckpt"], "There is no checkpoint file 'nowhere.ckpt'"),
        (["--model.start=FILE", "--data.type_map={ORG: null}"], "which has entity_types"),
        (["--model.start=FILE", "--model.head=crf"], "weights differ from those of the configured"),
        (["--model.start=FILE", "--model.backbone=embedded"], "which has tokenizer"),
        (["--data.k=25"], "`k` is 25, but it must be"),
        (["--trainer.precision=16-mixed"], "`trainer.precision` is '16-mixed', but meta-learning"),
        (["--trainer.precision=bf16-true"], "inner steps of meta-learning are too small for 16"),
        (
            ["--trainer.gradient_clip_val=1.0"],
            r"clip_val` is 1\.0, but meta-learning",
        ),
        (["--trainer.accumulate_grad_batches=2"], "batches` is 2, but meta-learning"),
        (["--model.optimizer=LBFGS"], "cannot step from gradients alone.*'closure'.*Change"),
        (
            ["--model.inner_optimizer=LBFGS"],
            "`inner_optimizer` can't be used in an inner loop: .*'closure'",
        ),
    ],
)
def test_what_cannot_work_is_refused_before_the_run(
    more: list[str], message: str, base: Path, tmp_path: Path
) -> None:
    options = [word.replace("FILE", str(base)) for word in more]
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        run(words("fit", tmp_path, *options))
    assert not (tmp_path / RUN).exists()


def test_data_of_the_other_kind_are_refused(tmp_path: Path) -> None:
    plain = f"--data={CONFIGS / 'parts' / 'data' / 'sample.yaml'}"
    episodic = f"--data={CONFIGS / 'parts' / 'data' / 'sample_episodic.yaml'}"
    meta = words("fit", tmp_path)
    with pytest.raises(ValueError, match="MetaLightningModule needs episodes"):
        run([*meta, plain])
    base: Any = words("fit", tmp_path, config="meta_base_conll")
    with pytest.raises(ValueError, match="SNERLightningModule needs sentences"):
        run([*base, episodic])
    assert not (tmp_path / RUN).exists()
