"""Floor 7: what finished runs add up to."""
