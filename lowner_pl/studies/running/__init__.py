"""One cell of a study: what a worker gets, runs and reads."""
