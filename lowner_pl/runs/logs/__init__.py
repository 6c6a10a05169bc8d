"""What runs log: event files of TensorBoard, metrics.csv and steps.csv."""
