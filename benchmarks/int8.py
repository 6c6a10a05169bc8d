"""What 8 bits per weight cost: F1 of an exported tagger by torch and by ONNX Runtime.

python benchmarks/int8.py --data FOLDER --data FOLDER --out results.jsonl

A folder has train.conll, dev.conll and test.conll. Each tagger is trained with the embedded
backbone and exported twice, with `--onnx` and with `--onnx --int8`. The same test sentences are
then tagged by torch and by both graphs.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from common import ROOT, SPLITS, Record, append, copy_corpus, one_thread

from lowner_pl.corpus import Sentence

METHODS = ("sner", "maner")


def main() -> None:
    """Train, export and score a tagger on every corpus."""
    options = _options()
    one_thread()
    for data in options.data:
        with TemporaryDirectory() as name:
            append(options.out, _measure(data, Path(name), options))


def _measure(data: Path, folder: Path, options: argparse.Namespace) -> Record:
    """Train a tagger on a corpus, and score what is exported."""
    import lowner_pl
    from lowner_pl.__main__ import run_command
    from lowner_pl.commands.cli import run

    sizes = {"train": options.train, "dev": options.dev, "test": options.test}
    corpus = folder / data.name
    parts = copy_corpus(data, corpus, sizes)
    words = [
        f"--config={ROOT / 'configs' / f'{options.method}_wikiann.yaml'}",
        f"--config={ROOT / 'configs' / 'embedded.yaml'}",
        "--data=lowner_pl.datamodules.ConllDataModule",
        *(f"--data.{split}_path={corpus / split}.conll" for split in SPLITS),
        f"--seed_everything={options.seed}",
        f"--log_root={folder / 'logs'}",
        f"--trainer.max_epochs={options.epochs}",
        "--trainer.enable_progress_bar=false",
        "--trainer.logger=false",
    ]
    run(["fit", *words])
    (checkpoint,) = (folder / "logs").glob("*/*/*/checkpoints/best.ckpt")
    record: Record = {"benchmark": "int8", "data": data.name, "method": options.method}
    record |= {"seed": options.seed, "epochs": options.epochs}
    record |= {split: len(sentences) for split, sentences in parts.items()}
    found: dict[str, list[list[str]]] = {}
    for name, more in (("torch", ["--onnx"]), ("onnx", []), ("int8", ["--onnx", "--int8"])):
        target = folder / ("small" if name == "int8" else "plain")
        if more:
            run_command(["export", f"--run={checkpoint}", f"--folder={target}", *more])
        runtime = "torch" if name == "torch" else "onnx"
        tagger = lowner_pl.load(target, runtime=runtime)
        started = time.process_time()
        entities = tagger.tag_words([sentence.words for sentence in parts["test"]])
        seconds = time.process_time() - started
        found[name] = [
            [f"{e.start} {e.end} {e.type}" for e in of_sentence] for of_sentence in entities
        ]
        file = target / ("model.safetensors" if name == "torch" else "model.onnx")
        record[name] = {
            "f1": round(_f1(parts["test"], found[name]), 4),
            "megabytes": round(file.stat().st_size / 1e6, 1),
            "sentences_per_s": round(len(parts["test"]) / seconds, 1),
        }
    for name in ("onnx", "int8"):
        pairs = zip(found["torch"], found[name], strict=True)
        record[name]["sentences_that_differ"] = sum(one != other for one, other in pairs)
    return record


def _f1(gold: Sequence[Sentence], found: Sequence[Sequence[str]]) -> float:
    """Compute F1 over entities."""
    correct = predicted = wanted = 0
    for sentence, entities in zip(gold, found, strict=True):
        real = {f"{e.start} {e.end} {e.type}" for e in sentence.entities}
        correct += len(real.intersection(entities))
        predicted += len(entities)
        wanted += len(real)
    return 2 * correct / max(predicted + wanted, 1)


def _options() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, action="append", required=True)
    parser.add_argument("--method", default="sner", choices=METHODS)
    parser.add_argument("--train", type=int, default=100, help="sentences")
    parser.add_argument("--dev", type=int, default=100)
    parser.add_argument("--test", type=int, default=400)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=12345)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
