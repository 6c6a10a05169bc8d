"""MELM's generation compared with a naive version: sentences per second and memory.

python benchmarks/generation.py --data FOLDER --out results.jsonl
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from common import Record, append, copy_corpus, in_child, texts


def main() -> None:
    """Alternate between both versions, each in a process of its own."""
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_corpus(
            options.data, folder / "corpus", {"train": options.sentences, "dev": 1, "test": 1}
        )
        backbone = options.backbone or folder / "backbone"
        if not (backbone / "model.safetensors").is_file():
            _backbone(backbone, options)
        job: Record = {
            "corpus": str(folder / "corpus" / "train.conll"),
            "backbone": str(backbone),
            "batch_size": options.batch_size,
        }
        rounds = [
            {
                kind: in_child("generation_child.py", job | {"kind": kind})
                for kind in ("ours", "plain")
            }
            for _ in range(options.rounds)
        ]
    append(options.out, _record(options, rounds))


def _record(options: argparse.Namespace, rounds: list[dict[str, Record]]) -> Record:
    """Compute medians over the rounds, and ratios."""
    record: Record = {"benchmark": "generation", "data": options.data.name}
    record |= {"layers": options.layers, "hidden": options.hidden, "vocabulary": options.vocabulary}
    record |= {key: rounds[0]["ours"][key] for key in ("sentences", "candidates")}
    for kind in ("ours", "plain"):
        for key in ("generation_cpu", "generation_wall", "loaded_mb", "generation_mb"):
            values = [part[kind][key] for part in rounds]
            record[f"{kind}_{key}"] = round(statistics.median(values), 2)
        # Share of the CPU time that large matrix products with as many operations would take.
        record |= {f"{kind}_{key}": rounds[0][kind][key] for key in ("subwords", "scored")}
        record[f"{kind}_gflop"] = round(rounds[0][kind]["operations"] / 1e9)
        record[f"{kind}_share_of_product_rate"] = round(
            statistics.median(
                part[kind]["operations"] / part[kind]["product_rate"] / part[kind]["generation_cpu"]
                for part in rounds
            ),
            2,
        )
    record["operations_ratio"] = round(record["plain_gflop"] / record["ours_gflop"], 2)
    for key in ("cpu", "wall"):
        ratio = record[f"plain_generation_{key}"] / record[f"ours_generation_{key}"]
        record[f"speed_ratio_{key}"] = round(ratio, 2)
    # Both hold the same model, so compare the memory beyond it.
    beyond = {k: record[f"{k}_generation_mb"] - record[f"{k}_loaded_mb"] for k in ("ours", "plain")}
    record |= {f"{kind}_beyond_model_mb": round(value, 1) for kind, value in beyond.items()}
    record["memory_ratio"] = round(beyond["plain"] / beyond["ours"], 2)
    record["memory_ratio_with_model"] = round(
        record["plain_generation_mb"] / record["ours_generation_mb"], 2
    )
    return record


def _backbone(folder: Path, options: argparse.Namespace) -> None:
    """Write a randomly initialised XLM-R with a vocabulary of the given size.

    The tokenizer is trained on all training data; made-up subwords fill the rest of the vocabulary.
    """
    import torch
    from transformers import AutoConfig, AutoModelForMaskedLM, PreTrainedTokenizerFast

    from lowner_pl.corpus import read_conll
    from lowner_pl.nn.backbones.making.fresh_tokenizer import fresh_tokenizer

    real = texts(read_conll(options.data / "train.conll"))
    tokenizer = fresh_tokenizer(real, kind="xlm-roberta", vocabulary=8000)
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    pieces = state["model"]["vocab"]
    missing = options.vocabulary - len(pieces)
    made_up = [[("▁" if n % 2 else "") + f"x{_letters(n)}", -99.0] for n in range(missing)]
    state["model"]["vocab"] = pieces + made_up
    core = type(tokenizer.backend_tokenizer).from_str(json.dumps(state))
    names = {f"{kind}_token": getattr(tokenizer, f"{kind}_token") for kind in _SPECIALS}
    extended = PreTrainedTokenizerFast(tokenizer_object=core, **names)
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        "xlm-roberta",
        vocab_size=len(extended),
        num_hidden_layers=options.layers,
        hidden_size=options.hidden,
        num_attention_heads=options.heads,
        intermediate_size=4 * options.hidden,
        max_position_embeddings=514,
        type_vocab_size=1,
        pad_token_id=extended.pad_token_id,
        bos_token_id=extended.cls_token_id,
        eos_token_id=extended.sep_token_id,
    )
    AutoModelForMaskedLM.from_config(config).save_pretrained(folder)
    extended.save_pretrained(folder)


_SPECIALS = ("cls", "pad", "sep", "unk", "mask")


def _letters(number: int) -> str:
    """Write a number in letters."""
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="corpus folder")
    parser.add_argument("--sentences", type=int, default=24)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--vocabulary", type=int, default=250_000, help="size of the vocabulary")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--hidden", type=int, default=768)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--backbone", type=Path, help="folder of the backbone, created if missing")
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
