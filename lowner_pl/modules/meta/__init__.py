"""Meta-learning of taggers, and taggers that adapt to each sentence."""
