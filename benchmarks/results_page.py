"""Write docs/results.md from the recorded results of studies.

python benchmarks/results_page.py [--check]

`benchmarks/results/NAME.json` is the `comparison.json` that `study` or `compare` wrote, and
`NAME.md` beside it, if there is one, says in words what agrees with the paper, what does not, and
what we think is why. With --check nothing is written: the exit status tells whether the page is up
to date.
"""

import argparse
import re
import sys
from pathlib import Path

from lowner_pl.results.learning.curves import learning_curves
from lowner_pl.results.learning.tables import curves_markdown
from lowner_pl.results.recorded import Recorded, read_record
from lowner_pl.results.tables.formats import as_markdown, markdown, paper_markdown
from lowner_pl.results.tested.recorded_runs import read_runs

HERE = Path(__file__).parent
RECORDS = HERE / "results"
HEAD = RECORDS / "head.md"
QUESTIONS = HERE / "README.md"
SHARED = re.compile(r"^<!-- (\w+) of benchmarks/README\.md -->$", re.MULTILINE)
METHODS = (
    "Each section comes from a record in `benchmarks/results`, by `python "
    "benchmarks/results_page.py`. `study` and `compare` write such records; [comparing "
    "runs](compare.md) explains the numbers."
)
PAGE = HERE.parent / "docs" / "results.md"
SHOWN = 5
"""So many sizes are listed; of more, as augmentation makes them, only the least and the most."""


def main() -> None:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only check the page")
    check = parser.parse_args().check
    text = page()
    if check:
        sys.exit(PAGE.read_text(encoding="utf-8") != text)
    PAGE.write_text(text, encoding="utf-8")
    print(f"Written: {PAGE}")


def page() -> str:
    """Make the page: its head, and a section per record in the order of their names."""
    sections = [section(file) for file in sorted(RECORDS.glob("*.json"))]
    methods = ["## Methods compared", METHODS, *sections] if sections else []
    head = SHARED.sub(lambda line: shared(line[1]), HEAD.read_text(encoding="utf-8").strip())
    return "\n\n".join([head, *methods]) + "\n"


def shared(name: str) -> str:
    """Read a part of benchmarks/README.md that the page repeats."""
    text = QUESTIONS.read_text(encoding="utf-8")
    return text.split(f"<!-- start of {name} -->\n")[1].split(f"\n<!-- end of {name} -->")[0]


def section(file: Path) -> str:
    """Write about a study: what was run, what came out, and the remarks on it."""
    recorded = read_record(file)
    reach = recorded.about.get("reach")
    curves = reach and learning_curves(recorded.comparison, reach, read_runs(file))
    remarks = file.with_suffix(".md")
    blocks = [
        f"### {markdown(recorded.about['title'])}",
        _conditions(recorded),
        as_markdown(recorded.comparison).strip(),
        curves_markdown(curves).strip() if curves else "",
        paper_markdown(recorded.about["paper"]).strip() if recorded.about.get("paper") else "",
        remarks.read_text(encoding="utf-8").strip() if remarks.is_file() else "",
    ]
    return "\n\n".join(filter(None, blocks))


def _conditions(recorded: Recorded) -> str:
    """Say how it was measured."""
    about = recorded.about
    sizes = [f"{number:,}" for number in sorted(about["train_sentences"])]
    shown = " or ".join(sizes) if len(sizes) <= SHOWN else f"{sizes[0]} to {sizes[-1]}"
    return (
        f"Backbone: {', '.join(about['backbones'])}; {shown} training sentences; version "
        f"{about['version']}, {about['written']}."
    )


if __name__ == "__main__":
    main()
