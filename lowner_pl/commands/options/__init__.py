"""What users type: options, classes and config files, with one sentence for every mistake."""
