"""The parts of a comparison that TensorBoard shows."""
