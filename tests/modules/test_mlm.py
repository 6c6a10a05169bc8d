import csv
import json
import shutil
from math import log
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from transformers import AutoModelForMaskedLM

from lowner_pl.__main__ import run_command
from lowner_pl.commands.cli import NERCLI, run
from lowner_pl.corpus import Sentence
from lowner_pl.datamodules import TextDataModule
from lowner_pl.metrics import MaskedScores
from lowner_pl.modules import MLMLightningModule, SNERLightningModule
from lowner_pl.nn import load_backbone

from ..conftest import KINDS, ROOT
from ..running import folder, same

TEXT = ROOT / "tests" / "data" / "text"
CONFIG = ROOT / "configs" / "pretraining" / "adapt_language.yaml"


def masked(module: MLMLightningModule, sentences: list[Sentence], seed: int = 0) -> Any:
    return module.mask(sentences, torch.Generator().manual_seed(seed))


def command(name: str, root: Path, backbone: str, *more: str) -> NERCLI:
    return run(
        [
            name,
            f"--config={CONFIG}",
            f"--model.backbone={backbone}",
            "--model.length=32",
            "--model.optimizer.init_args.lr=1e-3",
            f"--data.paths={TEXT}",
            f"--data.cache_folder={root / 'cache'}",
            "--data.epoch_lines=64",
            "--data.batch_size=16",
            "--trainer.max_epochs=3",
            "--trainer.accelerator=cpu",
            "--trainer.enable_progress_bar=false",
            "--trainer.enable_model_summary=false",
            f"--log_root={root}",
            *more,
        ]
    )


def run_folder(root: Path) -> Path:
    return root / "text-en+sw" / "mlm" / "seed_12345"


def state(root: Path, which: str = "last") -> dict[str, Any]:
    file = run_folder(root) / "checkpoints" / f"{which}.ckpt"
    loaded: dict[str, Any] = torch.load(file, weights_only=True)["state_dict"]
    return loaded


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, backbones: dict[str, Path]) -> Path:
    root = tmp_path_factory.mktemp("mlm")
    command("fit", root, str(backbones["xlm-roberta"]))
    return root


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_equals_that_of_the_stock_model_at_the_masks(
    kind: str, backbones: dict[str, Path], swahili: list[Sentence]
) -> None:
    module = MLMLightningModule(backbone=str(backbones[kind]), length=24, mask_rate=0.3).eval()
    batch = masked(module, swahili[:6])
    stock = AutoModelForMaskedLM.from_pretrained(backbones[kind]).eval()
    labels = torch.full_like(batch.input_ids, -100)
    labels[batch.positions] = batch.targets
    expected, masks = 0.0, 0
    for ids, wanted in zip(
        batch.input_ids.split(batch.lengths), labels.split(batch.lengths), strict=True
    ):
        scores = stock(input_ids=ids[None]).logits[0]
        expected += torch.nn.functional.cross_entropy(scores, wanted, reduction="sum").item()
        masks += int((wanted != -100).sum())
    assert module.loss(batch).item() == pytest.approx(expected / masks, rel=1e-4)


def test_windows_hold_all_text_and_special_tokens_are_never_masked(
    tiny: str, swahili: list[Sentence]
) -> None:
    module = MLMLightningModule(backbone=tiny, length=16, mask_rate=0.9, masked_share=1.0).eval()
    batch = masked(module, swahili[:5])
    assert set(batch.lengths[1:]) == {16}
    ids = batch.input_ids.clone()
    specials = torch.tensor([module.tokenizer.cls_token_id, module.tokenizer.sep_token_id])
    assert not torch.isin(batch.targets, specials).any()
    assert (ids[batch.positions] == module.tokenizer.mask_token_id).all()
    ids[batch.positions] = batch.targets
    text = str(module.tokenizer.decode(ids[~torch.isin(ids, specials)]))
    assert text.replace(" ", "") == "".join(word for s in swahili[:5] for word in s.words)


def test_training_windows_have_equal_length(tiny: str, swahili: list[Sentence]) -> None:
    module = MLMLightningModule(backbone=tiny, length=16)
    whole = masked(module.eval(), swahili[:5])
    assert whole.lengths[0] < 16
    batch = masked(module.train(), swahili[:5])
    assert batch.lengths == whole.lengths[1:]
    assert len(batch.input_ids) == 16 * len(batch.lengths)
    assert len(batch.positions) > 0
    # A single short window is kept.
    short = Sentence(swahili[0].words[:2])
    assert masked(module, [short]).lengths == masked(module.eval(), [short]).lengths


