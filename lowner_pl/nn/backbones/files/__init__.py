"""Backbones on disk: packed folders, their tables, tokenizers, and checks of files."""
