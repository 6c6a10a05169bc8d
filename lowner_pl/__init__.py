"""Named entity recognition for languages with about a hundred labelled sentences."""

__version__ = "0.1.0"
