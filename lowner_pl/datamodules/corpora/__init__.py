"""Published corpora, one per file, and the data module for your own CoNLL files."""
