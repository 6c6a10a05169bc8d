"""An audit on the screen, as a page and as JSON."""
