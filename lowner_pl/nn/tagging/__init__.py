"""Taggers, their heads and the CRF."""
