"""Methods that generate new sentences: MELM, DAGA and MulDA."""
