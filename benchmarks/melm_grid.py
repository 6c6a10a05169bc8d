"""MELM's masks and rounds: Tables 4 and 5 of the paper (Zhou et al., 2022, appendix A.1).

Table 4:  python benchmarks/melm_grid.py --data FOLDER --etas 0.3 0.5 0.7 --mus 0.3 0.5 0.7
Table 5:  python benchmarks/melm_grid.py --data FOLDER --rounds 1 2 3 4 5 6

Each cell is one run of `augment`. The gold-only tagger is trained once per seed, and the fine-tuned
model once per seed and eta; with the same ``--work`` folder, both tables share them. The paper
reports dev F1. This script reports dev and test F1 and the share of candidates that the filter
keeps. If it keeps none, the scores are those of the gold-only tagger.
"""

from itertools import product
from pathlib import Path

import melm_study
from common import Record, append, best_dev_f1
from melm_study import FINETUNE, GOLD, Study, mean, show

KEYS = ("eta", "mu", "rounds")


def main() -> None:
    """Run every cell with every seed and print the means."""
    parser = melm_study.parser(__doc__)
    parser.add_argument("--train", type=int, default=100, help="gold sentences")
    parser.add_argument("--etas", type=float, nargs="+", default=[0.7], help="mask rates")
    parser.add_argument("--mus", type=float, nargs="+", default=[0.5], help="generation rates")
    parser.add_argument("--rounds", type=int, nargs="+", default=[3])
    options = parser.parse_args()
    study = Study(options)
    records: list[Record] = []
    for seed in options.seeds:
        for cell in product(options.etas, options.mus, options.rounds):
            records.append(run_cell(study, seed, *cell))
            append(options.out, {"benchmark": "melm_grid", **study.setting, **records[-1]})
    scores = ("kept_share", "dev_f1", "test_f1", "gold_test_f1")
    rows = []
    for cell in product(options.etas, options.mus, options.rounds):
        same = [record for record in records if tuple(record[key] for key in KEYS) == cell]
        rows.append([*cell, *(mean(record[score] for record in same) for score in scores)])
    show([*KEYS, *scores], rows)


def run_cell(study: Study, seed: int, eta: float, mu: float, rounds: int) -> Record:
    """Run one cell and return its scores in percent."""
    size = study.options.train
    row, data = write_row(study, eta, mu, rounds), study.data(size)
    words = study.generator_words("generator.")
    noted = study.augment(row, data, seed, *words, until="filter")
    report = noted["filter"]["report"]
    if report["sentences_out"]:
        noted = study.augment(row, data, seed, *words, until="train")
    trained = noted["train" if report["sentences_out"] else "gold"]
    record: Record = {"train": size, "seed": seed, "eta": eta, "mu": mu, "rounds": rounds}
    record |= {"candidates": report["sentences_in"], "kept": report["sentences_out"]}
    record["kept_share"] = round(100 * report["sentences_out"] / report["sentences_in"], 2)
    record["dev_f1"] = best_dev_f1(Path(trained["checkpoint"]).parents[1])
    record["test_f1"] = round(100 * trained["test"]["f1"], 2)
    record["gold_test_f1"] = round(100 * noted["gold"]["test"]["f1"], 2)
    return record


def write_row(study: Study, eta: float, mu: float, rounds: int) -> Path:
    """Write the `augment` config of one cell.

    Only the generating stage gets the options of the generation, so that all cells with the same
    eta share their fine-tuning.
    """
    tuned, made = f"eta_{eta:g}", f"eta_{eta:g}-mu_{mu:g}-rounds_{rounds}"
    finetuning: Record = {"variant": tuned, "model": {"init_args": {"mask_rate": eta}}}
    options = {"mask_rate": eta, "generation_rate": mu, "rounds": rounds}
    generation: Record = {"variant": made, "model": {"init_args": options}}
    stages = {
        "gold": str(GOLD),
        "finetune": [str(FINETUNE), finetuning],
        "generate": [str(FINETUNE), generation],
        "filter": [str(GOLD), {"variant": "melm_4_filter"}],
        "train": str(GOLD),
    }
    return study.write(f"melm-{made}.json", {"stages": stages})


if __name__ == "__main__":
    main()
