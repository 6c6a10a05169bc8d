"""MELM's generation: masks over entities, filled with likely subwords that fit there."""

import hashlib
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lowner_pl.corpus import NO_ENTITY, Candidate, Entity, Sentence
from lowner_pl.encoding import (
    Kind,
    LinearEncoder,
    Linearization,
    Spelling,
    delinearize,
    gaussian_mask,
    linearize,
)

MASKS_PER_PASS = 64
NOTHING_ALLOWED = "nothing_allowed"
"""Reason for a missing candidate: no subword of any entity may be replaced."""


class GenerationOptions(NamedTuple):
    """Options of the generation.

    Attributes:
        rounds: Number of candidates per sentence.
        mean_rate: Mean share of an entity's subwords that are masked, between 0 and 1.
        k: Subwords are drawn from the ``k`` most likely ones.
        min_rank: Rank of the most likely subword that may be drawn, from 1 to ``k``.
    """

    rounds: int
    mean_rate: float
    k: int
    min_rank: int


class EntityPredictions(NamedTuple):
    """Predictions for an entity whose subwords are all masked.

    Attributes:
        entity: The entity.
        words: Its words.
        predictions: For each masked subword, the most likely subwords and their probabilities.
    """

    entity: Entity
    words: tuple[str, ...]
    predictions: tuple[tuple[tuple[str, float], ...], ...]


class _Draft(NamedTuple):
    """A sentence to fill: its row, and per mask the position, the kind and a draw from [0, 1)."""

    row: Linearization
    masked: list[int]
    kinds: list[Kind]
    draws: list[float]


