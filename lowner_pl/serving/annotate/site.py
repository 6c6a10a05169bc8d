"""The page on which a person annotates, and its files."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import NamedTuple

from lowner_pl.runs.page.looks import STYLE
from lowner_pl.serving.site import framed, read_file
from lowner_pl.tagging.markup import stylesheet

FILES = Path(__file__).with_name("page")


class AnnotationSite(NamedTuple):
    """The page and its files.

    Attributes:
        page: The page.
        files: Media type and content of each file below ``static/``.
    """

    page: str
    files: dict[str, tuple[str, str]]


def annotation_site(types: Sequence[str], language: str | None, name: str) -> AnnotationSite:
    """Make the page.

    Args:
        types: The entity types.
        language: ISO 639 code of the sentences, or ``None`` if unknown.
        name: What to call the tagger.
    """
    style = read_file("page.css") + read_file("annotate.css", FILES)
    files = {
        "page.css": ("text/css", STYLE + stylesheet(types) + style),
        "server.js": ("text/javascript", read_file("server.js")),
        "marks.js": ("text/javascript", read_file("marks.js")),
    }
    for file in FILES.glob("*.js"):
        files[file.name] = ("text/javascript", read_file(file.name, FILES))
    main = Template(read_file("annotate.html", FILES)).substitute(
        name=escape(name), language=f' lang="{escape(language)}"' if language else ""
    )
    return AnnotationSite(framed("Annotate", main, script="annotate.js"), files)
