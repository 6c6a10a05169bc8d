"""Cost of finding the support of episodes: searching random vectors, and embedding a corpus.

python benchmarks/retrieval.py --out results.jsonl
python benchmarks/retrieval.py --data FOLDER --sentences 1000 2000 --out results.jsonl
"""

import argparse
import statistics
from pathlib import Path

from common import Record, append, in_child


def main() -> None:
    """Measure the search, or the embedding of a corpus, in separate processes."""
    options = _options()
    for job in _embeddings(options) if options.data else _searches(options):
        reports = [in_child("retrieval_child.py", job) for _ in range(options.rounds)]
        record: Record = {"benchmark": "retrieval", "rounds": options.rounds} | job
        record |= {key: statistics.median(r[key] for r in reports) for key in reports[0]}
        append(options.out, record)
        done = f"{job['sentences']:,} sentences"
        if job["work"] == "search":
            what = f"{record['queries']:,} queries, {done}, {record['hidden']} numbers each"
            print(
                f"{what}: {record['search_cpu']:.1f} s of CPU time, "
                f"{record['beyond_mb']:.0f} MB besides {record['vectors_mb']:.0f} MB of vectors"
            )
        else:
            each = 1e3 * record["embedding_cpu"] / record["sentences"]
            print(f"{done}: {record['embedding_cpu']:.1f} s of CPU time, {each:.2f} ms each")


def _searches(options: argparse.Namespace) -> list[Record]:
    """Return a job with separate queries, and one whose queries are the source sentences."""
    shared = {"work": "search", "hidden": options.hidden, "k": options.k}
    shared |= {"sentences": options.source}
    return [shared | {"queries": options.queries}, shared | {"queries": options.source}]


def _embeddings(options: argparse.Namespace) -> list[Record]:
    """Return a job for each number of sentences to embed."""
    file = str(options.data / "train.conll")
    return [
        {"work": "embed", "file": file, "backbone": options.backbone, "sentences": size}
        for size in options.sentences
    ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=int, default=50_000, help="number of sentences to search")
    parser.add_argument("--queries", type=int, default=5_000)
    parser.add_argument("--hidden", type=int, default=768, help="numbers in a vector")
    parser.add_argument("--k", type=int, default=2, help="number of sentences to find per query")
    parser.add_argument("--data", type=Path, help="corpus folder: measures embedding instead")
    parser.add_argument("--sentences", type=int, nargs="+", default=[1_000])
    parser.add_argument("--backbone", default="embedded")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
