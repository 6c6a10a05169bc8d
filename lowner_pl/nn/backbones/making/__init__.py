"""Making backbones: untrained ones, and pretrained ones with a smaller vocabulary."""
