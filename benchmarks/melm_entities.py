"""New entities that an oracle confirms: Figure 4 of MELM's paper (Zhou et al., 2022, section 4.2).

python benchmarks/melm_entities.py --data FOLDER

The oracle, a tagger trained on all training sentences, tags the sentences that each method
generates from a few gold ones. A mention (words and type) is new if no gold sentence contains it,
and valid if the oracle finds the same span with the same type in one of its sentences. Two details
are ours: mentions are counted before and after the filter (label-wise substitution and DAGA have
none), and the oracle's training set includes the gold sentences.
"""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

import melm_study
from common import Record, append
from melm_study import GOLD, MELM, Study, show

from lowner_pl.augmentation import LabelWiseSubstitution
from lowner_pl.callbacks import PredictionWriter
from lowner_pl.corpus import Entity, Sentence, read_conll, subset, write_conll

ROWS = {"mlm_entity": "MLM-Entity", "daga": "DAGA", "melm_plain": "w/o linearize", "melm": "MELM"}
METHODS = ("labelwise", *ROWS)
Mention = tuple[str, tuple[str, ...]]


def main() -> None:
    """Train the oracle unless one is given, then count for each method and seed."""
    options = _options()
    study = Study(options)
    oracle = options.oracle or train_oracle(study)
    gold = subset(study.parts["train"], options.train, seed=0)  # as `train_size` selects
    records: list[Record] = []
    for seed in options.seeds:
        for method in options.methods:
            for place, made in made_by(study, method, seed, gold):
                tagged = tag(study, oracle, f"{method}-{place}-{seed}", made)
                records.append({"method": method, "place": place, "seed": seed})
                records[-1] |= {"sentences": len(made)} | count(gold, made, tagged)
                record = {"train": options.train, **study.setting, **records[-1]}
                append(options.out, {"benchmark": "melm_entities", **record})
    keys = ("method", "place", "seed", "sentences", "entities", "valid", "new", "valid_new")
    show([*keys, "share"], [[record[key] for key in (*keys, "share")] for record in records])


def count(gold: Iterable[Sentence], made: Iterable[Sentence], tagged: Iterable[Sentence]) -> Record:
    """Count the distinct mentions of generated sentences.

    Args:
        gold: Gold sentences, whose mentions are not new.
        made: The generated sentences.
        tagged: The same sentences with the oracle's tags.

    Returns:
        The numbers of all, valid, new, and new valid mentions, and the percentage of new mentions
        that are valid.
    """
    known = {mention(s, entity) for s in gold for entity in s.entities}
    every: set[Mention] = set()
    valid: set[Mention] = set()
    for sentence, other in zip(made, tagged, strict=True):
        confirmed = set(other.entities)
        for entity in sentence.entities:
            every.add(mention(sentence, entity))
            if entity in confirmed:
                valid.add(mention(sentence, entity))
    new, valid_new = len(every - known), len(valid - known)
    counts: Record = {"entities": len(every), "valid": len(valid), "new": new}
    return counts | {"valid_new": valid_new, "share": round(100 * valid_new / (new or 1), 1)}


def mention(sentence: Sentence, entity: Entity) -> Mention:
    """Type and words of an entity."""
    return entity.type, sentence.words[entity.start : entity.end]


def made_by(
    study: Study, method: str, seed: int, gold: list[Sentence]
) -> Iterator[tuple[str, list[Sentence]]]:
    """Yield the sentences that a method generates, and those that the filter keeps."""
    if method == "labelwise":
        yield "made", list(LabelWiseSubstitution().augment(gold, seed=seed))
        return
    row = MELM / f"{method}_conll.yaml"
    data, is_daga = study.data(study.options.train), method == "daga"
    words = [] if is_daga else study.generator_words("generator.")
    noted = study.augment(row, data, seed, *words, until="filter")
    for place, stage in {"made": "generate", "kept": "filter"}.items():
        if stage in noted:  # DAGA has no filter
            some = noted[stage]["report"]["sentences_out"]
            yield place, read_conll(noted[stage]["file"]) if some else []


def train_oracle(study: Study) -> Path:
    """Train and test a tagger on all training sentences; return its checkpoint."""
    chosen = study.options
    data = study.data(chosen.oracle_train)
    record = study.tagger(data, chosen.seeds[0], variant="oracle", epochs=chosen.oracle_epochs)
    append(chosen.out, {"benchmark": "melm_entities", "method": "oracle", **record})
    return Path(record["checkpoint"])


def tag(study: Study, oracle: Path, name: str, sentences: list[Sentence]) -> list[Sentence]:
    """Tag sentences with the oracle."""
    if not sentences:
        return []
    file: Path = study.options.work / "made" / f"{name}.conll"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_conll(file, sentences)
    data = study.data(study.options.oracle_train)
    words = [f"--ckpt_path={oracle}", f"--data.predict_path={file}", "--variant=oracle"]
    cli = study.run("predict", [GOLD], f"--data={data}", *study.tagger_words(), *words)
    writer = next(c for c in cli.trainer.callbacks if isinstance(c, PredictionWriter))
    return read_conll(writer.file)


def _options() -> argparse.Namespace:
    parser = melm_study.parser(__doc__)
    parser.add_argument("--train", type=int, default=100, help="gold sentences")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--oracle", type=Path, help="checkpoint of a trained oracle")
    parser.add_argument("--oracle-train", type=int, help="training sentences of the oracle")
    parser.add_argument("--oracle-epochs", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
