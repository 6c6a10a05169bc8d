"""Which parts of a backbone train, and how: rows of embeddings, low-rank updates, losses."""