@pytest.mark.parametrize("rate", [0.15, 0.4])
def test_the_share_of_predicted_positions_equals_the_mask_rate(
    rate: float, tiny: str, swahili: list[Sentence]
) -> None:
    module = MLMLightningModule(backbone=tiny, mask_rate=rate)
    batch = masked(module, swahili)
    # At most one subword in 126 is special; the standard deviation is √(n · rate · (1 - rate)).
    size = len(batch.input_ids) - 2 * len(batch.lengths)
    assert abs(len(batch.positions) - rate * size) < 4 * (size * rate * (1 - rate)) ** 0.5 + 10


def test_masks_follow_the_generator(tiny: str, swahili: list[Sentence]) -> None:
    module = MLMLightningModule(backbone=tiny)
    one, same_, other = (masked(module, swahili[:9], seed) for seed in (0, 0, 1))
    assert one.input_ids.equal(same_.input_ids)
    assert not one.input_ids.equal(other.input_ids)


def test_scores_equal_those_worked_out_by_hand() -> None:
    scores = MaskedScores(3)
    # Predictions 0, 1, 1, 2 for targets 0, 1, 2, 2: three are right. Always 2: two are right.
    logits = torch.full((4, 3), -1e9)
    logits[torch.arange(4), torch.tensor([0, 1, 1, 2])] = 0.0
    scores.update(logits[:2], torch.tensor([0, 1]))
    scores.update(logits[3:], torch.tensor([2]))
    assert scores.compute()["loss"].item() == 0.0
    scores.update(logits[2:3], torch.tensor([2]))
    values = {key: value.item() for key, value in scores.compute().items()}
    assert (values["accuracy"], values["baseline"], values["masks"]) == (0.75, 0.5, 4)
    assert values["loss"] == pytest.approx(2.5e8)


def test_training_improves_the_scores_and_every_language_is_scored(
    trained: Path, tiny: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cli = command("test", trained, tiny, "--ckpt_path=last")
    output = capsys.readouterr().out
    assert "test sw" in output
    assert "baseline" in output
    record = json.loads((run_folder(trained) / "test_metrics_last.json").read_text())
    assert record["method"] == "mlm"
    assert record["corpus"] == "text-en+sw"
    scores = record["overall"]
    assert [part["name"] for part in record["test_sets"]] == ["en", "sw"]
    assert scores["masks"] == sum(part["scores"]["masks"] for part in record["test_sets"])
    assert record["complete"]
    assert record["f1"] is None
    assert record["checkpoint"]["dev_score"] == pytest.approx(scores["accuracy"], abs=1e-6)
    dev = {key: value.item() for key, value in cli.trainer.callback_metrics.items()}
    assert dev["test/loss"] == pytest.approx(scores["loss"])
    assert (run_folder(trained) / "checkpoints" / "best.ckpt").is_file()
    validated = command("validate", trained, tiny, "--ckpt_path=last").trainer.callback_metrics
    assert validated["dev/loss"].item() == pytest.approx(scores["loss"])  # the same masks
    untrained = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False)
    untrained.validate(MLMLightningModule(backbone=tiny, length=32), cli.datamodule, verbose=False)
    assert scores["loss"] < untrained.callback_metrics["dev/loss"].item() - 0.01


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(
    trained: Path, tiny: str, tmp_path: Path
) -> None:
    # The schedule must not depend on the number of epochs, since the first run stops early.
    options = ("--model.schedule=constant", "--model.warmup=0")
    command("fit", tmp_path / "whole", tiny, *options)
    command("fit", tmp_path / "parts", tiny, *options, "--trainer.max_epochs=1")
    command("fit", tmp_path / "parts", tiny, *options, "--ckpt_path=last")
    assert same(state(tmp_path / "whole"), state(tmp_path / "parts"))
    assert not same(state(tmp_path / "whole"), state(trained))


