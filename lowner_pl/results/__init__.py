"""Floor 5: what finished runs add up to."""
