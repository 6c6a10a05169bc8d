"""Tested runs, read from their folders."""
