"""Annotated text on its way to and from annotation tools.

:class:`Document` is a text with its :class:`Span` s, its words if they are known, metadata, and a
score. `write_documents` and `read_documents` know all formats::

    document = Document("Ada lives in Nyeri.", (Span(13, 18, "LOC", score=0.8),), score=0.8,
                        state="predicted")
    write_documents("tasks.json", "label_studio", [document])
"""

from lowner_pl.annotation.documents import Document, Span
from lowner_pl.annotation.formats.registry import FORMATS, Format, read_documents, write_documents
from lowner_pl.annotation.notes import Notes

__all__ = [
    "FORMATS",
    "Document",
    "Format",
    "Notes",
    "Span",
    "read_documents",
    "write_documents",
]
