"""Retrieval of the training sentences most similar to a sentence."""
