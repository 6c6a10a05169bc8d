"""One published corpus per file, and your own files."""
