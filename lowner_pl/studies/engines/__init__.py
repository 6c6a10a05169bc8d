"""Engines run the cells of a study: warm processes on this machine, or a Ray cluster."""
