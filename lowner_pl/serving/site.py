"""The pages of the server and their files, which load nothing from elsewhere."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template

from lowner_pl.runs.page.looks import STYLE
from lowner_pl.tagging import TextTagger
from lowner_pl.tagging.markup import stylesheet

FILES = Path(__file__).with_name("page")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a browser may load for a page: nothing but files of this server."""


class Site:
    """The pages of the server and their files.

    Args:
        tagger: The tagger that the pages are about.
        name: What to call it.

    Attributes:
        files: Media type and content of each file below ``static/``.
        index: The page where a person types text.
    """

    def __init__(self, tagger: TextTagger, name: str) -> None:
        style = STYLE + stylesheet(tagger.entity_types) + read_file("page.css")
        self.files = {
            "page.css": ("text/css", style),
            **{file.name: ("text/javascript", read_file(file.name)) for file in FILES.glob("*.js")},
        }
        types = " ".join(
            f'<mark data-type="{escape(one)}"><bdi>{escape(one)}</bdi></mark>'
            for one in tagger.entity_types
        )
        language = f' lang="{escape(tagger.language)}"' if tagger.language else ""
        main = Template(read_file("tag.html")).substitute(
            name=escape(name), types=types, language=language
        )
        self.index = self.page("Tag text", main, script="tag.js")

    def page(self, title: str, main: str, *, script: str = "") -> str:
        """Write a page.

        Args:
            title: Its title.
            main: Its content, in HTML.
            script: The file below ``static/`` that runs in it.
        """
        return framed(title, main, script=script, links={"./": "Tag text", "docs": "API"})


def framed(
    title: str, main: str, *, script: str = "", links: Mapping[str, str] | None = None
) -> str:
    """Write a page of the server.

    Args:
        title: Its title.
        main: Its content, in HTML.
        script: The file below ``static/`` that runs in it.
        links: The addresses of the pages that it leads to, and their names.
    """
    scripts = f'<script type="module" src="static/{script}"></script>' if script else ""
    rows = [f'<a href="{escape(to)}">{escape(name)}</a>' for to, name in (links or {}).items()]
    nav = f'<nav aria-label="Pages">{" ".join(rows)}</nav>' if rows else ""
    return Template(read_file("frame.html")).substitute(
        title=escape(title), main=main, scripts=scripts, nav=nav
    )


def read_file(name: str, folder: Path = FILES) -> str:
    """Read a file of the pages."""
    return (folder / name).read_text(encoding="utf-8")
