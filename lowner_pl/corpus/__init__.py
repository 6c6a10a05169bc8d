"""Floor 0: sentences, tags, CoNLL files and subsets, with the standard library only."""

from lowner_pl.corpus.conll.conll_format import ConllFormat
from lowner_pl.corpus.conll.reading import ConllFile, parse_conll, read_conll
from lowner_pl.corpus.conll.schemes import Scheme, detect_scheme, to_iob2
from lowner_pl.corpus.conll.writer import ConllWriter, write_conll
from lowner_pl.corpus.content import content_of, is_conll_name
from lowner_pl.corpus.entity import Entity, entities_of, tags_of, without_unmarked
from lowner_pl.corpus.episode import Episode, queries
from lowner_pl.corpus.familiarity import Familiarity, TrainingEntities
from lowner_pl.corpus.novelty import (
    DUPLICATE,
    DUPLICATE_OF_SOURCE,
    NO_ENTITY,
    AugmentationReport,
    Candidate,
    NoveltyFilter,
    SeenSentences,
    fingerprint,
)
from lowner_pl.corpus.sentence import Sentence, Sentences, count_types, gold_hash
from lowner_pl.corpus.subset import split_off, subset
from lowner_pl.corpus.tags import TagSet
from lowner_pl.corpus.text import (
    TextFile,
    decode,
    is_pipe,
    is_stdin,
    place,
    read_bytes,
    read_text,
    readable_again,
)

__all__ = [
    "DUPLICATE",
    "DUPLICATE_OF_SOURCE",
    "NO_ENTITY",
    "AugmentationReport",
    "Candidate",
    "ConllFile",
    "ConllFormat",
    "ConllWriter",
    "Entity",
    "Episode",
    "Familiarity",
    "NoveltyFilter",
    "Scheme",
    "SeenSentences",
    "Sentence",
    "Sentences",
    "TagSet",
    "TextFile",
    "TrainingEntities",
    "content_of",
    "count_types",
    "decode",
    "detect_scheme",
    "entities_of",
    "fingerprint",
    "gold_hash",
    "is_conll_name",
    "is_pipe",
    "is_stdin",
    "parse_conll",
    "place",
    "queries",
    "read_bytes",
    "read_conll",
    "read_text",
    "readable_again",
    "split_off",
    "subset",
    "tags_of",
    "to_iob2",
    "without_unmarked",
    "write_conll",
]
