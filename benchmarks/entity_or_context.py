"""New entities against new contexts: Figure 1 of MELM's paper (Zhou et al., 2022).

python benchmarks/entity_or_context.py --data FOLDER --sizes 100 200 400

According to the caption, *add entity* adds copies of the N gold sentences with entities from N
extra gold sentences, and *add context* adds copies of the extra sentences with entities from the N.
The paper leaves the rest open, and we decided: an entity is replaced by one of the same type; the
extra entities must be new; they are used in turn, in shuffled order, so that as many as possible
occur; a sentence is left out if it has no entity, or one of a type without replacements; the larger
of the two sets is cut, so that both add equally many sentences (fewer than N).
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from random import Random

import melm_study
from common import Record, append
from melm_study import Study, mean, show

from lowner_pl.augmentation.base import replaced
from lowner_pl.augmentation.substitution import mentions_by_type
from lowner_pl.corpus import Sentence, subset, write_conll

KINDS = ("gold", "add_entity", "add_context")
Mentions = Mapping[str, Sequence[tuple[str, ...]]]


def main() -> None:
    """Train and test the three taggers for each size and seed; print the means."""
    options = _options()
    study = Study(options)
    records: list[Record] = []
    for size in options.sizes:
        for seed in options.seeds:
            for record in compare(study, size, seed):
                records.append(record)
                append(options.out, {"benchmark": "entity_or_context", **study.setting, **record})
    rows = []
    for size in options.sizes:
        of_kind = [
            [r["test_f1"] for r in records if (r["train"], r["kind"]) == (size, kind)]
            for kind in KINDS
        ]
        rows.append([size, *map(mean, of_kind)])
    show(["N", *KINDS], rows)


def compare(study: Study, size: int, seed: int) -> list[Record]:
    """Train and test the three taggers. The seed also draws the entities."""
    train = study.parts["train"]
    gold = subset(train, size, seed=0)  # the sentences that `train_size` selects
    chosen = {id(sentence) for sentence in gold}
    extra = [s for s in subset(train, 2 * size, seed=0) if id(s) not in chosen]
    added = dict(zip(KINDS[1:], both(gold, extra, seed=seed), strict=True))
    records: list[Record] = []
    for kind in KINDS:
        data = study.data(size)
        if kind in added:
            file = study.options.work.resolve() / "made" / f"{kind}_{seed}.conll"
            file.parent.mkdir(parents=True, exist_ok=True)
            write_conll(file, added[kind])
            data = study.augmented(size, f"{kind}_{seed}", files=[str(file)])
        record: Record = {"train": size, "seed": seed, "kind": kind}
        record["added"] = len(added.get(kind, []))
        records.append(record | study.tagger(data, seed, variant=kind))
    return records


def both(
    gold: Sequence[Sentence], extra: Sequence[Sentence], *, seed: int
) -> tuple[list[Sentence], list[Sentence]]:
    """Swap entities between gold and other sentences, in both directions."""
    known = mentions_by_type(gold)
    new = {
        type_: [mention for mention in found if mention not in known.get(type_, [])]
        for type_, found in mentions_by_type(extra).items()
    }
    entity = inserted(gold, new, seed=seed)
    context = inserted(extra, known, seed=seed)
    size = min(len(entity), len(context))
    return subset(entity, size, seed=seed), subset(context, size, seed=seed)


def inserted(sentences: Iterable[Sentence], mentions: Mentions, *, seed: int) -> list[Sentence]:
    """Replace the entities of sentences; leave out those without entities or replacements."""
    random = Random(seed)
    turns = {
        type_: cycle(random.sample(found, len(found))) for type_, found in mentions.items() if found
    }
    made = []
    for sentence in sentences:
        entities = sentence.entities
        if entities and all(entity.type in turns for entity in entities):
            drawn = [next(turns[entity.type]) for entity in entities]
            if new := replaced(sentence, drawn, language=sentence.language):
                made.append(new)
    return made


def _options() -> argparse.Namespace:
    parser = melm_study.parser(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 200], help="gold sentences")
    return parser.parse_args()


if __name__ == "__main__":
    main()
