"""Formats of JSON records: doccano, Label Studio, Prodigy."""
