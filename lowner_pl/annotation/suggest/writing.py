"""Files of suggested sentences, for annotators."""

from collections.abc import Sequence
from pathlib import Path

from lowner_pl.annotation.documents import Document, Span
from lowner_pl.annotation.formats.registry import Format, write_documents
from lowner_pl.annotation.joining import find_words, join_words
from lowner_pl.annotation.notes import Notes
from lowner_pl.annotation.suggest.choosing import Suggestion
from lowner_pl.annotation.suggest.pool import Pool
from lowner_pl.corpus import ConllWriter, entities_of
from lowner_pl.runs.files import Partial

_DIGITS = 4  # of a score in a file


def write_suggestions(
    target: Path, format: Format, suggestions: Sequence[Suggestion], pool: Pool, strategy: str
) -> Notes:
    """Write suggested sentences with the tagger's tags, the best first.

    In CoNLL, comments above each sentence give its origin, its score and why it was chosen; `fit`
    reads such a file once its tags have been corrected. The other formats keep that as metadata,
    and the text as it was.

    Args:
        target: The file or folder, which does not exist.
        format: Its format.
        suggestions: The sentences.
        pool: What they were chosen from.
        strategy: How they were chosen.

    Returns:
        What the format can't hold.

    Raises:
        OSError: If the file can't be written.
        ValueError: If a word can't be written in this format, or something has appeared in the
            place of the target.
    """
    notes = Notes()
    documents = [
        _document(one, pool.texts[one.number], rank, strategy)
        for rank, one in enumerate(suggestions, 1)
    ]
    if target.exists():
        raise ValueError(f"'{target}' has appeared in the meantime. Give another --out.")
    if format == "conll":
        _write_conll(target, suggestions, strategy)
    else:
        write_documents(target, format, documents, notes=notes)
    return notes


def _write_conll(target: Path, suggestions: Sequence[Suggestion], strategy: str) -> None:
    """Write words and tags, with comments above each sentence."""
    with Partial(target) as partial, partial.path.open("w", encoding="utf-8", newline="\n") as file:
        writer = ConllWriter(file)
        for rank, one in enumerate(suggestions, 1):
            score = "" if one.score is None else f", score {one.score:.{_DIGITS}f}"
            reason = " ".join(one.reason.split())
            file.write(f"# suggestion {rank}, {strategy}{score}: {reason}\n# from {_origin(one)}\n")
            writer.write(one.sentence)


def _document(one: Suggestion, text: str | None, rank: int, strategy: str) -> Document:
    """Make a document of a sentence, with the tagger's entities to be confirmed."""
    words = one.sentence.words
    places = None if text is None else find_words(words, text)
    if text is None or places is None:
        text, places = join_words(words)
    entities = entities_of(one.sentence.tags or ())
    spans = tuple(
        Span(places[entity.start][0], places[entity.end - 1][1], entity.type, round(sure, _DIGITS))
        for entity, sure in zip(entities, one.confidences, strict=True)
    )
    score = {} if one.score is None else {"suggestion_score": round(one.score, _DIGITS)}
    return Document(
        text,
        spans,
        places,
        (0,),
        metadata={
            "suggestion": rank,
            "strategy": strategy,
            **score,
            "reason": one.reason,
            "source": _origin(one),
        },
        score=round(one.sure, _DIGITS),
        state="predicted",
        place=_origin(one),
    )


def _origin(one: Suggestion) -> str:
    """Name the file and line of a sentence."""
    if one.sentence.place is None:
        return "unknown"
    file, line = one.sentence.place
    return f"{' '.join(file.split())}, line {line}"
