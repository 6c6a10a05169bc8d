"""Floor 3: one method per file."""

from lowner_pl.modules.base import BaseModule
from lowner_pl.modules.daga import DAGALightningModule
from lowner_pl.modules.entity_generator import EntityPredictions
from lowner_pl.modules.generation import GeneratingModule, generate
from lowner_pl.modules.maner import MANERLightningModule
from lowner_pl.modules.melm import MELMLightningModule
from lowner_pl.modules.meta import MetaLightningModule
from lowner_pl.modules.mlm import MLMLightningModule
from lowner_pl.modules.mlm_ner import MLMNERLightningModule
from lowner_pl.modules.mulda import MulDALightningModule
from lowner_pl.modules.ner import NERModule
from lowner_pl.modules.sner import SNERLightningModule

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
