"""Commands on annotated corpora and for annotators."""
