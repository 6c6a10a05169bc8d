"""Commands that make, cut and export backbones."""
