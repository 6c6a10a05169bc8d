import json
import shutil
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from lightning.pytorch import seed_everything
from torch.nn.functional import cross_entropy
from transformers import AutoModelForSeq2SeqLM

from lowner_pl.augmentation import Token
from lowner_pl.cli import NERCLI, run
from lowner_pl.corpus import AugmentationReport, Sentence, read_conll
from lowner_pl.modules import MulDALightningModule, generate
from lowner_pl.modules.sequence_encoder import first_words
from lowner_pl.modules.sequence_generator import SearchOptions
from lowner_pl.nn import load_sequence_to_sequence

from ..commands import CONFIGS, same
from ..sequence_models import Kind, fresh_sequence_model

GOLD = [
    Sentence(("Ann", "Lee", "left", "Rome"), ("B-PER", "I-PER", "O", "B-LOC"), "en"),
    Sentence(("Rome", "is", "old"), ("B-LOC", "O", "O"), "en"),
    Sentence(("Bo", "sah", "Oslo"), ("B-PER", "O", "B-LOC"), "de"),
    Sentence(("bald", "kam", "Ann"), ("O", "O", "B-PER"), "de"),
]
KINDS: tuple[Kind, ...] = get_args(Kind)


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[Kind, str]:
    texts = [" ".join(sentence.words) for sentence in GOLD]
    root = tmp_path_factory.mktemp("sequences")
    return {kind: str(fresh_sequence_model(root / kind, texts, kind=kind)) for kind in KINDS}


def made(folder: str, **options: Any) -> MulDALightningModule:
    given = {"languages": ["en", "de"], "max_length": 24, **options}
    seed_everything(0, verbose=False)
    return MulDALightningModule(entity_types=("PER", "LOC"), backbone=folder, **given)


@pytest.fixture(scope="module")
def fitted(folders: dict[Kind, str]) -> dict[Kind, MulDALightningModule]:
    """Modules that know four sentences by heart, from the language alone or any first words."""
    modules = {}
    for kind in KINDS:
        module = made(folders[kind], prefix_words=2).eval()
        optimizer = torch.optim.Adam(module.parameters(), lr=1e-2)
        generator = torch.Generator().manual_seed(0)
        recent = 1.0
        for _ in range(300):
            loss, _ = module.loss(GOLD, generator)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            recent = 0.8 * recent + 0.2 * loss.item()
            if recent < 0.06:  # a language alone begins two sentences: less is not to be had
                break
        modules[kind] = module
    return modules


def names(module: MulDALightningModule, ids: list[int]) -> list[str]:
    return list(module.tokenizer.convert_ids_to_tokens(ids))


def spelt(module: MulDALightningModule, word: str) -> list[str]:
    ids = module.tokenizer(word, add_special_tokens=False)["input_ids"]
    return names(module, ids)


def test_sources_and_targets_by_hand(folders: dict[Kind, str]) -> None:
    prefix = [Token("B-PER", is_label=True), Token("Ann")]
    mt5, mbart = (made(folders[kind]) for kind in KINDS)
    ann = spelt(mt5, "Ann")
    assert names(mt5, mt5.encoder.source(prefix, "en")) == [
        *("<en>", "<B-PER>", *ann, "<extra_id_0>", "</s>")
    ]
    assert names(mt5, mt5.encoder.source([], "de")) == ["<de>", "<extra_id_0>", "</s>"]
    assert mt5.encoder.start("en") == mt5.tokenizer.pad_token_id
    # mBART: text, end, its own language token where it has one; the decoder begins with it.
    assert names(mbart, mbart.encoder.source([], "en")) == ["<mask>", "</s>", "en_XX"]
    assert names(mbart, [mbart.encoder.start("en"), mbart.encoder.start("de")]) == ["en_XX", "<de>"]
    for module, start in ((mt5, "<pad>"), (mbart, "<de>")):
        batch = module.encoder([GOLD[3]], torch.Generator())
        target = [*spelt(module, "bald"), *spelt(module, "kam"), "<B-PER>", *spelt(module, "Ann")]
        assert names(module, batch.wanted[0].tolist()) == [*target, "</s>"]
        assert names(module, batch.given[0].tolist()) == [start, *target]


def test_the_first_words_keep_their_labels() -> None:
    row = [Token("a"), Token("B-PER", is_label=True), Token("b"), Token("c")]
    assert [len(first_words(row, words)) for words in range(4)] == [0, 1, 3, 4]


