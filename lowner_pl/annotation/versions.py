"""Several people's annotations of one text: one of them must be chosen, unless all agree."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from lowner_pl.annotation.documents import Document, Span
from lowner_pl.annotation.notes import Notes, counted


def one_version(
    documents: Iterable[Document], annotator: str | None, notes: Notes
) -> list[Document]:
    """Keep one annotation of each text.

    Args:
        documents: The documents; those with the same key are annotations of one text.
        annotator: Whose annotation to keep where people differ. Texts that this person did not
            annotate are kept too, if there is only one annotation or all agree.
        notes: Collects whose annotations are left out.

    Raises:
        ValueError: If people differ and no one is chosen, or nobody has this name.
    """
    given = list(documents)
    groups: dict[str, list[Document]] = defaultdict(list)
    for document in given:
        if document.key is not None:
            groups[document.key].append(document)
    names = {document.annotator for document in given if document.annotator is not None}
    if annotator is not None and not any(_is_by(name, annotator) for name in names):
        raise ValueError(
            f"Nobody called {annotator[:80]!r} annotated anything. Choose --annotator from "
            f"{', '.join(sorted(names))[:300] or 'nobody: the export names no annotator'}."
        )
    kept: list[Document] = []
    several = 0
    for document in given:
        group = groups.get(document.key or "", [])
        if len({one.annotator for one in group}) < 2:
            kept.append(document)
        elif document is group[0]:
            several += 1
            kept += _chosen(group, annotator, notes)
    if annotator is not None and not several:
        notes.said.append(
            f"--annotator {annotator} made no difference: no text was annotated by several people"
        )
    return kept


def _chosen(group: Sequence[Document], annotator: str | None, notes: Notes) -> Sequence[Document]:
    """Choose from several people's annotations of one text."""
    people = list(dict.fromkeys(document.annotator for document in group))
    first = group[0]
    if len({_marked(document) for document in group}) == 1:
        notes.left_out["annotations that agree with another"] += len(group) - 1
        return [first]
    wanted = [d for d in group if annotator is not None and _is_by(d.annotator or "", annotator)]
    if not wanted:
        shown = ", ".join(str(name) for name in people)[:200]
        raise ValueError(
            f"{first.name}: {len(people)} annotators ({shown}) marked different spans. Choose one "
            "with --annotator."
        )
    for document in group:
        if document not in wanted:
            notes.listed.append(
                f"{document.name}: The annotation of {document.annotator} is left out with "
                f"{counted(len(document.spans), 'span')}"
            )
    return wanted


def _is_by(name: str, wanted: str) -> bool:
    """Tell whether an annotator is meant: by the whole name, or its folder or file."""
    return name == wanted or wanted in name.split("/")


def _marked(document: Document) -> frozenset[Span]:
    return frozenset(document.spans)
