"""What runs log: event files of TensorBoard and metrics.csv."""
