"""WebAnno TSV 3, of INCEpTION and WebAnno."""
