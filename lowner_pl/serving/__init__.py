"""Floor 5: a web server that tags text, and its pages; needs the extra `serve`."""

from lowner_pl.serving.app import make_app
from lowner_pl.serving.limits import Limits

__all__ = ["Limits", "make_app"]
