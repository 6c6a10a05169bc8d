"""Taggers: SNER, MLM-NER and MANER."""
