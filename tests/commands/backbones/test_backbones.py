import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer

from lowner_pl.__main__ import run_command
from lowner_pl.corpus import Sentence
from lowner_pl.modules import MLMLightningModule, SNERLightningModule
from lowner_pl.nn import load_backbone, tokenizer_identity
from lowner_pl.nn.backbones import loading
from lowner_pl.nn.backbones.making.fresh import fresh_backbone

from ...conftest import ROOT
from ...packed import pack

pytestmark = pytest.mark.usefixtures("offline")

TEXT = ROOT / "tests" / "data" / "text"
SMALL = "--vocabulary 600 --layers 1 --hidden 16 --heads 2 --lines 100"


def new_backbone(folder: Path, options: str = SMALL, text: Path = TEXT) -> None:
    run_command(["new-backbone", f"--text={text}", f"--folder={folder}", *options.split()])


def checkpoint(module: Any, **hyper_parameters: Any) -> dict[str, Any]:
    """Make the checkpoint that Lightning would write of an untrained module."""
    saved = {
        "state_dict": module.state_dict(),
        "hyper_parameters": hyper_parameters,
        "global_step": 0,
        "pytorch-lightning_version": "2.6.0",
    }
    module.on_save_checkpoint(saved)
    return saved


@pytest.fixture
def start(tiny: str, tmp_path: Path) -> Path:
    """A backbone's folder that a test may change."""
    return Path(shutil.copytree(tiny, tmp_path / "start"))


@pytest.fixture
def trained(start: Path, tmp_path: Path) -> Path:
    """A checkpoint of a masked language model trained from ``start``."""
    file = tmp_path / "last.ckpt"
    module = MLMLightningModule(backbone=str(start))
    torch.save(checkpoint(module, backbone=str(start)), file)
    return file


def export(trained: Path, folder: Path, *more: str) -> None:
    run_command(["export-backbone", f"--ckpt_path={trained}", f"--folder={folder}", *more])


def other_tokenizer(folder: Path, tiny: str) -> None:
    """Write a tokenizer of the same size, in which two subwords swap their ids."""
    text = (Path(tiny) / "tokenizer.json").read_text()
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    one, other = map(str, tokenizer.convert_ids_to_tokens([20, 21]))
    text = text.replace(f'"{one}",', '"<0>",').replace(f'"{other}",', f'"{one}",')
    (folder / "tokenizer.json").write_text(text.replace('"<0>",', f'"{other}",'))


