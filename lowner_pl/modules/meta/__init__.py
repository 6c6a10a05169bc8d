"""Meta-learning of taggers, and taggers that adapt to each sentence."""

from lowner_pl.modules.optimizers import meta as adam

__all__ = ["adam"]  # older configs name it by this path
