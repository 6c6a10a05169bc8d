"""Floor 5: the commands that users type, and what they refuse."""
