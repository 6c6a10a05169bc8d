"""Floor 5: writing a trained tagger as a Hugging Face folder, with a model card and for ONNX."""

from lowner_pl.exporting.exporter import Exported, export

__all__ = ["Exported", "export"]
