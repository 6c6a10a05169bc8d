"""Griffe extension that converts the reStructuredText in docstrings to Markdown.

The site is Markdown; docstrings have links, formulas, roles and doctests in reStructuredText.
Formulas become MathML, which browsers draw without a script.
"""

import re
from typing import Any

import griffe
from latex2mathml.converter import convert

DISPLAY = re.compile(r"^( *)\.\. math::(.*?)(?=\n\s*\n|\Z)", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r":math:`([^`]+)`")
LINK = re.compile(r"`([^`<]+?)\s*<(https?://[^>]+)>`_+")
ROLE = re.compile(r":(?:class|func|meth|mod|attr|data|obj|exc):`~?([^`]+)`")
DOCTEST = re.compile(r"^( *)(>>> .*?)(?=\n\s*\n|\s*\Z)", re.DOTALL | re.MULTILINE)
DOUBLE_BACKTICKS = re.compile(r"(?<!`)``(?!`)")
LITERAL_BLOCK = re.compile(r"::$", re.MULTILINE)


def _display(match: re.Match[str]) -> str:
    formula = " ".join(match[2].split())
    return f"{match[1]}{convert(formula, display='block')}"


def to_markdown(text: str) -> str:
    """Convert the reStructuredText constructs that our docstrings use."""
    text = DISPLAY.sub(_display, text)
    text = DOCTEST.sub(r"\1```pycon\n\1\2\n\1```", text)
    text = INLINE.sub(lambda match: convert(" ".join(match[1].split())), text)
    text = LINK.sub(lambda match: f"[{' '.join(match[1].split())}]({match[2]})", text)
    text = ROLE.sub(lambda match: f"`{match[1].rpartition('.')[2]}`", text)
    return DOUBLE_BACKTICKS.sub("`", LITERAL_BLOCK.sub(":", text))


class ReStructuredText(griffe.Extension):
    """Rewrites each docstring as it is loaded."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = to_markdown(obj.docstring.value)
