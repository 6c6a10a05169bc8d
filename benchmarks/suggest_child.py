"""Child process of `suggest.py`: reads a pool, chooses from it, and measures both."""

from common import Record, Stopwatch, answer, memory_megabytes, peak_megabytes

from lowner_pl.annotation.suggest import choose
from lowner_pl.annotation.suggest.pool import pool_sources, read_pool
from lowner_pl.modules import SNERLightningModule
from lowner_pl.tagging import TextTagger, load


def work(job: Record) -> Record:
    """Do what the command does between loading the tagger and writing the file."""
    tagger = _tagger(job)
    report: Record = {"loaded_mb": memory_megabytes("VmRSS")}
    read, chose = Stopwatch(), Stopwatch()
    with read:
        sources = pool_sources([job["pool"]], kind=None, column="text", encoding="utf-8")
        pool = read_pool(sources, tagger.splitter, min_words=3, max_words=100)
    report |= {"pool": len(pool.sentences), "read": pool.read, "left_out": dict(pool.left_out)}
    report["read_mb"] = peak_megabytes()
    with chose:
        found = choose(tagger, pool.sentences, job["strategy"], job["count"])
    report["near_duplicates"] = found.near_duplicates
    return report | read.report("reading") | chose.report("choosing")


def _tagger(job: Record) -> TextTagger:
    """Load the tagger of a run, or make an untrained one."""
    if job["run"] is not None:
        return load(job["run"], device="cpu")
    types = ("PER", "ORG", "LOC")
    module = SNERLightningModule(entity_types=types, backbone=job["backbone"])
    return TextTagger(module.eval())


if __name__ == "__main__":
    answer(work)
