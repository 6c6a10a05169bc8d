"""What of a backbone is trained, and how: low-rank updates, and layers that are recomputed."""
