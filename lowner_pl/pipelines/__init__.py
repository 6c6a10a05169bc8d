"""Floor 7: commands that run other commands, stage by stage."""
