"""The reader on 73 real corpora, if they are in a folder beside the project."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from lowner_pl.corpus import ConllFormat, parse_conll, read_conll, write_conll

ROOT = Path(__file__).parents[3].parent / "shared" / "data" / "ner"
STATS: dict[str, Any] = (
    json.loads((ROOT / "stats.json").read_text()) if (ROOT / "stats.json").is_file() else {}
)


@pytest.mark.skipif(not STATS, reason="there are no real corpora beside the project")
@pytest.mark.parametrize("corpus", sorted(STATS))
def test_the_counts_are_right_and_the_sentences_read_back_equal(corpus: str) -> None:
    for split in sorted(STATS[corpus]["splits"], key=["train", "dev", "test"].index):
        counts = STATS[corpus]["splits"][split]
        sentences = read_conll(ROOT / corpus / f"{split}.conll")
        assert len(sentences) == counts["sents"]
        assert sum(len(sentence.words) for sentence in sentences) == counts["toks"]
        assert sum(len(sentence.entities) for sentence in sentences) == counts["ents"]
    # Every corpus has a test split, which is read last.
    file = io.StringIO()
    write_conll(file, sentences)
    assert parse_conll(file.getvalue().encode(), "copy", ConllFormat()) == sentences
