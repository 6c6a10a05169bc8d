"""Floor 0: run folders, checkpoints, and files that are written whole or not at all."""
