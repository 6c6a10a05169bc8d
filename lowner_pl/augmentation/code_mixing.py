"""Code-mixing: replacing entities by entities of another language (MELM, section 2.5)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from random import Random

import numpy as np

from lowner_pl.augmentation.base import UNCHANGED, Augmenter, replaced
from lowner_pl.augmentation.substitution import mentions_by_type
from lowner_pl.augmentation.word_vectors import Vector, WordVectors, mean_vector
from lowner_pl.corpus import NO_ENTITY, Candidate, Sentence

Mention = tuple[str, ...]
Mentions = dict[str, dict[str, list[Mention]]]
"""The distinct entities of each language and type, in order of appearance."""
Choose = Callable[[str, str, str, Mention, Random], Mention | None]
"""Chooses a new entity, given its source and target language, type, words and randomness."""


class CodeMixing(Augmenter, ABC):
    """Base class of code-mixing: each sentence once, with entities of another language.

    The other language is drawn uniformly for each sentence. Every entity is replaced by an entity
    of the same type from that language's sentences, or kept if there is none. The new sentence is
    labelled with the other language, since language markers name the language of the entities.
    """

    @abstractmethod
    def chooser(self, mentions: Mentions) -> Choose:
        """Make the function that chooses new entities; see :data:`Choose`."""

    def propose(self, sentences: Iterable[Sentence], *, seed: int) -> Iterator[Candidate]:
        """Yield a candidate for each sentence.

        Raises:
            ValueError: If a sentence has no language, or all have the same language.
        """
        mentions = {
            language: mentions_by_type(s for s in sentences if s.language == language)
            for language in _languages(sentences)
        }
        choose = self.chooser(mentions)
        random = Random(seed)
        for sentence in sentences:
            source, entities = str(sentence.language), sentence.entities
            target = random.choice([language for language in mentions if language != source])
            new = [
                choose(source, target, e.type, sentence.words[e.start : e.end], random)
                for e in entities
            ]
            yield replaced(sentence, new, language=target) or (UNCHANGED if entities else NO_ENTITY)


class RandomCodeMixing(CodeMixing):
    """Code-Mix-random: entities drawn uniformly from the distinct ones of the other language."""

    name = "mix-random"

    def chooser(self, mentions: Mentions) -> Choose:
        """Make a function that draws uniformly."""

        def choose(source: str, target: str, type_: str, words: Mention, random: Random) -> Mention:
            del source
            return random.choice(mentions[target].get(type_, [words]))

        return choose


class EntitySimilarityCodeMixing(CodeMixing):
    r"""Code-Mix-ess: the most similar entities of the other language (MELM, eq. 2 and 3).

    .. math:: e_{sub} = \mathrm{argmax}_{\tilde e} \cos(\mathrm{Emb}(e), \mathrm{Emb}(\tilde e))

    If several entities are equally similar (to nine digits), the first in the sentences is taken.
    An entity without a word vector is neither replaced nor used as a replacement.

    Args:
        vectors: The word vectors. Those of all languages lie in the same space.
    """

    name = "mix-ess"

    def __init__(self, vectors: WordVectors) -> None:
        self.vectors = vectors

    def chooser(self, mentions: Mentions) -> Choose:
        """Make a function that finds the entity with the highest cosine similarity."""
        self.vectors.check(list(mentions))
        known = {language: self._known(language, mentions[language]) for language in mentions}
        tables = {
            (language, type_): list(entities.items())
            for language, types in known.items()
            for type_, entities in types.items()
            if entities
        }
        matrices = {key: np.stack([unit for _, unit in rows]) for key, rows in tables.items()}
        found: dict[tuple[str, str, str, Mention], Mention] = {}

        def choose(
            source: str, target: str, type_: str, words: Mention, random: Random
        ) -> Mention | None:
            del random
            unit, place = known[source][type_].get(words), (target, type_)
            if unit is None or place not in tables:
                return None
            key = (source, target, type_, words)
            if key not in found:
                _check_widths(source, unit, target, matrices[place])
                cosines = np.round(matrices[place] @ unit, 9)
                found[key] = tables[place][int(cosines.argmax())][0]
            return found[key]

        return choose

    def _known(
        self, language: str, types: dict[str, list[Mention]]
    ) -> dict[str, dict[Mention, Vector]]:
        """Compute the mean vector, scaled to length 1, of each entity that has one."""
        words = {w for mentions in types.values() for mention in mentions for w in mention}
        vectors = self.vectors.lookup(language, sorted(words | {word.lower() for word in words}))
        return {
            type_: {
                mention: mean / np.linalg.norm(mean)
                for mention in mentions
                if (mean := mean_vector(mention, vectors)) is not None
            }
            for type_, mentions in types.items()
        }


def _languages(sentences: Iterable[Sentence]) -> list[str]:
    """Collect the languages of the sentences in order of appearance.

    Raises:
        ValueError: If a sentence has no language, or there are fewer than two languages.
    """
    languages: dict[str, None] = {}
    for sentence in sentences:
        if sentence.language is None:
            raise ValueError(
                f"The language of {sentence.excerpt} is unknown, but code-mixing needs it. Set "
                "`language` for its corpus."
            )
        languages[sentence.language] = None
    if len(languages) < 2:
        raise ValueError(
            f"All sentences are in {', '.join(languages) or 'no language'}, but code-mixing needs "
            "at least 2 languages. Use it with a `MultilingualDataModule`."
        )
    return list(languages)


def _check_widths(source: str, unit: Vector, target: str, matrix: Vector) -> None:
    """Refuse vectors of different widths: they cannot lie in the same space."""
    if matrix.shape[1] != len(unit):
        raise ValueError(
            f"The word vectors of {source} have {len(unit)} dimensions and those of {target} have "
            f"{matrix.shape[1]}. Use vectors that are aligned in one space."
        )
