"""Inner updates and adapted weights of meta-learning."""
