"""Do all words and tags survive the formats of annotation tools, and how fast is a conversion?

Every file ``<folder>/<corpus>/<split>.conll`` is written in each format and read back as CoNLL. It
fails if one word or tag differs, or if anything is left out, after all files have been tried.

    python -m benchmarks.annotation_formats data/ner --splits train test
"""

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from lowner_pl.annotation import FORMATS, Format, Notes, read_documents, write_documents
from lowner_pl.corpus import read_conll


def main() -> None:
    """Convert all corpora there and back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of corpora, each a folder of CoNLL files")
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=FORMATS)
    parser.add_argument(
        "--splits", nargs="+", default=["train", "dev", "test"], help="by default all three"
    )
    options = parser.parse_args()
    seconds: dict[str, float] = dict.fromkeys(options.formats, 0.0)
    sentences = changed = 0
    files = sorted(file for one in options.splits for file in options.folder.glob(f"*/{one}.conll"))
    for number, file in enumerate(files, 1):
        print(f"{number} of {len(files)}: {file}", file=sys.stderr, flush=True)
        for format in options.formats:
            start = time.process_time()
            try:
                there_and_back(file, format)
            except ValueError as error:
                print(f"{file} by {format}: {error}", flush=True)
                changed += 1
            seconds[format] += time.process_time() - start
        sentences += len(read_conll(file))
    came = f"{changed} conversions failed" if changed else "all words and tags came back"
    print(f"{len(files)} files with {sentences:,} sentences: {came}")
    for format, spent in seconds.items():
        print(f"{format:14}{spent / sentences * 1000:6.2f} ms per sentence, there and back")
    sys.exit(changed > 0)


def there_and_back(file: Path, format: Format) -> None:
    """Convert a file to a format and back.

    Raises:
        ValueError: If anything is lost or changed.
    """
    notes = Notes()
    with TemporaryDirectory() as folder:
        there = Path(folder) / ("there.tsv" if format == "webanno" else "there")
        back = Path(folder) / "back.conll"
        write_documents(there, format, read_documents(file, "conll"), notes=notes)
        write_documents(back, "conll", read_documents(there, format, notes=notes), notes=notes)
        before, after = read_conll(file), read_conll(back)
    if before != after or notes.lines():
        different = next(
            (pair for pair in zip(before, after, strict=False) if len({*pair}) > 1), ()
        )
        raise ValueError(
            f"{len(before):,} sentences became {len(after):,}; {notes.lines()[:3]}; the first "
            f"that differs, before and after: {different}"
        )


if __name__ == "__main__":
    main()
