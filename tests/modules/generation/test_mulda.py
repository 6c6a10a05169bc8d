import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy
from transformers import AutoModelForSeq2SeqLM

from lowner_pl.corpus import AugmentationReport, Sentence
from lowner_pl.modules import MulDALightningModule, generate
from lowner_pl.modules.generation.sequence_generator import SearchOptions
from lowner_pl.nn import load_sequence_to_sequence

from ...sequence_models import Kind
from .mulda_models import GOLD, KINDS, made

pytestmark = pytest.mark.usefixtures("offline")


@pytest.fixture(scope="module")
def fitted(sequence_folders: dict[Kind, str]) -> dict[Kind, MulDALightningModule]:
    """Modules that have memorised four sentences, given the language or any prefix."""
    modules = {}
    for kind in KINDS:
        module = made(sequence_folders[kind], prefix_words=2).eval()
        optimizer = torch.optim.Adam(module.parameters(), lr=1e-2)
        generator = torch.Generator().manual_seed(0)
        recent = 1.0
        for _ in range(300):
            loss, _ = module.loss(GOLD, generator)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            recent = 0.8 * recent + 0.2 * loss.item()
            if recent < 0.06:  # the minimum is not 0, since two sentences share a language
                break
        modules[kind] = module
    return modules


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_equals_that_of_the_stock_model(
    kind: Kind, sequence_folders: dict[Kind, str]
) -> None:
    module = made(sequence_folders[kind]).eval()
    batch = module.encoder(GOLD, torch.Generator().manual_seed(3))
    stock = AutoModelForSeq2SeqLM.from_pretrained(sequence_folders[kind]).eval()
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


def test_dev_entities_of_types_without_label_tokens_are_ignored(
    sequence_folders: dict[Kind, str],
) -> None:
    module = made(sequence_folders["mt5"]).eval()
    odd = [Sentence(("Linux", "is", "old"), ("B-PRODUCT", "O", "O"), "en"), GOLD[0]]
    losses = []
    for batch in (odd, [odd[0].with_tags(["O"] * 3), GOLD[0]]):
        module.on_validation_epoch_start()
        module.validation_step(batch, 0)
        losses.append(module.losses.compute())
    assert losses[0] == losses[1]


