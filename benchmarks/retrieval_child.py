"""Child process of `retrieval.py`: times one search or one embedding."""

import torch
from common import Record, Stopwatch, answer, grown, memory_megabytes

from lowner_pl.corpus import read_conll
from lowner_pl.nn import SentenceIndex, SentenceVectors


def work(job: Record) -> Record:
    """Search or embed."""
    return _search(job) if job["work"] == "search" else _embed(job)


def _search(job: Record) -> Record:
    """Find the nearest random vectors. If there are as many queries, they are the source itself."""
    generator = torch.Generator().manual_seed(0)
    size, clock = job["sentences"], Stopwatch()
    vectors = torch.randn(size, job["hidden"], generator=generator)
    is_source = job["queries"] == size
    queries = vectors if is_source else torch.randn(job["queries"], job["hidden"])
    before = memory_megabytes("VmRSS")
    with clock:
        index = SentenceIndex(range(size), vectors)
        found = index.others(job["k"]) if is_source else index.nearest(queries, job["k"])
    assert found.shape == (job["queries"], job["k"])
    held = [vectors] if is_source else [vectors, queries]
    return clock.report("search") | {
        "vectors_mb": round(sum(tensor.nbytes for tensor in held) / 2**20, 1),
        "beyond_mb": round(memory_megabytes("VmHWM") - before, 1),
    }


def _embed(job: Record) -> Record:
    """Embed sentences of a corpus with a backbone that is already loaded."""
    sentences = list(grown(read_conll(job["file"]), job["sentences"]))
    vectors, clock = SentenceVectors(job["backbone"]), Stopwatch()
    vectors(sentences[:1])
    with clock:
        vectors(sentences)
    return clock.report("embedding") | {
        "words": sum(len(sentence.words) for sentence in sentences),
    }


if __name__ == "__main__":
    answer(work)
