"""Fixtures shared by all tests."""

import resource
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from lowner_pl.corpus import Sentence, read_conll, write_conll
from lowner_pl.nn.backbones import identity, loading
from lowner_pl.nn.backbones.making.fresh import fresh_backbone
from lowner_pl.nn.backbones.making.fresh_tokenizer import Kind

from .packed import pack

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "lowner_pl" / "assets" / "sample"
KINDS: tuple[Kind, ...] = ("xlm-roberta", "bert", "modernbert")
ALL_KINDS: tuple[Kind, ...] = (*KINDS, "multilingual")
TOYS = {
    "en": "data/*/eng.train",
    "de": "data/*/deu.train",
    "es": "data/*/esp.train",
    "nl": "data/*/ned.train",
}

EMBEDDED = loading.EMBEDDED

torch.set_num_threads(1)
# A shell lets jobs in the background ignore Ctrl+C; the commands under test inherit that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut off the Hugging Face hub, whatever the environment says."""
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


@pytest.fixture
def full_disk() -> Iterator[None]:
    """Limit files to 100 kB, so that larger writes fail as on a full disk."""
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture(scope="session")
def swahili() -> list[Sentence]:
    """The training sentences of the Swahili sample corpus."""
    return read_conll(SAMPLE / "sw" / "train.conll", language="sw")


@pytest.fixture(scope="session")
def backbones(tmp_path_factory: pytest.TempPathFactory, swahili: list[Sentence]) -> dict[str, Path]:
    """Folders of tiny untrained backbones, one of each kind."""
    texts = [" ".join(sentence.words) for sentence in swahili]
    root = tmp_path_factory.mktemp("backbones")
    return {
        kind: fresh_backbone(root / kind, texts, kind=kind, vocabulary=400, hidden=16, heads=2)
        for kind in ALL_KINDS
    }


@pytest.fixture(scope="session")
def tiny(backbones: dict[str, Path]) -> str:
    """Folder of a tiny untrained backbone of the XLM-R kind."""
    return str(backbones["xlm-roberta"])


@pytest.fixture(scope="session", autouse=True)
def toy_embedded(
    tmp_path_factory: pytest.TempPathFactory, swahili: list[Sentence]
) -> Iterator[None]:
    """Let ``embedded`` name a tiny untrained backbone in a packed folder; the real one is slow."""
    texts = [" ".join(sentence.words) for sentence in swahili]
    texts += 20 * ["ä ö ü Ä Ö Ü ß á é í ó ú ñ ë ï è ê ç"]  # the toy corpora's other letters
    plain, packed = (tmp_path_factory.mktemp(name) for name in ("plain", "embedded"))
    fresh_backbone(plain, texts, kind="multilingual", vocabulary=500, hidden=32, heads=2)
    # As large as trained weights: the vector of <s> depends on the sentence, as retrieval needs.
    weights = load_file(plain / "model.safetensors")
    larger = {name: weight * (10 if weight.ndim > 1 else 1) for name, weight in weights.items()}
    save_file(larger, plain / "model.safetensors", {"format": "pt"})
    pack(plain, packed, bits=8)
    with pytest.MonkeyPatch.context() as patch:
        for module in (loading, identity):
            patch.setattr(module, "EMBEDDED", packed)
        yield


@pytest.fixture
def real_embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``embedded`` name the backbone in the package, as for users."""
    for module in (loading, identity):
        monkeypatch.setattr(module, "EMBEDDED", EMBEDDED)


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Change to a folder with the toy corpora in ``data/``, where the configs expect corpora."""
    shutil.copytree(ROOT / "tests" / "data", tmp_path / "data")
    write_conll(tmp_path / "augmented.conll", [Sentence(("Zoe", "left"), ("B-PER", "O"))])
    (tmp_path / "data" / "muse").mkdir()
    for language in ("en", "de", "es", "nl"):
        text = next(tmp_path.glob(TOYS[language])).read_bytes().decode("latin-1")
        words = {line.split()[0] for line in text.splitlines() if line.strip()}
        rows = [f"{word} {len(word)} {ord(word[0])}" for word in sorted(words)]
        text = "\n".join([f"{len(rows)} 2", *rows]) + "\n"
        (tmp_path / "data" / "muse" / f"wiki.multi.{language}.vec").write_text(
            text, encoding="utf-8"
        )
    monkeypatch.chdir(tmp_path)
