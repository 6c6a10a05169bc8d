"""Hook of mkdocs: a page of Markdown for each notebook, with the outputs that it holds.

Notebooks are not run. Pictures become part of the page, which so needs no other file. The notebook
itself stays beside the page, for readers to download.
"""

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from nbconvert import MarkdownExporter
from traitlets.config import Config

NOTE = "*This page is a notebook: [download it]({name}) to run it yourself.*"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page of each notebook in the documentation."""
    exporter = MarkdownExporter(config=Config({"ExtractOutputPreprocessor": {"enabled": False}}))
    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        text = to_markdown(exporter, Path(str(file.abs_src_path)))
        files.append(File.generated(config, file.src_uri.replace(".ipynb", ".md"), content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Let links to a notebook lead to its page, but not those of the page itself."""
    if page.file.abs_src_path is None:  # made by `on_files`
        return markdown
    return re.sub(r"(\]\([\w./-]+)\.ipynb\)", r"\1.md)", markdown)


def to_markdown(exporter: MarkdownExporter, notebook: Path) -> str:
    """Write a notebook as Markdown, with a link to itself below its title."""
    text, _ = exporter.from_filename(str(notebook))
    title, _, rest = text.lstrip().partition("\n")
    return f"{title}\n\n{NOTE.format(name=notebook.name)}\n{rest}"
