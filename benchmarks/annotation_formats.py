"""Do all words and tags survive the formats of annotation tools, and how fast is a conversion?

Every file ``<folder>/<corpus>/*.conll`` is written in each format and read back as CoNLL. It fails
if one word or tag differs, or if anything is left out.

    python -m benchmarks.annotation_formats ../shared/data/ner
"""

import argparse
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
    options = parser.parse_args()
    seconds: dict[str, float] = dict.fromkeys(options.formats, 0.0)
    sentences = 0
    files = sorted(options.folder.glob("*/*.conll"))
    for file in files:
        for format in options.formats:
            start = time.process_time()
            sentences += there_and_back(file, format)
            seconds[format] += time.process_time() - start
    sentences //= len(options.formats)
    print(f"{len(files)} files with {sentences:,} sentences: all words and tags came back")
    for format, spent in seconds.items():
        print(f"{format:14}{spent / sentences * 1000:6.2f} ms per sentence, there and back")


def there_and_back(file: Path, format: Format) -> int:
    """Convert a file to a format and back, and return its number of sentences.

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
        different = next((a for a, b in zip(before, after, strict=False) if a != b), None)
        raise ValueError(f"{file} by {format}: {notes.lines()[:3]}, first difference: {different}")
    return len(before)


if __name__ == "__main__":
    main()
