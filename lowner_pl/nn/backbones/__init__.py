"""Encoders: loading, packed attention, saving."""