def test_weights_are_not_exported_with_a_foreign_tokenizer(
    trained: Path, start: Path, tiny: str, tmp_path: Path
) -> None:
    export(trained, tmp_path / "out")
    other_tokenizer(start, tiny)
    message = r"another tokenizer \(.*400 .*\) than the .*400 subwords, hash \w+"
    with pytest.raises(ValueError, match=message):
        export(trained, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_tagger_is_not_loaded_with_a_foreign_tokenizer(start: Path, tiny: str) -> None:
    saved = checkpoint(SNERLightningModule(entity_types=("PER",), backbone=tiny))
    other_tokenizer(start, tiny)
    module = SNERLightningModule(entity_types=("PER",), backbone=str(start))
    with pytest.raises(ValueError, match="has another tokenizer"):
        module.on_load_checkpoint(saved)
    del saved["lowner_pl"]["tokenizer"]  # of a version that did not write it
    module.on_load_checkpoint(saved)


def test_a_moved_backbone_is_found_through_an_option(
    trained: Path, start: Path, tmp_path: Path
) -> None:
    moved = start.rename(tmp_path / "moved")
    with pytest.raises(FileNotFoundError, match=f"from the backbone '{start}' .*`--backbone FO"):
        export(trained, tmp_path / "out")
    export(trained, tmp_path / "out", f"--backbone={moved}")
    assert load_backbone(str(tmp_path / "out"))[0].hidden_size == 16


def test_a_packed_backbone_is_exported_as_transformers_reads_it(
    tmp_path: Path, swahili: list[Sentence], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [" ".join(sentence.words) for sentence in swahili]
    plain = fresh_backbone(tmp_path / "plain", texts, vocabulary=400, hidden=32, heads=2)
    monkeypatch.setattr(loading, "EMBEDDED", pack(plain, tmp_path / "packed", bits=8))
    run_command(["export-backbone", "--backbone=embedded", f"--folder={tmp_path / 'out'}"])
    stock = AutoModelForMaskedLM.from_pretrained(tmp_path / "out").eval()
    backbone, head, tokenizer = load_backbone("embedded", needs_head=True)
    ids = torch.tensor(tokenizer("Habari ya leo")["input_ids"])
    with torch.no_grad():
        scores = head.eval()(backbone.eval()(ids, (len(ids),)))
        torch.testing.assert_close(stock(input_ids=ids[None]).logits[0], scores)
    assert tokenizer_identity(AutoTokenizer.from_pretrained(tmp_path / "out")) == (
        tokenizer_identity(tokenizer)
    )


def test_exporting_needs_a_checkpoint_or_a_backbone(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Give a checkpoint with `--ckpt_path`, or a backbone"):
        run_command(["export-backbone", f"--folder={tmp_path / 'out'}"])
    with pytest.raises(FileNotFoundError, match="'no/such' is not a complete folder"):
        run_command(["export-backbone", "--backbone=no/such", f"--folder={tmp_path / 'out'}"])
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_must_be_a_file(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"`--ckpt_path` is 'last', which is not a file. Give .*last.ckpt"
    ):
        export(Path("last"), tmp_path / "out")


@pytest.mark.parametrize(
    "command", ["new-backbone --text nowhere", "export-backbone --ckpt_path x"]
)
def test_files_in_the_folder_are_not_overwritten(command: str, tmp_path: Path) -> None:
    def refused(folder: Path, *more: str) -> str:
        with pytest.raises(ValueError, match=r"^`--(folder|overwrite)` ") as caught:
            run_command([*command.split(), f"--folder={folder}", *more])
        return str(caught.value)

    (tmp_path / "notes.txt").write_text("mine")
    assert "which is a file. Give a folder" in refused(tmp_path / "notes.txt")
    assert "Give a new or empty folder" in refused(tmp_path)
    assert "holds other things, such as 'notes.txt'. Give another folder" in refused(
        tmp_path, "--overwrite"
    )
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_a_backbone_is_replaced_only_with_the_option_overwrite(
    trained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    new_backbone(out)
    with pytest.raises(ValueError, match="or `--overwrite` to replace the backbone in it"):
        export(trained, out)
    export(trained, out, "--overwrite")
    assert len(load_backbone(str(out))[2]) == 400
    assert {file.name for file in tmp_path.iterdir()} == {"start", "last.ckpt", "out"}


def test_a_folder_with_anything_beside_a_backbone_is_not_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    new_backbone(out)
    (out / "sw.txt").write_text("my text")
    message = r"^`--overwrite` only .* holds other things, such as 'sw\.txt'\. Give another folder"
    with pytest.raises(ValueError, match=message):
        new_backbone(out, f"{SMALL} --overwrite")
    assert (out / "sw.txt").read_text() == "my text"


def test_exported_files_have_the_usual_permissions(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    export(trained, tmp_path / "out")
    modes = {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "out").iterdir()}
    assert modes == {stat.S_IMODE((tmp_path / "usual").stat().st_mode)}


def test_a_failure_leaves_no_partial_backbone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> None:
        raise OSError("No space left on device")

    pytest.importorskip("gensim")
    monkeypatch.setattr("lowner_pl.nn.backbones.making.skip_gram.start_from_vectors", failing)
    with pytest.raises(OSError, match="No space"):
        new_backbone(tmp_path / "out", f"{SMALL} --skip-gram 1")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_gensim_is_reported_before_text_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gensim.models", None)
    with pytest.raises(ValueError, match="need the package `gensim`"):
        new_backbone(tmp_path / "out", "--skip-gram 1", text=tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--vocabulary 100", "`vocabulary` is 100, but it must be between 262 and 10,000,000"),
        ("--vocabulary -5", "`vocabulary` is -5, but it must be between 262"),
        ("--heads 0", "`heads` is 0, but it must be at least 1"),
        ("--heads 3", "`hidden` is 256, but it must be a multiple of twice `heads`"),
        ("--layers 0", "`layers` is 0, but it must be between 1 and 1,000"),
        ("--positions 2", "`positions` is 2, but it must be between 3"),
        ("--hidden 100000000", "`hidden` is 100000000, but it must be between 1 and 1,000,000"),
        ("--hidden 1000000", r"A model with 4 `layers` and .* GiB, but this machine has .* GiB"),
        ("--layers 1000000", "`layers` is 1000000, but it must be"),
        ("--vocabulary 9999999999", "`vocabulary` is 9999999999, but it must be"),
        ("--positions 99999999", "`positions` is 99999999, but it must be"),
        ("--seed 4294967296", "`seed` is 4294967296, but it must be between 0 and 4,294,967,295"),
        ("--seed -1", "`seed` is -1, but it must be between 0"),
        ("--skip-gram -3", "`--skip-gram` is -3, but it must be at least 0"),
        ("--lines 0", "`--lines` is 0, but it must be at least 1"),
        ("--lines -7", "`--lines` is -7, but it must be at least 1"),
        ("--most-characters 0", "`--most-characters` is 0, but it must be at least 1"),
    ],
)
def test_numbers_out_of_range_are_refused_before_text_is_read(
    option: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        new_backbone(tmp_path / "out", option, text=tmp_path / "nowhere")


@pytest.mark.parametrize(("kind", "size"), [("multilingual", 265), ("xlm-roberta", 9), ("bert", 9)])
def test_a_vocabulary_too_small_for_the_text_is_refused(
    kind: Any, size: int, swahili: list[Sentence], tmp_path: Path
) -> None:
    texts = [" ".join(sentence.words) for sentence in swahili]
    with pytest.raises(
        ValueError, match=f"`vocabulary` is {size}, which is too small for the characters"
    ):
        fresh_backbone(tmp_path, texts, kind=kind, vocabulary=size, hidden=16, heads=2)


def test_no_line_is_sampled_more_often_than_it_occurs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def spied(folder: Path, lines: list[str], **shape: Any) -> None:
        read.extend(lines)
        fresh_backbone(folder, lines, **shape)

    monkeypatch.setattr("lowner_pl.nn.backbones.making.fresh.fresh_backbone", spied)
    text = tmp_path / "sw.txt"
    text.write_text("".join(f"Habari namba {number}\n" for number in range(50)))
    new_backbone(tmp_path / "out", f"{SMALL} --lines 1000", text=text)
    assert len(read) == len(set(read)) == 45  # a tenth is held out


def test_an_option_allows_longer_lines(tmp_path: Path) -> None:
    text = tmp_path / "sw.txt"
    text.write_text("".join(f"Habari namba {number} ya leo asubuhi\n" for number in range(50)))
    with pytest.raises(ValueError, match="but at most 9 are allowed"):
        new_backbone(tmp_path / "out", f"{SMALL} --most-characters 9", text=text)
    new_backbone(tmp_path / "out", f"{SMALL} --most-characters 60", text=text)


def test_text_with_too_few_words_for_the_vocabulary_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sw.txt").write_text("\n".join(f"habari {n}" for n in range(20)))
    new_backbone(tmp_path / "out", text=tmp_path / "sw.txt")
    subwords = len(AutoTokenizer.from_pretrained(tmp_path / "out"))
    said = capsys.readouterr().err
    assert f"enough different words for {subwords:,} of 600 subwords (`--vocabulary`)" in said
