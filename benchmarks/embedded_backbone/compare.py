"""Compare backbones by the test F1 of taggers that are trained on few sentences.

python benchmarks/embedded_backbone/compare.py --data FOLDER … --backbone NAME=FOLDER … --out FILE

Every combination of corpus, method, seed and backbone is one `fit` and one `test`, with the last
weights. The backbones take turns. Results are appended as JSON lines; what is there already is
skipped.
"""

import argparse
import json
import sys
import tempfile
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from common import (
    Record,
    Stopwatch,
    append,
    copy_corpus,
    one_thread,
    tested_scores,
    write_config,
)

TYPES = ("PER", "LOC", "ORG")


def main() -> None:
    """Run what is missing."""
    options = _options()
    one_thread()
    done = _done(options.out)
    for data, seed, method, named in product(
        options.data, options.seeds, options.methods, options.backbone
    ):
        name, backbone = named.split("=", 1)
        key = {"corpus": data.name, "method": method, "seed": seed, "backbone": name}
        key["variant"] = options.variant
        if json.dumps(key) not in done:
            append(options.out, {**key, **_run(options, data, method, seed, backbone)})


def _done(file: Path) -> set[str]:
    """List the runs that the results file has."""
    keys = ("corpus", "method", "seed", "backbone", "variant")
    lines = file.read_text().splitlines() if file.exists() else []
    records = map(json.loads, lines)
    return {json.dumps({key: record[key] for key in keys}) for record in records}


def _run(options: argparse.Namespace, data: Path, method: str, seed: int, backbone: str) -> Record:
    """Train and test once; return scores in percent and seconds of processor time."""
    from lowner_pl.commands.cli import run

    with tempfile.TemporaryDirectory() as temporary:
        corpus = Path(temporary) / data.name
        parts = copy_corpus(data, corpus, {"test": options.test})
        found = {entity.type for part in parts.values() for s in part for entity in s.entities}
        config = write_config(Path(temporary) / f"{method}.json", method, corpus)
        more = [
            f"--config={config}",
            *(f"--config={file}" for file in options.config),
            f"--seed_everything={seed}",
            f"--log_root={temporary}/logs",
            f"--model.init_args.backbone={backbone}",
            f"--data.init_args.train_size={options.train}",
            f"--data.init_args.dev_size={options.train}",
            f"--data.init_args.type_map={json.dumps(dict.fromkeys(sorted(found - {*TYPES})))}",
            "--trainer.accelerator=cpu",
            "--trainer.enable_progress_bar=false",
            "--trainer.enable_model_summary=false",
            *options.option,
        ]
        fit, test = Stopwatch(), Stopwatch()
        with fit:
            run(["fit", *more])
        with test:
            run(["test", *more, "--ckpt_path=last"])
        (folder,) = (Path(temporary) / "logs" / data.name).glob("*/seed_*")
        (scores,) = tested_scores(folder, "last").values()
    return {
        "f1": round(100 * scores["f1"], 2),
        "fit_cpu_s": round(fit.cpu, 1),
        "test_cpu_s": round(test.cpu, 1),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="corpus folders")
    parser.add_argument("--backbone", nargs="+", required=True, metavar="NAME=FOLDER")
    parser.add_argument("--methods", nargs="+", default=["sner", "maner"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[12345])
    parser.add_argument("--train", type=int, default=100, help="training sentences")
    parser.add_argument("--test", type=int, default=400, help="maximum number of test sentences")
    parser.add_argument("--config", type=Path, nargs="*", default=[], help="overlays")
    parser.add_argument("--variant", default="", help="name of the options that follow")
    parser.add_argument("--out", type=Path, required=True, help="results file")
    parser.add_argument("option", nargs="*", help="options of `fit`, after --")
    return parser.parse_args()


if __name__ == "__main__":
    main()
