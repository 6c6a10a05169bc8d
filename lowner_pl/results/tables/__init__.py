"""Comparisons as text: for the terminal, CSV, Markdown and LaTeX."""
