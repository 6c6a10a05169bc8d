"""Floor 1: counts of tagged files, and how sure a difference is. Imports no torch."""
