"""Taggers: a backbone, a head, the CRF."""