def test_a_source_has_up_to_so_many_words_and_never_all(folders: dict[Kind, str]) -> None:
    module = made(folders["mt5"], prefix_words=2)
    generator = torch.Generator().manual_seed(0)
    two = Sentence(("Rome", "left"), ("O", "O"), "en")
    lengths: dict[int, set[int]] = {0: set(), 1: set()}
    for _ in range(30):
        batch = module.encoder([two, GOLD[3]], generator)
        for row in lengths:
            lengths[row].add(int(batch.source_mask[row].sum()) - 3)
    rome, bald, kam = (len(spelt(module, word)) for word in ("Rome", "bald", "kam"))
    assert lengths == {0: {0, rome}, 1: {0, bald, bald + kam}}


def test_long_sentences_are_read_up_to_the_limit(folders: dict[Kind, str]) -> None:
    module = made(folders["mbart"], max_length=500)
    assert module.encoder.max_length == 64  # the positions of the model
    long = Sentence(("Rome",) * 90, ("O",) * 90, "en")
    loss, subwords = module.loss([long], torch.Generator())
    assert subwords == 64
    assert torch.isfinite(loss)


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_is_that_of_the_stock_model(kind: Kind, folders: dict[Kind, str]) -> None:
    module = made(folders[kind]).eval()
    batch = module.encoder(GOLD, torch.Generator().manual_seed(3))
    stock = AutoModelForSeq2SeqLM.from_pretrained(folders[kind]).eval()
    stock.resize_token_embeddings(len(module.tokenizer), mean_resizing=False)
    stock.load_state_dict(module.model.state_dict())
    with torch.no_grad():
        loss, subwords = module.loss(GOLD, torch.Generator().manual_seed(3))
        output = stock(
            input_ids=batch.source,
            attention_mask=batch.source_mask,
            decoder_input_ids=batch.given,
            labels=batch.wanted,
        )
    assert subwords == int((batch.wanted != -100).sum())
    torch.testing.assert_close(loss, output.loss)
    by_hand = cross_entropy(output.logits[batch.wanted != -100], batch.wanted[batch.wanted != -100])
    torch.testing.assert_close(loss, by_hand)


