"""Files with a word and its tag on each line: read, judged and written."""
