"""CoNLL files, with a word and its tag on each line: reading, checking and writing."""
