"""Data modules that are composed of other data modules."""