def test_padding_does_not_count(folders: dict[Kind, str]) -> None:
    module = made(folders["mt5"], prefix_words=0).eval()
    with torch.no_grad():
        parts = [module.loss([sentence], torch.Generator()) for sentence in GOLD]
        loss, subwords = module.loss(GOLD, torch.Generator())
    assert subwords == sum(count for _, count in parts)
    total = sum(part.item() * count for part, count in parts)
    assert loss.item() == pytest.approx(total / subwords, rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_learns_in_training_mode(kind: Kind, folders: dict[Kind, str]) -> None:
    module = made(folders[kind])
    assert all(part.training for part in module.modules())
    loss, _ = module.loss(GOLD, torch.Generator().manual_seed(0))
    loss.backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_known_by_heart_is_written(
    kind: Kind, fitted: dict[Kind, MulDALightningModule]
) -> None:
    # Sources of a sentence: the language alone, and with up to 2 of its first words.
    new = list(generate(fitted[kind], GOLD, seed=0, gold=[]))
    words = {sentence.words: sentence for sentence in GOLD}
    assert len(new) >= 3
    known = [sentence for sentence in new if sentence.words in words]
    assert len(known) >= 3
    assert all(s == words[s.words] for s in known)  # words, tags, languages
    report = AugmentationReport()
    again = list(generate(fitted[kind], GOLD, seed=0, report=report))
    assert report.sentences_in == len(GOLD)
    assert report.candidates == 3 * len(GOLD)
    assert report.dropped["duplicate_of_source"] >= 6
    assert not {s.words for s in again} & words.keys()


def test_the_seed_and_the_number_decide(
    fitted: dict[Kind, MulDALightningModule], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = fitted["mt5"]
    monkeypatch.setattr(module, "search", SearchOptions(2, 1, sample=True))
    monkeypatch.setattr(module, "draws", 4)
    state = torch.random.get_rng_state()
    calm = [list(parts) for parts in module.candidates(GOLD, range(4), seed=1)]
    module.train()
    try:
        (alone,) = module.candidates(GOLD[2:3], [2], seed=1)
        assert list(alone) == calm[2]
        assert [list(parts) for parts in module.candidates(GOLD, range(4), seed=2)] != calm
        assert all(part.training for part in module.modules())
    finally:
        module.eval()
    assert torch.random.get_rng_state().equal(state)
    assert [len(parts) for parts in calm] == [module.rounds * 4] * 4
    for sentence, parts in zip(GOLD, calm, strict=True):
        assert {s.language for s in parts if isinstance(s, Sentence)} <= {sentence.language}


def test_each_source_is_searched_once(
    fitted: dict[Kind, MulDALightningModule], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = fitted["mt5"]
    for returned, expected in ((1, 3), (4, 12)):
        monkeypatch.setattr(module, "search", SearchOptions(5, returned, sample=False))
        (parts,) = module.candidates(GOLD[2:3], [0], seed=0)
        assert len(list(parts)) == expected


def test_malformed_rows_are_dropped_with_their_reasons(
    folders: dict[Kind, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = made(folders["mt5"], languages=None, prefix_words=0, beams=12, returned=12, rounds=2)
    known = module.tokenizer.get_vocab()
    rows: list[str | None] = [
        "<B-PER> ▁ A n n",
        "<B-PER> ▁ A n n",  # duplicate
        "▁ A n n",  # no_entity
        "<I-PER> ▁ A n n",  # illegal_tags
        "▁ A <B-PER>",  # label_without_word
        "<B-PER>",  # no_words
        "<B-PER> n",  # broken_word: no subword that begins one
        "<B-PER> ▁",  # broken_word: shows as nothing
        "<B-PER> ▁ A <extra_id_0>",  # broken_word: a special token
        "<B-PER> ▁ <unk>",  # unknown_words
        None,  # endless
    ]
    ids = [None if row is None else [known[name] for name in row.split()] for row in rows]
    ids.append([len(known) + 5])  # broken_word: a row of the embeddings that is no subword
    monkeypatch.setattr("lowner_pl.modules.mulda.write", lambda *_, **__: ids)
    report = AugmentationReport()
    # One source; the stub answers it with twelve rows, all of its first.
    new = list(generate(module, GOLD[:1], seed=0, report=report))
    assert report.sentences_in == 1
    assert new == [Sentence(("Ann",), ("B-PER",))]
    assert report.dropped == {
        "duplicate": 1,
        "no_entity": 1,
        "illegal_tags": 1,
        "label_without_word": 1,
        "no_words": 1,
        "broken_word": 4,
        "unknown_words": 1,
        "endless": 1,
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rounds": 0}, "`rounds` must be above 0, was: 0"),
        ({"draws": -1}, "`draws` must be above 0, was: -1"),
        ({"beams": 0}, "`beams` must be at least 1, was: 0"),
        ({"returned": 6}, "`returned` must be from 1 to `beams`, 5, was: 6"),
    ],
)
def test_bad_options_of_generation(
    options: dict[str, Any], message: str, folders: dict[Kind, str]
) -> None:
    with pytest.raises(ValueError, match=message):
        made(folders["mt5"], **options)


def test_bad_options_and_sentences(folders: dict[Kind, str]) -> None:
    with pytest.raises(ValueError, match="`prefix_words` must be at least 0, was: -1"):
        made(folders["mt5"], prefix_words=-1)
    module = made(folders["mt5"])
    generator = torch.Generator()
    with pytest.raises(ValueError, match=r"must be among \('en', 'de'\), was: 'sw'"):
        module.loss([Sentence(("a",), ("O",), "sw")], generator)
    with pytest.raises(ValueError, match="Tag 'B-ORG' is not among"):
        module.loss([Sentence(("a",), ("B-ORG",), "en")], generator)
    with pytest.raises(ValueError, match="needs tags to be labelled"):
        module.loss([Sentence(("a",), None, "en")], generator)
    with pytest.raises(ValueError, match=r"must be among \('en', 'de'\), was: 'nl'"):
        list(generate(module, [Sentence(("a",), ("B-PER",), "nl")], seed=0))


def edited(folder: str, target: Path, file: str, **changes: Any) -> str:
    """Return a copy of a folder, with a JSON file changed; ``None`` takes an entry out."""
    copy = shutil.copytree(folder, target)
    content = {**json.loads((copy / file).read_text()), **changes}
    left = {key: value for key, value in content.items() if value is not None}
    (copy / file).write_text(json.dumps(left))
    return str(copy)


def test_backbones_that_cannot_be_loaded(
    folders: dict[Kind, str], tiny: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"must be a sequence-to-sequence model, .*mBART or m"):
        load_sequence_to_sequence(tiny)
    for name in ("no/such-model", "/no/such/folder", "embedded"):
        with pytest.raises(FileNotFoundError, match=f"must be a folder or a .*was: '{name}'") as no:
            load_sequence_to_sequence(name)
        assert str(no.value).endswith("give its folder.")
    bare = Path(shutil.copytree(folders["mt5"], tmp_path / "bare"))
    (bare / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="It is no complete folder here"):
        load_sequence_to_sequence(str(bare))
    slow = Path(shutil.copytree(folders["mt5"], tmp_path / "slow"))
    (slow / "tokenizer.json").unlink()
    with pytest.raises((ValueError, FileNotFoundError), match="slow"):
        load_sequence_to_sequence(str(slow))
    endless = edited(folders["mt5"], tmp_path / "endless", "tokenizer_config.json", eos_token=None)
    with pytest.raises(ValueError, match="must have an end token, was: a tokenizer without one"):
        made(endless)
    unmasked = Path(shutil.copytree(folders["mt5"], tmp_path / "unmasked"))
    for file in unmasked.glob("tokenizer*.json"):
        file.write_text(file.read_text().replace("<extra_id_0>", "<spare>"))
    with pytest.raises(ValueError, match="must have a mask token or '<extra_id_0>'"):
        made(str(unmasked))


def command(name: str, root: Path, folder: str, *more: str) -> NERCLI:
    return run(
        [
            name,
            f"--trainer={CONFIGS / 'trainer_mulda.yaml'}",
            f"--model={CONFIGS / 'model' / 'mulda.yaml'}",
            f"--data={CONFIGS / 'data' / 'sample.yaml'}",
            "--data.train_size=24",
            "--data.dev_size=8",
            f"--model.backbone={folder}",
            "--model.languages=[sw]",
            "--model.max_length=24",
            "--trainer.max_epochs=2",
            "--trainer.accelerator=cpu",
            "--trainer.enable_progress_bar=false",
            "--trainer.enable_model_summary=false",
            f"--log_root={root}",
            *more,
        ]
    )


def test_a_resumed_run_repeats_an_uninterrupted_one_and_checkpoints_reload(
    folders: dict[Kind, str], tmp_path: Path
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    command("fit", one, folders["mt5"])
    command("fit", other, folders["mt5"], "--trainer.max_epochs=1")
    command("fit", other, folders["mt5"], "--ckpt_path=last")
    files = [next(root.glob("**/last.ckpt")) for root in (one, other)]
    whole, resumed = (torch.load(file, weights_only=True) for file in files)
    assert whole["epoch"] == resumed["epoch"] == 1
    assert same(whole["state_dict"], resumed["state_dict"])
    module = MulDALightningModule.load_from_checkpoint(files[0], weights_only=True)
    assert same(module.state_dict(), whole["state_dict"])
    assert module.tokenizer.convert_tokens_to_ids("<sw>") < module.model.config.vocab_size
    assert module.model.config.vocab_size == len(module.tokenizer)
    with pytest.raises(ValueError, match=r"must have languages \['en'\] as configured"):
        command("test", one, folders["mt5"], "--model.languages=[en]")


def test_predict_writes_new_sentences_with_a_report(
    folders: dict[Kind, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An untrained model writes next to nothing that is a sentence: here each row is one.
    monkeypatch.setattr(
        "lowner_pl.modules.mulda.write",
        lambda _, sources, __, *, seed, **___: [[seed, n] for n in range(len(sources[0]))],
    )
    monkeypatch.setattr(
        MulDALightningModule,
        "_sentence",
        lambda _, row, language: Sentence((f"{row[0]}", f"{row[1]}"), ("B-PER", "O"), language),
    )
    command("fit", tmp_path, folders["mt5"], "--trainer.max_epochs=1")
    cli = command("predict", tmp_path, folders["mt5"], "--model.rounds=2")
    (file,) = tmp_path.rglob("generated_train.conll")
    new = read_conll(file)
    record = json.loads(file.with_suffix(".json").read_text())
    assert record["sentences_in"] == 24
    assert record["sentences_out"] == len(new) > 40  # a sentence of one word has one source
    assert record["options"] == {
        "rounds": 2,
        "draws": 20,
        "beams": 5,
        "returned": 1,
        "sample": False,
        "prefix_words": 3,
        "max_length": 24,
        "languages": ["sw"],
    }
    assert not list(tmp_path.rglob("*.journal"))
    streamed = generate(cli.model, cli.datamodule.sentences("train"), seed=0)
    assert [(s.words, s.tags) for s in streamed] == [(s.words, s.tags) for s in new]
