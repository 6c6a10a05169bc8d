"""Checks that need a whole CoNLL file."""
