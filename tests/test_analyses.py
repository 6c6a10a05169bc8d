"""What the analyses in ``benchmarks/`` count and make, by hand."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from lowner_pl.corpus import Sentence

from .conftest import ROOT


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the scripts be found, as they are where they run."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


def tagged(text: str) -> Sentence:
    from melm_predictions import read

    return read(text)


def test_a_sentence_is_read_with_the_tags_of_its_entities() -> None:
    assert tagged("New/B-LOC York/I-LOC won 1/2 km/h") == Sentence(
        ("New", "York", "won", "1/2", "km/h"), ("B-LOC", "I-LOC", "O", "O", "O")
    )


def test_mentions_are_new_and_valid() -> None:
    from melm_entities import count

    gold = [tagged("Ann/B-PER left Rome/B-LOC")]
    made = [
        tagged("Bo/B-PER left Rome/B-LOC"),  # a new one, confirmed; a known one, confirmed
        tagged("Bo/B-PER left Ann/B-LOC"),  # the same again; new with this type, not confirmed
        tagged("New/B-LOC York/I-LOC is old"),  # new, but the oracle ends it too early
    ]
    oracle = [
        tagged("Bo/B-PER left Rome/B-LOC"),
        tagged("Bo left Ann/B-PER"),
        tagged("New/B-LOC York is old"),
    ]
    assert count(gold, made, oracle) == {
        "entities": 4,
        "valid": 2,
        "new": 3,
        "valid_new": 1,
        "share": 33.3,
    }
    assert count(gold, [], [])["share"] == 0


def test_new_entities_stand_in_old_contexts_and_old_ones_in_new_contexts() -> None:
    from entity_or_context import both

    gold = [tagged("Ann/B-PER left Rome/B-LOC"), tagged("nobody came")]
    extra = [
        tagged("Bo/B-PER saw New/B-LOC York/I-LOC and Rome/B-LOC"),  # Rome is known
        tagged("BBC/B-ORG said so"),  # there is no ORG in gold
    ]
    entity, context = both(gold, extra, seed=0)
    assert entity == [tagged("Bo/B-PER left New/B-LOC York/I-LOC")]
    assert context == [tagged("Ann/B-PER saw Rome/B-LOC and Rome/B-LOC")]


def test_fine_tuning_knows_nothing_of_the_generation(tmp_path: Path) -> None:
    from melm_grid import write_row
    from melm_study import Study

    study: Any = SimpleNamespace(options=SimpleNamespace(work=tmp_path))
    study.write = lambda name, config: Study.write(study, name, config)
    rows = [write_row(study, 0.7, mu, rounds) for mu, rounds in ((0.3, 3), (0.5, 1))]
    one, other = (yaml.safe_load(row.read_text())["stages"] for row in rows)
    assert one["finetune"] == other["finetune"]
    made = [row["generate"][1] for row in (one, other)]
    assert [part["model"]["init_args"]["generation_rate"] for part in made] == [0.3, 0.5]
    assert [part["model"]["init_args"]["rounds"] for part in made] == [3, 1]


def test_the_time_of_a_step_is_grouped_by_the_operations_around_it() -> None:
    from step_profile import LOSS, groups

    def event(name: str, us: float, part_of: Any = None, number: int = -1) -> SimpleNamespace:
        return SimpleNamespace(
            name=name, self_cpu_time_total=us, cpu_parent=part_of, sequence_nr=number
        )

    linear = event("aten::linear", 1)
    cast = event("aten::_to_copy", 2, linear)
    loss = event(LOSS, 4)
    minus = event("aten::sub", 8, loss, number=7)
    backward = event("autograd::engine::evaluate_function: SubBackward0", 16, number=7)
    attention = event("aten::_scaled_dot_product_attention_math", 32)
    step = event("Optimizer.step#AdamW.step", 64)
    events = [linear, cast, loss, minus, backward, attention, step]
    events += [
        event("aten::copy_", 128, cast),
        event("aten::addmm", 256, linear),
        event("aten::neg", 512, backward),
        event("aten::bmm", 1024, attention),
        event("aten::dropout", 2048, attention),
        event("aten::_fused_adamw_", 4096, step),
        event("aten::addmm", 32768, step),
        event("aten::copy_", 8192),
        event("aten::native_layer_norm", 16384),
    ]
    assert groups(events) == {
        "optimiser": 64 + 4096,
        "dropout": 2048,
        "softmax and loss": 4 + 8 + 16 + 512,
        "attention": 32 + 1024,
        "copies between types": 2 + 128 + 8192,
        "matrix products": 256 + 32768,
        "rest": 1 + 16384,
    }
