"""Predictions for masked entities: Table 3 of MELM's paper (Zhou et al., 2022, section 4.1).

python benchmarks/melm_predictions.py --data FOLDER --sentence "EU/B-ORG rejects German/B-MISC call"

Prints the most likely subwords of the pretrained masked language model, of MELM without
linearisation and of MELM. Each entity is masked completely while the others stay visible; the paper
does not say how it did this. An entity of several subwords gets one list per subword, separated by
slashes. By default only subwords that generation may draw are shown; ``--any`` shows all.
"""

import argparse
from pathlib import Path

import melm_study
from common import Record, append
from melm_study import FINETUNE, Study, entity_types, show

from lowner_pl.corpus import Sentence, subset
from lowner_pl.modules import MELMLightningModule

LONGEST = 15


def main() -> None:
    """Train the models that are not given, and print a table per sentence."""
    options = _options()
    study = Study(options)
    models = {
        "MLM": MELMLightningModule(
            entity_types=entity_types(study.parts["train"]),
            backbone=study.generator_backbone,
            linearize=False,
        ),
        "MELM w/o linearize": load(options.plain or fine_tuned(study, "--model.linearize=false")),
        "MELM": load(options.melm or fine_tuned(study)),
    }
    for sentence in sentences(study):
        print(f"\n{' '.join(sentence.words)}")
        rows = []
        for name, model in models.items():
            record = predicted(model.eval(), sentence, options)
            record |= {"benchmark": "melm_predictions", "model": name, "train": options.train}
            append(options.out, study.setting | record)
            rows.append([name, *(" / ".join(map(", ".join, cell)) for cell in record["top"])])
        show(["", *record["entities"]], rows)


def predicted(
    model: MELMLightningModule, sentence: Sentence, options: argparse.Namespace
) -> Record:
    """List the entities and the most likely subwords at each of their masks."""
    found = model.predictions(sentence, k=options.k, guarded=not options.any)
    return {
        "sentence": " ".join(sentence.words),
        "entities": [f"{' '.join(part.words)} ({part.entity.type})" for part in found],
        "top": [[[text for text, _ in mask] for mask in part.predictions] for part in found],
    }


def fine_tuned(study: Study, *options: str) -> Path:
    """Fine-tune a model; return its checkpoint."""
    chosen = study.options
    words = [f"--seed_everything={chosen.seeds[0]}", *study.generator_words(), *options]
    cli = study.run("fit", [FINETUNE], f"--data={study.data(chosen.train)}", *words)
    checkpoint: Path = cli.run.checkpoint("best")
    return checkpoint


def load(checkpoint: Path) -> MELMLightningModule:
    """Load a fine-tuned model."""
    module: MELMLightningModule = MELMLightningModule.load_from_checkpoint(
        checkpoint, map_location="cpu", weights_only=True
    )
    return module


def sentences(study: Study) -> list[Sentence]:
    """Return the given sentences, or else some short test sentences with entities."""
    if given := study.options.sentence:
        return [read(text) for text in given]
    short = [s for s in study.parts["test"] if s.entities and 5 <= len(s.words) <= LONGEST]
    return subset(short, min(study.options.sentences, len(short)), seed=0)


def read(text: str) -> Sentence:
    """Parse a sentence like ``EU/B-ORG rejects``; words without a tag are O."""
    words, tags = [], []
    for token in text.split():
        word, slash, tag = token.rpartition("/")
        tagged = bool(slash) and tag[:2] in ("B-", "I-")
        words.append(word if tagged else token)
        tags.append(tag if tagged else "O")
    return Sentence(tuple(words), tuple(tags))


def _options() -> argparse.Namespace:
    parser = melm_study.parser(__doc__)
    parser.add_argument("--train", type=int, default=100, help="gold sentences")
    parser.add_argument("--sentence", action="append", help="words, with /B-… or /I-… in entities")
    parser.add_argument("--sentences", type=int, default=3, help="test sentences, if none is given")
    parser.add_argument("-k", type=int, default=5, help="subwords per mask")
    parser.add_argument("--any", action="store_true", help="show all subwords")
    parser.add_argument("--melm", type=Path, help="checkpoint of MELM")
    parser.add_argument("--plain", type=Path, help="checkpoint of MELM w/o linearize")
    return parser.parse_args()


if __name__ == "__main__":
    main()
