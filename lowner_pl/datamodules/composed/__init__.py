"""Data modules made of other data modules."""
