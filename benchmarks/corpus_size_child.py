"""Child process of `corpus_size.py`: times reading and encoding of one file."""

from common import Record, Stopwatch, answer
from transformers import AutoTokenizer

from lowner_pl.corpus import TagSet, read_conll
from lowner_pl.encoding import WordEncoder

BATCH = 16


def work(job: Record) -> Record:
    """Read ``job["file"]``, then encode it in batches like the first epoch does."""
    encoder = WordEncoder(AutoTokenizer.from_pretrained(job["backbone"]))
    reading, encoding = Stopwatch(), Stopwatch()
    with reading:
        sentences = read_conll(job["file"])
    types = sorted({entity.type for sentence in sentences for entity in sentence.entities})
    tag_set, subwords = TagSet(types), 0
    with encoding:
        for start in range(0, len(sentences), BATCH):
            batch = encoder(sentences[start : start + BATCH], tag_set)
            subwords += len(batch.input_ids)
    distinct = len({word for sentence in sentences for word in sentence.words})
    report = reading.report("reading") | encoding.report("encoding")
    return report | {"subwords": subwords, "distinct_words": distinct}


if __name__ == "__main__":
    answer(work)
