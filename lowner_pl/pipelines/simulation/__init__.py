"""The command ``simulate``: a labelled corpus plays the annotator."""
