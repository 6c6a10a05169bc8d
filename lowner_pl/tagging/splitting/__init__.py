"""Where the sentences and words of a text begin and end."""
