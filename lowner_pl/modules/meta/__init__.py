"""Meta-learning of taggers, and taggers that adapt to each sentence."""

from lowner_pl.modules.meta.module import adam

__all__ = ["adam"]  # older configs name it by this path
