"""What TensorBoard shows of a comparison."""
