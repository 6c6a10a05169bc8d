"""The page on which one person annotates."""

from lowner_pl.serving.annotate.app import make_annotation_app

__all__ = ["make_annotation_app"]
