"""Language models that generate new sentences."""