def test_a_run_that_goes_on_with_other_text_gives_a_warning(
    trained: Path, tiny: str, tmp_path: Path
) -> None:
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    shutil.copytree(TEXT, tmp_path / "text")
    options = (f"--data.paths={tmp_path / 'text'}", "--trainer.max_epochs=4", "--ckpt_path=last")
    with (tmp_path / "text" / "sw.txt").open("a", encoding="utf-8") as file:
        file.write("\nMstari mpya kabisa.\n")
    with pytest.warns(UserWarning, match=r"[\d,]+ sentences then, [\d,]+ now, and not the same"):
        command("fit", tmp_path, tiny, *options)


def test_gradients_of_fused_optimisers_are_clipped_in_bfloat16(tiny: str, tmp_path: Path) -> None:
    options = ("--trainer.precision=bf16-mixed", "--trainer.max_epochs=1")
    command("fit", tmp_path / "free", tiny, *options)
    command("fit", tmp_path / "clipped", tiny, *options, "--trainer.gradient_clip_val=1e-9")
    start = MLMLightningModule(backbone=tiny).state_dict()
    moved = {
        name: max((state(tmp_path / name)[key] - start[key]).abs().max() for key in start)
        for name in ("free", "clipped")
    }
    assert moved["clipped"] < moved["free"]


@pytest.mark.parametrize("half", [False, True])
def test_an_exported_backbone_equals_the_trained_one(
    half: bool, trained: Path, tmp_path: Path, swahili: list[Sentence]
) -> None:
    file = run_folder(trained) / "checkpoints" / "last.ckpt"
    out = tmp_path / "backbone"
    words = ["export-backbone", f"--ckpt_path={file}", f"--folder={out}"]
    run_command([*words, "--half"] if half else words)
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {f.name for f in out.iterdir()}
    assert "lowner" not in (out / "config.json").read_text()
    module = MLMLightningModule.load_from_checkpoint(file, weights_only=True).eval()
    again = MLMLightningModule(backbone=str(out), length=32).eval()
    batch = masked(module, swahili[:4])
    assert batch.input_ids.equal(masked(again, swahili[:4]).input_ids)
    tolerance = 5e-3 if half else 1e-6
    torch.testing.assert_close(again(batch), module(batch), atol=tolerance, rtol=tolerance)
    stock = AutoModelForMaskedLM.from_pretrained(out, dtype=torch.float32).eval()
    first = batch.input_ids[None, : batch.lengths[0]]
    hidden = again.backbone(batch.input_ids, batch.lengths)[: batch.lengths[0]]
    torch.testing.assert_close(
        stock(input_ids=first).logits[0], again.language_model(hidden), atol=1e-4, rtol=1e-3
    )


def test_a_tagger_can_use_an_exported_backbone(trained: Path, tmp_path: Path) -> None:
    file = run_folder(trained) / "checkpoints" / "best.ckpt"
    run_command(["export-backbone", f"--ckpt_path={file}", f"--folder={tmp_path / 'b'}"])
    tagger = SNERLightningModule(entity_types=("PER",), backbone=str(tmp_path / "b"))
    trained_weights = state(trained, "best")
    for name, weight in tagger.tagger.backbone.state_dict().items():
        assert weight.equal(trained_weights[f"backbone.{name}"])


def test_exporting_the_checkpoint_of_a_tagger_is_an_error(tmp_path: Path, tiny: str) -> None:
    from ..running import command as tagging

    tagging("fit", tmp_path, f"--model.backbone={tiny}", "--trainer.max_epochs=1")
    file = folder(tmp_path) / "checkpoints" / "last.ckpt"
    with pytest.raises(ValueError, match="SNERLightningModule"):
        run_command(["export-backbone", f"--ckpt_path={file}", f"--folder={tmp_path / 'b'}"])


