"""Floor 3: LightningModules, one method per file."""

from lowner_pl.modules.base import BaseModule
from lowner_pl.modules.generation import daga, melm, mulda
from lowner_pl.modules.generation.base import GeneratingModule, generate
from lowner_pl.modules.generation.daga import DAGALightningModule
from lowner_pl.modules.generation.entity_generator import EntityPredictions
from lowner_pl.modules.generation.melm import MELMLightningModule
from lowner_pl.modules.generation.mulda import MulDALightningModule
from lowner_pl.modules.meta.module import MetaLightningModule
from lowner_pl.modules.mlm import MLMLightningModule
from lowner_pl.modules.tagging import base as ner
from lowner_pl.modules.tagging.base import NERModule
from lowner_pl.modules.tagging.maner import MANERLightningModule
from lowner_pl.modules.tagging.mlm_ner import MLMNERLightningModule
from lowner_pl.modules.tagging.sner import SNERLightningModule

__all__ = [
    "BaseModule",
    "DAGALightningModule",
    "EntityPredictions",
    "GeneratingModule",
    "MANERLightningModule",
    "MELMLightningModule",
    "MLMLightningModule",
    "MLMNERLightningModule",
    "MetaLightningModule",
    "MulDALightningModule",
    "NERModule",
    "SNERLightningModule",
    "generate",
]

OLD_NAMES = (ner, melm, daga, mulda)
"""Files under their names in older configs, such as ``lowner_pl.modules.ner.adamw``."""
