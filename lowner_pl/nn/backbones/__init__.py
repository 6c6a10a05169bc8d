"""Encoders: loading, packed attention, new and exported backbones."""
