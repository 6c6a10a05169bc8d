"""Europeana Newspapers: French and Dutch of the 19th and 20th centuries."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from lowner_pl.corpus import ConllFormat, Sentence, split_off
from lowner_pl.datamodules.base import Split
from lowner_pl.datamodules.corpora.folder import FolderDataModule

_STEMS = {"fr": "enp_FR.bnf.bio", "nl": "enp_NL.kb.bio"}


class EuropeanaDataModule(FolderDataModule):
    """Europeana Newspapers (Neudecker, 2016), from optical character recognition: PER, ORG, LOC.

    The corpus is a single file without sentence boundaries and without splits. Sentences end at a
    full stop, exclamation mark or question mark outside entities, or after 80 words, again outside
    entities. A tenth of the sentences, drawn with ``subset_seed``, is the test data.

    Args:
        root: The repository ``EuropeanaNewspapers/ner-corpora``, or a folder with the file.
        language: ``fr`` or ``nl``.
        options: See :class:`NERDataModule`.
    """

    title = "Europeana Newspapers"
    remedy = (
        "Clone https://github.com/EuropeanaNewspapers/ner-corpora there (CC0), or put "
        "enp_FR.bnf.bio or enp_NL.kb.bio there."
    )
    corpus_types = ("PER", "ORG", "LOC")
    published_format = ConllFormat(tag_column=1, unsplit=True)

    def __init__(
        self,
        root: str | Path = "data/europeana",
        *,
        language: Literal["fr", "nl"] = "fr",
        **options: Any,
    ) -> None:
        super().__init__(root, language, f"europeana-{language}", **options)

    def files(self, split: Split) -> tuple[str, ...]:
        """Return the name of the single file, which contains both training and test data."""
        stem = _STEMS[self.language]
        return () if split == "dev" else (f"{stem}/{stem}", stem)

    def read(self, split: Split) -> list[Sentence] | None:
        """Read a split. The published text is first cut into sentences, then split at random."""
        sentences = super().read(split)
        path = self.find(split)
        if sentences is None or path is None or path.suffix == ".conll":
            return sentences
        rest, test = split_off(list(cut(sentences)), fraction=0.1, seed=self.subset_seed)
        return test if split == "test" else rest


def cut(texts: Sequence[Sentence], *, limit: int = 80) -> Iterator[Sentence]:
    """Cut tagged running text into sentences.

    Args:
        texts: The texts.
        limit: Number of words after which a sentence ends at the next word outside entities.
    """
    for text in texts:
        tags = text.tags or ("O",) * len(text.words)
        start = 0
        for position, (word, tag) in enumerate(zip(text.words, tags, strict=True), 1):
            is_end = tag == "O" and (word in (".", "!", "?") or position - start >= limit)
            if is_end or position == len(tags):
                place = text.place and (text.place[0], text.place[1] + start)
                yield Sentence(
                    text.words[start:position], tags[start:position], text.language, place
                )
                start = position