def test_a_fresh_backbone_is_created_from_text(tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "new"
    run_command(
        f"new-backbone --text {TEXT} --folder {out} --vocabulary 600 --layers 2 --hidden 16 "
        "--heads 2 --lines 100".split()
    )
    assert str(out) in capsys.readouterr().out
    backbone, _, tokenizer = load_backbone(str(out))
    assert backbone.hidden_size == 16
    assert "▁na" in tokenizer.get_vocab()


def test_a_tokenizer_without_a_mask_token_is_an_error(tiny: str, tmp_path: Path) -> None:
    bare = shutil.copytree(tiny, tmp_path / "bare")
    file = bare / "tokenizer_config.json"
    config = json.loads(file.read_text())
    del config["mask_token"]
    file.write_text(json.dumps(config))
    with pytest.raises(ValueError, match="has no mask token"):
        MLMLightningModule(backbone=str(bare))


def test_fit_prints_the_number_of_lines_and_the_units_of_the_scores(
    tmp_path: Path, tiny: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command("fit", tmp_path, tiny, "--trainer.max_epochs=1")
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["lines", "108", "12"] in lines
    assert any(line[:3] == ["subwords", "per", "word"] and len(line) == 5 for line in lines)
    title = next(n for n, line in enumerate(lines) if line[:2] == ["Dev", "scores"])
    assert " ".join(lines[title]) == (
        "Dev scores of the last epoch, accuracy and baseline in percent:"
    )
    command("test", tmp_path, tiny, "--trainer.max_epochs=1", "--ckpt_path=last")
    output = capsys.readouterr().out
    assert "Test scores of the last checkpoint (epoch 0), accuracy and " in output


def test_resuming_a_finished_run_says_that_nothing_is_left(
    trained: Path, tmp_path: Path, tiny: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Path(shutil.copytree(trained, tmp_path / "copy"))
    command("fit", root, tiny, "--ckpt_path=last")
    output = capsys.readouterr().out
    assert "Nothing was left to train after 12 updates: the run had finished. To train" in output
    assert f"Run folder: {run_folder(root)}" in output.replace("\n", "")


def test_text_that_the_tokenizer_cannot_spell_is_an_error(tmp_path: Path, tiny: str) -> None:
    text = tmp_path / "el.txt"
    text.write_text("\n".join(f"γραμμή κειμένου {n} αριθμός" for n in range(100)))
    with pytest.raises(ValueError, match=r"\d+% of the subwords of el are unknown"):
        command("fit", tmp_path, tiny, f"--data.paths={text}")


def test_text_with_many_unknown_subwords_gives_a_warning(tmp_path: Path, tiny: str) -> None:
    text = tmp_path / "xx.txt"
    text.write_text("\n".join(f"habari za asubuhi na mchana жж {n}" for n in range(100)))
    with pytest.warns(UserWarning, match=r"\d+% of the subwords of xx are unknown"):
        command("fit", tmp_path, tiny, f"--data.paths={text}", "--trainer.max_epochs=1")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("mask_rate", 0.0),
        ("mask_rate", 1.5),
        ("masked_share", -0.1),
        ("length", 2),
        ("dropout", 1.0),
    ],
)
def test_options_outside_their_range_are_errors(tiny: str, option: str, value: float) -> None:
    options: dict[str, Any] = {option: value}
    with pytest.raises(ValueError, match=f"`{option}` is {value}, but it must be"):
        MLMLightningModule(backbone=tiny, **options)


def test_training_with_a_sampled_softmax_and_few_rows_learns(
    tmp_path: Path, backbones: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    sample, drawn = TextDataModule.sample, []

    def noted(data: TextDataModule, lines: int, *, seed: int = 0) -> list[Sentence]:
        drawn.append(lines)
        return sample(data, lines, seed=seed)

    monkeypatch.setattr(TextDataModule, "sample", noted)
    options = (
        "--model.sampled_softmax=50",
        "--model.dropout=0",
        "--model.train_embeddings=added",
        "--trainer.max_epochs=2",
    )
    cli = command("fit", tmp_path, str(backbones["xlm-roberta"]), *options)
    assert drawn == [108, 108]  # for the report and for the counts: none more often than it occurs
    metrics = (run_folder(tmp_path) / "metrics.csv").read_text().splitlines()
    rows = csv.DictReader(metrics)
    losses = [float(row["dev/loss"]) for row in rows if row["dev/loss"]]
    assert losses[-1] < losses[0]
    # The scores use the whole vocabulary: guessing uniformly would cost its logarithm.
    assert losses[-1] < log(len(cli.model.tokenizer))
    folder = tmp_path / "exported"
    checkpoint = run_folder(tmp_path) / "checkpoints" / "last.ckpt"
    run_command(["export-backbone", f"--ckpt_path={checkpoint}", f"--folder={folder}"])
    exported = AutoModelForMaskedLM.from_pretrained(folder)
    table = cli.model.backbone.embeddings
    assert not exported.get_input_embeddings().weight.equal(table.weight)
    assert exported.get_input_embeddings().weight.equal(table.merged().weight)
    assert exported.get_output_embeddings().weight is exported.get_input_embeddings().weight