class EntityGenerator:
    """Filler of masked entities (`Zhou et al., 2022 <https://arxiv.org/abs/2108.13655>`_, 2.3).

    The result depends only on the sentence, its index, the seed and the round. The rest of the
    batch matters only through the rounding of sums.

    Args:
        backbone: Maps packed subwords to hidden states.
        head: Maps hidden states to vocabulary scores. It is applied only at masks.
        encoder: Linearises sentences.
        spelling: Knows which subwords may be generated where.
        options: Options of the generation.

    Raises:
        ValueError: If fewer than ``k`` subwords of the vocabulary may be generated.
    """

    def __init__(
        self,
        backbone: nn.Module,
        head: nn.Module,
        encoder: LinearEncoder,
        spelling: Spelling,
        options: GenerationOptions,
    ) -> None:
        if options.k > spelling.most():
            raise ValueError(
                f"`k` is {options.k}, but only {spelling.most()} subwords of the vocabulary may be "
                "generated. Lower it."
            )
        self.backbone = backbone
        self.head = head
        self.encoder = encoder
        self.spelling = spelling
        self.options = options

    def candidates(
        self, sentences: Sequence[Sentence], numbers: Sequence[int], *, seed: int
    ) -> list[list[Candidate]]:
        """Generate one candidate per sentence and round, or the reason why there is none.

        Args:
            sentences: The sentences, with tags.
            numbers: Index of each sentence in its corpus, from 0.
            seed: Seed of all draws.
        """
        self.encoder.remember(sentences)
        drafts: list[list[_Draft]] = []
        for sentence, number in zip(sentences, numbers, strict=True):
            row = self.encoder(sentence)
            places = self._places(row)
            rounds = range(1, self.options.rounds + 1) if row.entities else ()
            drafts.append([self._draft(row, places, _random(seed, r, number)) for r in rounds])
        filled = iter(self._fill([draft for parts in drafts for draft in parts]))
        return [
            [self._spelt(sentence, draft, next(filled)) for draft in parts]
            or [NO_ENTITY] * self.options.rounds
            for sentence, parts in zip(sentences, drafts, strict=True)
        ]

    def predictions(
        self, sentence: Sentence, *, k: int = 5, guarded: bool = True
    ) -> list[EntityPredictions]:
        """Predict the subwords of each entity in turn, with the other entities visible.

        Args:
            sentence: A sentence with tags.
            k: Number of predictions per subword.
            guarded: Whether to predict only subwords that may be generated there, and to skip
                positions where none may. Otherwise the whole vocabulary competes.
        """
        row = self.encoder(sentence)
        hidden: list[dict[int, Kind | None]] = (
            [dict(kinds) for kinds in self._places(row)]
            if guarded
            else [dict.fromkeys(entity) for entity in row.entities]
        )
        masked = [sorted(places) for places in hidden]
        states = self._states([row] * len(masked), masked).split([len(part) for part in masked])
        return [
            EntityPredictions(
                entity,
                sentence.words[entity.start : entity.end],
                tuple(
                    self._likeliest(state, places[position], k)
                    for state, position in zip(part, sorted(places), strict=True)
                ),
            )
            for entity, places, part in zip(sentence.entities, hidden, states, strict=True)
        ]

    def _likeliest(self, state: Tensor, kind: Kind | None, k: int) -> tuple[tuple[str, float], ...]:
        """Return the ``k`` most likely subwords at a mask, of one kind or of any, as text."""
        chances = self.head(state[None])[0].float().softmax(0)
        ids = torch.arange(len(chances)) if kind is None else self.spelling.allowed(kind)
        best = chances[ids.to(chances.device)].topk(min(k, len(ids)))
        return tuple(
            (self.spelling.word([int(ids[place])]), chance)
            for chance, place in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        )

    def _places(self, row: Linearization) -> list[dict[int, Kind]]:
        """Find, for each entity, the positions that may be masked, and their kinds."""
        inside = {position for entity in row.entities for position in entity}
        kinds: dict[int, Kind] = {}
        for begin, end in row.words:
            # A word that fills a window may have been cut, so its new spelling is unknown.
            if begin not in inside or end - begin >= self.encoder.room:
                continue
            ids = row.ids[begin:end]
            for position in self.spelling.changeable(ids):
                kind = self.spelling.kind(ids, position)
                if len(self.spelling.allowed(kind)) >= self.options.min_rank:
                    kinds[begin + position] = kind
        return [{p: kinds[p] for p in entity if p in kinds} for entity in row.entities]

    def _draft(self, row: Linearization, places: list[dict[int, Kind]], random: Random) -> _Draft:
        """Draw masks for each entity of a sentence."""
        masked = [
            list(kinds)[place]
            for kinds in places
            if kinds
            for place in gaussian_mask(len(kinds), self.options.mean_rate, random)
        ]
        known = {position: kind for kinds in places for position, kind in kinds.items()}
        return _Draft(row, masked, [known[p] for p in masked], [random.random() for _ in masked])

    def _fill(self, drafts: Sequence[_Draft]) -> list[list[int]]:
        """Draw the subwords for the masks of each draft."""
        keys = [(id(draft.row), *draft.masked) for draft in drafts]
        # Rounds with the same masks share one pass; with short entities this is common.
        distinct = dict(zip(keys, drafts, strict=True))
        choices = iter(self._likely(list(distinct.values())))
        found = {key: [next(choices) for _ in draft.masked] for key, draft in distinct.items()}
        return [
            [
                ids[int(number * len(ids))]
                for ids, number in zip(found[key], draft.draws, strict=True)
            ]
            for key, draft in zip(keys, drafts, strict=True)
        ]

    def _likely(self, drafts: Sequence[_Draft]) -> list[list[int]]:
        """Compute, for each mask of each draft, the ids of the subwords to draw from."""
        kinds = [kind for draft in drafts for kind in draft.kinds]
        states = self._states([draft.row for draft in drafts], [draft.masked for draft in drafts])
        likely: list[list[int]] = [[]] * len(kinds)
        # Sort masks by kind, so that a pass has few kinds.
        order = sorted(range(len(kinds)), key=lambda mask: _order(kinds[mask]))
        for start in range(0, len(order), MASKS_PER_PASS):
            part = order[start : start + MASKS_PER_PASS]
            scores = self.head(states[part])
            for kind in dict.fromkeys(kinds[mask] for mask in part):
                rows = [row for row, mask in enumerate(part) if kinds[mask] == kind]
                choices = self._choices(scores, rows, kind)
                for row, ids in zip(rows, choices, strict=True):
                    likely[part[row]] = ids
        return likely

    def _choices(self, scores: Tensor, rows: list[int], kind: Kind) -> list[list[int]]:
        """Compute the ids of the subwords to draw from, for masks of one kind.

        The ids are sorted by id, not by score. Two subwords with nearly the same score may swap
        ranks when sums are rounded differently, and this must not affect the draw.

        Args:
            scores: Vocabulary scores of M masks. Shape ``(M, V)``.
            rows: Rows of the masks of this kind.
            kind: The kind.
        """
        allowed = self.spelling.allowed(kind).to(scores.device)
        # index_select is twice as fast as indexing by two lists.
        of_kind = scores.index_select(0, torch.tensor(rows, device=scores.device))
        best = of_kind.index_select(1, allowed).topk(min(self.options.k, len(allowed))).indices
        ids: list[list[int]] = allowed[best[:, self.options.min_rank - 1 :]].sort(1).values.tolist()
        return ids

    def _states(self, rows: Sequence[Linearization], masked: Sequence[Sequence[int]]) -> Tensor:
        """Compute the hidden states at the masks. Shape ``(M, H)``."""
        kept = [number for number, hidden in enumerate(masked) if hidden]
        device = next(self.backbone.parameters()).device
        if not kept:
            return torch.zeros(0, 1, device=device)
        batch = self.encoder.mask([rows[n] for n in kept], [masked[n] for n in kept])
        states: Tensor = self.backbone(batch.input_ids.to(device), batch.lengths)
        return states[batch.positions.to(device)]

    def _spelt(self, sentence: Sentence, draft: _Draft, new: list[int]) -> Candidate:
        """Replace the words of a sentence by those that the new subwords spell."""
        if not new:
            return NOTHING_ALLOWED
        ids = list(draft.row.ids)
        for position, id_ in zip(draft.masked, new, strict=True):
            ids[position] = id_
        hidden = set(draft.masked)
        units = [
            unit._replace(word=self.spelling.word(ids[begin:end]))
            if hidden.intersection(range(begin, end))
            else unit
            for unit, (begin, end) in zip(linearize(sentence), draft.row.words, strict=True)
        ]
        return delinearize(units, language=sentence.language)


def _random(seed: int, round_: int, number: int) -> Random:
    """Create the random generator for one round of one sentence."""
    key = repr((seed, round_, number)).encode()
    return Random(hashlib.blake2b(key, digest_size=8).digest())


def _order(kind: Kind) -> tuple[bool, bool, tuple[str, ...]]:
    """Sort key of a kind."""
    return kind.initial, kind.letters, tuple(sorted(kind.scripts))
