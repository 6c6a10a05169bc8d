"""What runs show in TensorBoard."""
