"""Backbones on disk: packed folders, their tables, and checks of files."""
