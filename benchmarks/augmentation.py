"""MELM and its baselines on real corpora, through the command line.

python benchmarks/augmentation.py --data FOLDER --rows gold label_wise melm --out results.jsonl
python benchmarks/augmentation.py --data FOLDER FOLDER --rows gold mix_random melm_multi

One folder after ``--data`` is the monolingual setting. Several folders are the multilingual one:
equally many gold sentences of each, trained and tested together.
"""

import argparse
import json
import tempfile
from pathlib import Path

from common import Record, Stopwatch, append
from melm_study import MELM, Study, config_of, percent

FITTED = {"label_wise": "labelwise", "mix_random": "mix_random", "mix_ess": "mix_ess"}
AUGMENTED = ("mlm_entity", "daga", "melm_plain", "melm", "melm_multi")
ROWS = ("gold", *FITTED, *AUGMENTED)
MONOLINGUAL = ("gold", "label_wise", "mlm_entity", "daga", "melm_plain", "melm")


def main() -> None:
    """Run each method with each seed and report its test scores."""
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        options.work = Path(name)
        study = Study(options)
        for seed in options.seeds:
            for row in options.rows:
                append(options.out, run_row(study, row, seed))


def run_row(study: Study, row: str, seed: int) -> Record:
    """Train and test a method's tagger; return scores in percent and the added sentences."""
    record: Record = {"benchmark": "augmentation", "data": study.name, "row": row, "seed": seed}
    record |= {key: getattr(study.options, key) for key in ("train", "steps", "backbone")}
    watch = Stopwatch()
    with watch:
        made = fit(study, row, seed) if row in FITTED else augment(study, row, seed)
    return record | made | {"cpu_s": round(watch.cpu, 1)}


def augment(study: Study, row: str, seed: int) -> Record:
    """Run `augment`. Stages shared with another method run only once."""
    size, words = study.options.train, []
    if row not in ("gold", "daga"):
        words = [*study.generator_words("generator."), "--generator.data.batch_size=30"]
    if row == "melm_multi":
        mixed = study.augmented(size, "mixed", augmenters=[most_similar(study)])
        languages = json.dumps(study.languages)
        words = [f"--generator.data={mixed}", f"--generator.model.languages={languages}", *words]
    config = MELM / f"{'melm' if row == 'gold' else row}_conll.yaml"
    until = "gold" if row == "gold" else "train"
    stages = study.augment(config, study.data(size), seed, *words, until=until)
    if row == "gold":
        return percent(stages["gold"]["test"]["test_sets"])
    made = percent(stages["train"]["test"]["test_sets"])
    filtered = "filter" in stages
    made["added"] = stages["filter" if filtered else "generate"]["report"]["sentences_out"]
    return made | ({"filter": stages["filter"]["report"]} if filtered else {})


def fit(study: Study, row: str, seed: int) -> Record:
    """Train and test on gold sentences and those of an augmenter that needs no training."""
    words = [f"--data.source={study.data(study.options.train)}"]
    if row == "mix_ess":
        words.append(f"--data.augmenters={json.dumps([most_similar(study)])}")
    cli, scores = study.tested(MELM / f"{FITTED[row]}_conll.yaml", seed, *words)
    (counts,) = cli.datamodule.reports.values()
    return scores | {"added": counts.sentences_out}


def most_similar(study: Study) -> Record:
    """Config of code-mixing with the backbone's own word vectors."""
    vectors = config_of("nn.BackboneVectors", backbone=study.options.backbone)
    return config_of("augmentation.EntitySimilarityCodeMixing", vectors=vectors)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="corpus folders")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=MONOLINGUAL)
    parser.add_argument(
        "--train", type=int, default=100, help="training sentences, and dev sentences"
    )
    parser.add_argument("--test", type=int, default=500, help="maximum number of test sentences")
    parser.add_argument("--steps", type=int, default=280, help="updates per tagger")
    parser.add_argument("--backbone", default="embedded")
    parser.add_argument(
        "--rate", dest="tagger_rate", type=float, default=5e-4, help="learning rate of the taggers"
    )
    parser.add_argument(
        "--head-lr-factor",
        type=float,
        default=10.0,
        help="factor on the heads' rate",
    )
    parser.add_argument("--generator-rate", type=float, default=5e-4, help="learning rate of MELM")
    parser.add_argument("--precision", default="bf16-mixed", help="precision of the trainer")
    parser.add_argument("--seeds", type=int, nargs="+", default=[12345, 23451, 34512])
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    # Options of `melm_study` that are fixed here.
    parser.set_defaults(dev=None, epochs=-1, generator_backbone=None, generator_epochs=20)
    parser.set_defaults(accelerator="cpu")
    return parser.parse_args()


if __name__ == "__main__":
    main()
