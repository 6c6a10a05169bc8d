"""Floor 6: the commands that users type, their options and error messages."""
