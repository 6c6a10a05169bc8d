"""CPU time and peak memory of MANER on one long sentence, for tagging or one training step.

python benchmarks/long_sentence.py forward --words 4000
python benchmarks/long_sentence.py step --words 4000 --subwords_per_pass 4096
"""

import argparse
import random
import resource
import time

import torch
from common import one_thread

from lowner_pl.corpus import Sentence
from lowner_pl.modules import MANERLightningModule

WORDS = [
    "the",
    "president",
    "of",
    "Kenya",
    "visited",
    "Nairobi",
    "on",
    "Monday",
    "and",
    "met",
    "workers",
    "there",
]


def main() -> None:
    """Measure one thing only, so that the peak memory of this process belongs to it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("forward", "step"))
    parser.add_argument("--words", type=int, default=4_000)
    parser.add_argument("--subwords_per_pass", type=int, default=4_096)
    parser.add_argument(
        "--denormals",
        action="store_true",
        help="keep numbers below 1e-38, unlike the commands",
    )
    options = parser.parse_args()
    one_thread()
    torch.set_flush_denormal(not options.denormals)
    module = MANERLightningModule(
        entity_types=("PER", "LOC", "ORG"), subwords_per_pass=options.subwords_per_pass
    )
    words = tuple(random.Random(0).choices(WORDS, k=options.words))
    batch = module.encode([Sentence(words, ("O",) * len(words))], train=True)
    start = time.process_time()
    if options.what == "step":
        module.train().tagger.loss(batch).backward()
    else:
        with torch.inference_mode():
            module.eval().tagger(batch)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{options.what}: {len(batch.input_ids):,} subwords, {seconds:.2f} s, peak {peak:,} MB")


if __name__ == "__main__":
    main()
