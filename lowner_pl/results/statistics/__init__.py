"""How sure a difference is: paired bootstrap, signed ranks and Holm's correction."""
