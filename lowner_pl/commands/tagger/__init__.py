"""Commands that use a trained tagger."""
