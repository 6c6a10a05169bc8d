"""Floor 6: what finished runs add up to."""
