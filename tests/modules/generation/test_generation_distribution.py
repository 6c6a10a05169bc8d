"""MELM's generation compared with a naive one: padded rows, every position scored."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from transformers import AutoModelForMaskedLM

from lowner_pl.corpus import Sentence
from lowner_pl.encoding import Spelling
from lowner_pl.modules import MELMLightningModule

from .melm_models import JUMA, melm


@pytest.fixture(scope="module")
def plain_counts(backbones: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Counts of each outcome in 3,000 rounds of the naive generation with k = 2."""
    folder = tmp_path_factory.mktemp("stock")
    module = melm(backbones["xlm-roberta"])
    module.export(folder)
    return Counter(_plainly(module, folder, JUMA, 3_000))


def test_the_distribution_equals_that_of_a_naive_implementation(
    tiny: str, plain_counts: Any
) -> None:
    statistic, degrees = _chi_square(melm(tiny, rounds=3_000, k=2), plain_counts)
    assert degrees >= 8
    assert statistic < _quantile(degrees)


@pytest.mark.parametrize("other", [{"k": 3}, {"k": 1}, {"min_rank": 2}, {"generation_rate": 0.6}])
def test_the_chi_square_test_detects_other_options(
    tiny: str, plain_counts: Any, other: dict[str, Any]
) -> None:
    module = melm(tiny, rounds=3_000, **{"k": 2, **other})
    statistic, degrees = _chi_square(module, plain_counts)
    assert statistic > _quantile(degrees)


def _chi_square(module: MELMLightningModule, plain: Any) -> tuple[float, int]:
    """Compute Σ (a - b)² / (a + b) over the outcomes of both, and its degrees of freedom.

    Of two samples of one distribution and of one size it is chi-square; rare outcomes are one.
    """
    with torch.inference_mode():
        (candidates,) = module.candidates([JUMA], [0], seed=0)
    ours = Counter(c.words for c in candidates if isinstance(c, Sentence))
    assert ours.total() == plain.total()
    pairs = [(ours[words], plain[words]) for words in {*ours, *plain}]
    common = [pair for pair in pairs if sum(pair) >= 20]
    rare = [pair for pair in pairs if sum(pair) < 20]
    common.append((sum(a for a, _ in rare), sum(b for _, b in rare)))
    statistic = sum((a - b) ** 2 / (a + b) for a, b in common if a + b)
    return statistic, sum(a + b > 0 for a, b in common) - 1


def _quantile(degrees: int) -> float:
    """Look up an upper bound of the 99.9 % quantile of chi-square."""
    return float(degrees + 3.1 * (2 * degrees) ** 0.5 + 5)


def _plainly(
    module: MELMLightningModule, folder: Path, sentence: Sentence, rounds: int
) -> Iterator[tuple[str, ...]]:
    """Generate naively: padded rows, all positions scored over the whole vocabulary."""
    stock = AutoModelForMaskedLM.from_pretrained(folder).eval()
    spelling = Spelling(module.tokenizer)
    random = Random(99)
    known = module.tokenizer.get_vocab()
    specials = {*module.tokenizer.all_special_ids, *module.tokenizer.get_added_vocab().values()}
    prefix, suffix = module.word_encoder.prefix, module.word_encoder.suffix
    ids, places = list(prefix), {}
    for word, tag in zip(sentence.words, sentence.tags or (), strict=True):
        subwords = list(module.word_encoder.subwords(word))
        if tag == "O":
            ids += subwords
            continue
        places[word] = list(range(len(ids) + 1, len(ids) + 1 + len(subwords)))
        ids += [known[f"<{tag}>"], *subwords, known[f"<{tag}>"]]
    ids += suffix
    names = module.tokenizer.convert_ids_to_tokens(list(range(len(module.tokenizer))))
    spelt = [i for i, name in enumerate(names) if any(map(str.isalpha, name))]
    fitting = {
        start: [i for i in spelt if i not in specials and names[i].startswith("▁") == start]
        for start in (True, False)
    }
    for _ in range(rounds // 100):
        masks = [sorted(_masked(list(places.values()), random)) for _ in range(100)]
        rows = [[known["<mask>"] if p in m else i for p, i in enumerate(ids)] for m in masks]
        padded = torch.tensor([[*row, *[known["<pad>"]] * 3] for row in rows])
        with torch.inference_mode():
            attended = (padded != known["<pad>"]).long()
            scores = stock(input_ids=padded, attention_mask=attended).logits
        for row, hidden in enumerate(masks):
            new = list(ids)
            for position in hidden:
                choices = fitting[names[ids[position]].startswith("▁")]
                best = scores[row, position, choices].topk(2).indices.tolist()
                new[position] = choices[random.choice(best)]
            yield tuple(
                spelling.word([new[p] for p in places[word]]) if word in places else word
                for word in sentence.words
            )


def _masked(entities: list[list[int]], random: Random) -> list[int]:
    """Draw the positions to mask as the paper describes it."""
    chosen = []
    for positions in entities:
        count = 0
        while not 1 <= count <= len(positions):
            count = round(random.gauss(0.5 * len(positions), 1.0))
        chosen += random.sample(positions, count)
    return chosen
