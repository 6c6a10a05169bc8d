"""Reading taggers that `export` has written."""
