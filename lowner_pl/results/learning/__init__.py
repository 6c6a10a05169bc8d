"""Learning curves: how fast the scores of systems rise with the training sentences."""
