"""Floor 5: the commands that users type, their options and error messages."""
