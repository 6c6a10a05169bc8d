"""The entities of the training sentences, to tell seen entities from new ones."""

from collections.abc import Mapping
from typing import Any

from lowner_pl.callbacks.protocols import Corpus
from lowner_pl.corpus import TrainingEntities, count_types


def training_entities(
    data: Corpus, origin: Mapping[str, Any] | None
) -> tuple[TrainingEntities | None, str]:
    """Collect the entities that a tagger was trained on, if this command's data are its own.

    Args:
        data: The data module of the test.
        origin: What the checkpoint says of its run: corpus, number of training sentences, and
            number of training entities of each type.

    Returns:
        The entities, or ``None`` and a sentence that says why they are not known.
    """
    origin = origin or {}
    trained, expected = origin.get("corpus"), origin.get("train_entities")
    if trained is None or expected is None:
        return None, "The checkpoint does not say which sentences it was trained on."
    if trained != data.name or not data.has_training_data:
        return None, f"The tagger was trained on {trained}, whose sentences are not at hand here."
    sentences = data.sentences("train")
    found = {type_: count for type_, count in count_types(sentences).items() if count}
    same = found == {type_: count for type_, count in expected.items() if count}
    if len(sentences) != origin.get("train_sentences") or not same:
        return None, (
            f"The training sentences of {data.name} with this command's options are not those that "
            "the tagger was trained on. Test with the options of its run."
        )
    return TrainingEntities(sentences), ""
