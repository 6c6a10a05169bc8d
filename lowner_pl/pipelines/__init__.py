"""Floor 6: commands that run other commands, stage by stage."""
