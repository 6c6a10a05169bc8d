"""One kind of finding per file: pure functions from splits to findings."""
