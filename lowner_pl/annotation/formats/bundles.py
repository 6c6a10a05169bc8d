"""Documents of one line, bundled: in brat and INCEpTION, a file for each sentence is no fun."""

from collections.abc import Iterable, Iterator
from itertools import count

from lowner_pl.annotation.documents import Document

MOST = 100
"""Documents in a bundle."""


def bundles(documents: Iterable[Document], name: str) -> Iterator[tuple[str, list[Document]]]:
    """Bundle documents of one line; documents of several lines stay alone.

    Args:
        documents: The documents.
        name: Beginning of the bundles' names.

    Returns:
        The name of each bundle, which ends in a number, and its documents.
    """
    numbers = count(1)
    bundle: list[Document] = []
    for document in documents:
        alone = "\n" in document.text
        if bundle and (alone or len(bundle) == MOST or _differ(bundle[0], document)):
            yield f"{name}-{next(numbers):03}", bundle
            bundle = []
        bundle.append(document)
        if alone:
            yield f"{name}-{next(numbers):03}", bundle
            bundle = []
    if bundle:
        yield f"{name}-{next(numbers):03}", bundle


def _differ(one: Document, other: Document) -> bool:
    """Tell whether only one of two documents is split into words."""
    return (one.words is None) != (other.words is None)
