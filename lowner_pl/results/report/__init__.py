"""A comparison as pictures, as a page and for TensorBoard."""
