"""Which training sentences are nearest to a sentence."""
