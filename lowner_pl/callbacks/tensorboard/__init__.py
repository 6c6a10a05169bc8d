"""TensorBoard reports besides the curves: hyperparameters, confusion matrices and sentences."""
