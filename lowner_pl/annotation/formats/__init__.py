"""Formats of annotation tools, one per file."""