def test_padding_does_not_change_the_loss(sequence_folders: dict[Kind, str]) -> None:
    module = made(sequence_folders["mt5"], prefix_words=0).eval()
    with torch.no_grad():
        parts = [module.loss([sentence], torch.Generator()) for sentence in GOLD]
        loss, subwords = module.loss(GOLD, torch.Generator())
    assert subwords == sum(count for _, count in parts)
    total = sum(part.item() * count for part, count in parts)
    assert loss.item() == pytest.approx(total / subwords, rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_learns_in_training_mode(
    kind: Kind, sequence_folders: dict[Kind, str]
) -> None:
    module = made(sequence_folders[kind])
    assert all(part.training for part in module.modules())
    loss, _ = module.loss(GOLD, torch.Generator().manual_seed(0))
    loss.backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("kind", KINDS)
def test_memorised_sentences_are_generated(
    kind: Kind, fitted: dict[Kind, MulDALightningModule]
) -> None:
    # Each sentence is written from the language alone and from prefixes of 1 or 2 words.
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


def test_the_result_depends_on_the_seed_and_the_index(
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
        # The model has memorised the sentences, so two seeds may draw the same.
        others = (module.candidates(GOLD, range(4), seed=seed) for seed in range(2, 10))
        assert any([list(parts) for parts in other] != calm for other in others)
        assert all(part.training for part in module.modules())
    finally:
        module.eval()
    assert torch.random.get_rng_state().equal(state)
    assert [len(parts) for parts in calm] == [module.rounds * 4] * 4
    for sentence, parts in zip(GOLD, calm, strict=True):
        assert {s.language for s in parts if isinstance(s, Sentence)} <= {sentence.language}


def test_beam_search_uses_each_prefix_once(
    fitted: dict[Kind, MulDALightningModule], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = fitted["mt5"]
    for returned, expected in ((1, 3), (4, 12)):
        monkeypatch.setattr(module, "search", SearchOptions(5, returned, sample=False))
        (parts,) = module.candidates(GOLD[2:3], [0], seed=0)
        assert len(list(parts)) == expected


def test_malformed_rows_are_rejected_with_the_right_reason(
    sequence_folders: dict[Kind, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = made(
        sequence_folders["mt5"], languages=None, prefix_words=0, beams=12, returned=12, rounds=2
    )
    known = module.tokenizer.get_vocab()
    rows: list[str | None] = [
        "<B-PER> ▁ A n n",
        "<B-PER> ▁ A n n",  # duplicate
        "▁ A n n",  # no_entity
        "<I-PER> ▁ A n n",  # illegal_tags
        "▁ A <B-PER>",  # label_without_word
        "<B-PER>",  # no_words
        "<B-PER> n",  # broken_word: no word-initial subword
        "<B-PER> ▁",  # broken_word: invisible
        "<B-PER> ▁ A <extra_id_0>",  # broken_word: a special token
        "<B-PER> ▁ <unk>",  # unknown_words
        None,  # endless
    ]
    ids = [None if row is None else [known[name] for name in row.split()] for row in rows]
    ids.append([len(known) + 5])  # broken_word: an embedding row without a subword
    monkeypatch.setattr("lowner_pl.modules.generation.mulda.write", lambda *_, **__: ids)
    report = AugmentationReport()
    # The stub answers the only prefix with these twelve rows.
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
        ({"rounds": 0}, "`rounds` is 0, but it must be at least 1"),
        ({"draws": -1}, "`draws` is -1, but it must be at least 1"),
        ({"beams": 0}, "`beams` is 0, but it must be at least 1"),
        ({"returned": 6}, "`returned` is 6, but it must be between 1 and 5"),
    ],
)
def test_generation_options_outside_their_range_are_errors(
    options: dict[str, Any], message: str, sequence_folders: dict[Kind, str]
) -> None:
    with pytest.raises(ValueError, match=message):
        made(sequence_folders["mt5"], **options)


def test_bad_prefixes_tags_and_languages_are_errors(sequence_folders: dict[Kind, str]) -> None:
    with pytest.raises(ValueError, match="`prefix_words` is -1, but it must be at least 0"):
        made(sequence_folders["mt5"], prefix_words=-1)
    module = made(sequence_folders["mt5"])
    generator = torch.Generator()
    with pytest.raises(ValueError, match=r"language 'sw', which is not among .*\('en', 'de'\)"):
        module.loss([Sentence(("a",), ("O",), "sw")], generator)
    with pytest.raises(ValueError, match="The tag 'B-ORG' has no label token"):
        module.loss([Sentence(("a",), ("B-ORG",), "en")], generator)
    with pytest.raises(ValueError, match="has no tags, so it can't be labelled"):
        module.loss([Sentence(("a",), None, "en")], generator)
    with pytest.raises(ValueError, match=r"language 'nl', which is not among .*\('en', 'de'\)"):
        list(generate(module, [Sentence(("a",), ("B-PER",), "nl")], seed=0))


def edited(folder: str, target: Path, file: str, **changes: Any) -> str:
    """Copy a folder and change entries of a JSON file; ``None`` removes an entry."""
    copy = shutil.copytree(folder, target)
    content = {**json.loads((copy / file).read_text()), **changes}
    left = {key: value for key, value in content.items() if value is not None}
    (copy / file).write_text(json.dumps(left))
    return str(copy)


def test_unsuitable_backbones_are_errors(
    sequence_folders: dict[Kind, str], tiny: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"is not a sequence-to-sequence model .*mBART or m"):
        load_sequence_to_sequence(tiny)
    for name in ("no/such-model", "/no/such/folder", "embedded"):
        with pytest.raises(FileNotFoundError, match=f"'{name}' is not a complete folder") as no:
            load_sequence_to_sequence(name)
        assert str(no.value).endswith("set its folder.")
    bare = Path(shutil.copytree(sequence_folders["mt5"], tmp_path / "bare"))
    (bare / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="is not a complete folder"):
        load_sequence_to_sequence(str(bare))
    part = Path(shutil.copytree(sequence_folders["mt5"], tmp_path / "part"))
    weights = load_file(part / "model.safetensors")
    lost = weights.pop("encoder.final_layer_norm.weight")
    assert lost.any()
    save_file(weights, part / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match=r"part' lacks weights, such as 'encoder.final_layer_norm"):
        load_sequence_to_sequence(str(part))
    slow = Path(shutil.copytree(sequence_folders["mt5"], tmp_path / "slow"))
    (slow / "tokenizer.json").unlink()
    with pytest.raises((ValueError, FileNotFoundError), match="slow"):
        load_sequence_to_sequence(str(slow))
    endless = edited(
        sequence_folders["mt5"], tmp_path / "endless", "tokenizer_config.json", eos_token=None
    )
    with pytest.raises(ValueError, match="has no end token"):
        made(endless)
    unmasked = Path(shutil.copytree(sequence_folders["mt5"], tmp_path / "unmasked"))
    for file in unmasked.glob("tokenizer*.json"):
        file.write_text(file.read_text().replace("<extra_id_0>", "<spare>"))
    with pytest.raises(ValueError, match="has neither a mask token nor '<extra_id_0>'"):
        made(str(unmasked))
