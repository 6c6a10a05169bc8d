"""What runs log: event files and columns of TensorBoard, metrics.csv, steps.csv; fonts."""
