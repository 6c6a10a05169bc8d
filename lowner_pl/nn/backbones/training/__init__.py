"""What of a backbone is trained, and how: rows of its embeddings, low-rank updates, losses."""
