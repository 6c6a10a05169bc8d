"""A comparison as CSV, Markdown and LaTeX."""

import csv
import io
import re
from collections.abc import Sequence

from lowner_pl.results.comparison import Comparison, Difference, Overall
from lowner_pl.results.tables.layout import Cell, Layout, lay_out
from lowner_pl.results.tables.sentences import answers

OVERALL = "overall"
COLUMNS = (
    *("row", "language", "corpus", "sentences", "system", "baseline", "metric", "rows", "seeds"),
    *("mean", "sd", "difference", "low", "high", "p", "p_holm"),
    *("wilcoxon_p", "wilcoxon_holm", "seeds_p", "wins", "ties", "losses"),
)
DOLLAR = "<span>&#36;</span>"
"""A dollar sign in Markdown: without the element, GitHub takes two of them for a formula."""
_MARKDOWN = {
    **{letter: f"\\{letter}" for letter in "\\`*_{}[]>|#"},
    # MkDocs and TensorBoard would show the backslash.
    **{"&": "&amp;", "<": "&lt;", "~": "&#126;", "$": DOLLAR},
}
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"$|$",
    **{letter: rf"\{letter}" for letter in "&%$#_{}"},
}
_CODE = re.compile(r"(`[^`]+`)")
_MINUS = re.compile(r"(?<![\w-])-(?=\d)|(?<= )-(?= )")


def as_csv(comparison: Comparison) -> str:
    """Write one line per row and system, and one per system over all rows.

    Scores and differences are from 0 to 1. Lines over all rows have the row ``overall``.
    """
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    same = {"baseline": comparison.baseline, "metric": comparison.metric.name}
    for (row, system), scores in comparison.scores.items():
        writer.writerow(
            {
                "row": row.name,
                "language": row.language,
                "corpus": row.corpus,
                "sentences": row.sentences,
                "system": system,
                **same,
                "rows": 1,
                "seeds": scores.seeds,
                "mean": number(scores.mean),
                "sd": number(scores.sd),
                **_difference(comparison.differences.get((row, system))),
            }
        )
    for system, overall in comparison.overall.items():
        writer.writerow(
            {
                "row": OVERALL,
                "system": system,
                **same,
                "rows": overall.rows,
                "seeds": overall.scores.seeds if overall.scores else "",
                "mean": number(overall.mean),
                "sd": number(overall.scores.sd if overall.scores else None),
                **_difference(overall.difference),
                "wilcoxon_p": number(overall.wilcoxon_p),
                "wilcoxon_holm": number(overall.wilcoxon_holm),
                "seeds_p": number(overall.seeds_p),
                **({} if overall.difference is None else _counts(overall)),
            }
        )
    return file.getvalue()


def as_markdown(comparison: Comparison) -> str:
    """Write a table in Markdown, with the answers above and the notes below."""
    layout = lay_out(comparison)
    blocks = (
        *map(sentence_markdown, answers(comparison)),
        layout_markdown(layout),
        sentence_markdown(f"{layout.caption}{_bold(comparison)}"),
        "\n".join(f"* {sentence_markdown(note)}" for note in comparison.notes),
    )
    return "\n\n".join(filter(None, blocks)) + "\n"


def layout_markdown(layout: Layout) -> str:
    """Write a table in Markdown, without its caption."""

    def line(cells: Sequence[Cell]) -> str:
        return f"| {' | '.join(map(text, cells))} |"

    def text(cell: Cell) -> str:
        return f"**{markdown(cell.text)}**" if cell.best else markdown(cell.text)

    table = [
        line([Cell(heading) for heading in layout.headings]),
        f"|---|{'---:|' * (len(layout.headings) - 1)}",
        *map(line, (*layout.rows, *layout.totals)),
    ]
    return "\n".join(table)


def paper_markdown(paper: Sequence[tuple[str, float, float | None]]) -> str:
    """Write a table of a paper's scores and ours in Markdown; see `Published`.

    >>> print(paper_markdown([("maner, sw", 71.5, None)]).splitlines()[-1])
    | maner, sw | 71.50 |  |
    """
    lines = ["", "| F1 in percent | paper | here |", "|---|---:|---:|"]
    for about, theirs, ours in paper:
        here = "" if ours is None else f"{ours:.2f}"
        lines.append(f"| {markdown(about)} | {theirs:.2f} | {here} |")
    return "\n".join(lines) + "\n"


def as_latex(comparison: Comparison) -> str:
    """Write a table in LaTeX with booktabs; answers and notes are comments above it."""
    layout = lay_out(comparison)

    def line(cells: Sequence[Cell]) -> str:
        return rf"{' & '.join(map(text, cells))} \\"

    def text(cell: Cell) -> str:
        return rf"\textbf{{{latex(cell.text)}}}" if cell.best else latex(cell.text)

    lines = [
        "% Needs \\usepackage{booktabs}, and XeLaTeX or LuaLaTeX for other scripts than Latin.",
        *(f"% {' '.join(one.split())}" for one in (*answers(comparison), *comparison.notes)),
        r"\begin{table}",
        r"\centering",
        rf"\begin{{tabular}}{{l{'r' * (len(layout.headings) - 1)}}}",
        r"\toprule",
        line([Cell(heading) for heading in layout.headings]),
        r"\midrule",
        *map(line, layout.rows),
        *([r"\midrule", *map(line, layout.totals)] if layout.totals else []),
        r"\bottomrule",
        r"\end{tabular}",
        rf"\caption{{{latex(layout.caption + _bold(comparison))}}}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def markdown(text: str) -> str:
    r"""Escape text for Markdown, so that GitHub and MkDocs show it as it is.

    >>> markdown("mlm_ner | * < &")
    'mlm\\_ner \\| \\* &lt; &amp;'
    """
    return "".join(_MARKDOWN.get(letter, letter) for letter in text)


def sentence_markdown(text: str) -> str:
    r"""Escape a sentence for Markdown, except for its code in backticks.

    >>> sentence_markdown("Run `fit --data.dev_size 9` for dev_f1.")
    'Run `fit --data.dev_size 9` for dev\\_f1.'
    """
    parts = _CODE.split(text)  # every second one is code
    return "".join(part if place % 2 else markdown(part) for place, part in enumerate(parts))


def latex(text: str) -> str:
    r"""Escape text for LaTeX; letters of any script stay.

    >>> latex("melm_1 & 5 %: -0.4 ± 0.1 አማርኛ")
    'melm\\_1 \\& 5 \\%: $-$0.4 $\\pm$ 0.1 አማርኛ'
    """
    parts = ("".join(_LATEX.get(letter, letter) for letter in part) for part in _MINUS.split(text))
    escaped = "$-$".join(parts)
    # After the end of a row, LaTeX would take these for an argument.
    return f"{{}}{escaped}" if escaped[:1] in ("[", "*") else escaped


def _bold(comparison: Comparison) -> str:
    """Explain the bold scores, if there are any."""
    return " The best of each row is in bold." if comparison.compared else ""


def _difference(difference: Difference | None) -> dict[str, str]:
    """Write the columns of a difference."""
    if difference is None:
        return {}
    numbers = {name: getattr(difference, name) for name in ("low", "high", "p", "p_holm")}
    return {
        name: number(value) for name, value in {"difference": difference.value, **numbers}.items()
    }


def _counts(overall: Overall) -> dict[str, int]:
    """Return the numbers of rows where a system is better, equal and worse."""
    return {"wins": overall.wins, "ties": overall.ties, "losses": overall.losses}


def number(value: float | None) -> str:
    """Write a number with six decimals, as scores are recorded."""
    return "" if value is None else f"{value:.6f}"
