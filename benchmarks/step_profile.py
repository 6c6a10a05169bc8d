"""Where the time of training steps goes, from the events of torch's profiler."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

LOSS = "the loss"
"""Name of a `record_function` around what belongs to the softmax and the loss."""
GROUPS = {
    "optimiser": r"_foreach_|_fused_adam|linalg_vector_norm",
    "dropout": r"dropout|Dropout|bernoulli",
    "softmax and loss": rf"{LOSS}|log_softmax|LogSoftmax|nll_loss|NllLoss|multinomial",
    "attention": r"scaled_dot_product|ScaledDot|aten::_?softmax|[ ]SoftmaxBackward|bmm|Bmm",
    "copies between types": r"aten::_to_copy|ToCopyBackward",
    "matrix products": r"aten::(add)?mm$",
}
"""Patterns of the names of operations. A group comes before those below it."""
REST = "rest"
_BACKWARD = "autograd::engine::evaluate_function"
_STEP = "Optimizer."


def groups(events: Iterable[Any]) -> dict[str, float]:
    """Sum up the CPU time of events by group, in microseconds.

    An operation belongs to the first group that it or one of its callers is named by. What is
    differentiated belongs to the loss if its forward operation did.

    Args:
        events: The events of a profile.
    """
    events = list(events)
    of_loss = {
        event.sequence_nr
        for event in events
        if event.sequence_nr >= 0 and any(name == LOSS for name in _names(event))
    }
    spent: Counter[str] = Counter()
    for event in events:
        spent[_group(event, of_loss)] += event.self_cpu_time_total
    return {name: spent[name] for name in (*GROUPS, REST)}


def _group(event: Any, of_loss: set[int]) -> str:
    """Find the group of an event."""
    if event.name.startswith(_STEP):
        return "optimiser"
    # Lightning computes loss and gradients inside the optimiser's step.
    names = [name for name in _names(event) if not name.startswith(_STEP)]
    for caller in _callers(event):
        if caller.name.startswith(_BACKWARD) and caller.sequence_nr in of_loss:
            return "softmax and loss"
    if names == ["aten::copy_"]:  # the masters of 16-bit weights, rounded
        return "copies between types"
    for group, pattern in GROUPS.items():
        if any(re.search(pattern, name) for name in names):
            return group
    return REST


def _callers(event: Any) -> Iterable[Any]:
    """Yield an event and the events that it is a part of."""
    while event is not None:
        yield event
        event = event.cpu_parent


def _names(event: Any) -> Iterable[str]:
    """Yield the names of an event and of the events that it is a part of."""
    return (caller.name for caller in _callers(event))
