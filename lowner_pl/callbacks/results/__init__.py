"""Files that commands write: test records, tagged sentences and generated sentences."""
